using System.Text;
using Pbts.Cli.Commands;
using Pbts.Peer;
using Pbts.Peer.Tracker;
using Pbts.Tracker.Tests.Support;
using static Pbts.Tracker.Tests.Peers.TransferSetup;

namespace Pbts.Tracker.Tests.Peers;

/// <summary>A tracker that refuses: for good ends a command with the reason, for the moment does not.</summary>
[Collection("node")]
public sealed class RefusalTests(SharedNode shared) : MemberCommands(shared.Node.Url)
{
    [Theory]
    [InlineData("d14:failure reason20:signature is invalide", 200, "signature is invalid")]
    [InlineData("d14:failure reason15:unknown passkeye", 200, "unknown passkey")]
    [InlineData("d14:failure reason41:Torrent not registered with this tracker.e", 200, "Torrent not registered with this tracker.")]
    [InlineData("d14:failure reason20:unregistered torrente", 403, "unregistered torrent")]
    [InlineData("d14:failure reason6:go now8:retry in5:nevere", 200, "go now")]
    [InlineData("<html>Not Found</html>", 404, "the tracker answered 404")]
    public async Task Get_and_seed_end_with_a_reason_that_will_not_change(string answer, int status, string reason)
    {
        using var tracker = ScriptedTracker.Saying(answer, status);
        var torrent = await NewTorrentAsync(100_000, 16384);
        string[][] commands =
        [
            ["get", torrent, "--data", At("got"), "--tracker", tracker.Announce, "--listen", "127.0.0.1", "--timeout", "60", "--json"],
            ["seed", torrent, "--data", Folder, "--tracker", tracker.Announce, "--listen", "127.0.0.1", "--seconds", "60"],
        ];
        foreach (var command in commands)
        {
            var result = await RunAsync(default, command);
            Assert.True(result.ExitCode == ExitCodes.Refused, $"{result.ExitCode}: {result.Error}");
            Assert.Contains($"the tracker refuses: {reason}", result.Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task The_real_tracker_refuses_unknown_passkeys_and_strangers_for_good()
    {
        var (alice, bob) = (await NewMemberAsync("alice"), await NewMemberAsync("bob"));
        var torrent = await NewTorrentAsync(100_000, 16384);
        foreach (var (reason, more) in new (string, string[])[]
        {
            ("unknown passkey", ["--tracker", $"{Url}/announce/{new string('0', 32)}"]),
            ("unknown passkey", ["--tracker", $"{Url.Replace("http:", "udp:", StringComparison.Ordinal)}/announce/{new string('0', 32)}"]),
            ("signature is invalid", ["--user", alice.Id, "--key", bob.Key, "--state", At("state")]),
            ("unknown user_id", ["--user", $"nobody-{Guid.NewGuid():N}", "--key", alice.Key, "--state", At("state")]),
        })
        {
            var result = await RunAsync(default, ["get", torrent, "--data", At("got"), "--listen", "127.0.0.1", "--timeout", "60", .. more]);
            Assert.True(result.ExitCode == ExitCodes.Refused, $"{result.ExitCode}: {result.Error}");
            Assert.Contains($"the tracker refuses: {reason}", result.Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_refusal_for_good_does_not_end_what_peers_known_by_hand_can_give()
    {
        using var setup = await CreateAsync(100_000, 16384);
        using var refusing = ScriptedTracker.Saying("d14:failure reason15:unknown passkeye");
        using var tracker = new TrackerClient(refusing.Announce);
        await using var get = await setup.StartAsync("get", identity: null, tracker);
        await EventuallyAsync(() => get.Refused.IsCompleted, "refused");
        await using var other = await setup.StartAsync("other", identity: null, tracker);
        await using var seed = await setup.StartAsync("seed", identity: null);
        other.AddPeers([Address(seed)]);
        await other.Session.Completed.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.False(other.Refused.IsCompleted);
    }

    [Theory]
    [InlineData("d14:failure reason31:Insufficient ratio: 0.10 < 0.50e", 200)]
    [InlineData("d14:failure reason14:internal errore", 200)]
    [InlineData("d14:failure reason15:unknown passkey8:retry ini1ee", 200)]
    [InlineData("d14:failure reason4:busye", 503)]
    [InlineData("nothing to read", 200)]
    [InlineData("", 502)]
    [InlineData("", 429)]
    public void A_refusal_of_the_moment_is_none_for_good(string answer, int status)
    {
        var reply = AnnounceReplyReader.Read(Encoding.ASCII.GetBytes(answer), status);
        Assert.NotNull(reply.Failure);
        Assert.False(reply.IsFinal);
    }

    [Fact]
    public async Task Answers_of_other_trackers_are_read_although_they_are_not_canonical()
    {
        using var tracker = ScriptedTracker.Saying("d8:intervali0900e5:peers6:\u007f\0\0\u0001\u001a\u00e18:completei18446744073709551616e10:incompletei3ee\r\n");
        var announced = await RunAsync(default, "announce", new string('1', 40), "--tracker", tracker.Announce, "--json");
        Assert.True(announced.ExitCode == 0, announced.Error);
        var reply = Json(announced);
        Assert.Equal((900, long.MaxValue, 3, "127.0.0.1:6881"), (reply.GetProperty("interval").GetInt32(), reply.GetProperty("complete").GetInt64(),
            reply.GetProperty("incomplete").GetInt32(), reply.GetProperty("peers")[0].GetString()));

        using var scraped = ScriptedTracker.Saying($"d5:filesd20:{new string('\u0011', 20)}d10:incompletei1e8:completei2e10:downloadedi99999999999999999999eee5:flagsd20:min_request_intervali9eee\n");
        var scrape = await RunAsync(default, "scrape", new string('1', 40), "--tracker", scraped.Announce, "--json");
        Assert.True(scrape.ExitCode == 0, scrape.Error);
        var file = Json(scrape).GetProperty("files").GetProperty(new string('1', 40));
        Assert.Equal((2, 1, long.MaxValue), (file.GetProperty("complete").GetInt32(), file.GetProperty("incomplete").GetInt32(), file.GetProperty("downloaded").GetInt64()));
    }
}
