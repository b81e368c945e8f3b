using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using Pbts.Cli.Commands;
using Pbts.Peer;
using Pbts.Peer.Exchange;
using Pbts.Protocol.Bep10;
using Pbts.Protocol.Receipts;
using Pbts.Tracker.Tests.Support;
using static Pbts.Tracker.Tests.Peers.TransferSetup;

namespace Pbts.Tracker.Tests.Peers;

/// <summary>What becomes of receipts the tracker does not credit at once, and of those who signed them.</summary>
[Collection("node")]
public sealed class ReceiptReporterTests(SharedNode shared) : MemberCommands(shared.Node.Url)
{
    [Fact]
    public async Task A_receipt_of_somebody_unregistered_is_kept_and_credited_when_the_signer_has_registered()
    {
        var alice = await NewMemberAsync("alice");
        Assert.Equal(0, (await RunAsync(default, "keygen", "--out", At("bob.json"))).ExitCode);
        Assert.True(KeyFile.TryRead(alice.Key, out var aliceKey, out _) & KeyFile.TryRead(At("bob.json"), out var bobKey, out _));
        using (aliceKey)
        using (bobKey)
        {
            var folder = PeerCommandOptions.StateFolder(At("state"), aliceKey!);
            Directory.CreateDirectory(folder);
            using (var journal = new PendingReceipts(Path.Combine(folder, "t.earned")))
                journal.Add(Sign(aliceKey!, bobKey!, 0));
        }
        string[] report = ["report", "--user", alice.Id, "--key", alice.Key, "--tracker", Url, "--state", At("state"), "--json"];
        var early = await RunAsync(default, report);
        Assert.True(early.ExitCode == 0, early.Error);
        Assert.Equal((0, 0, 1), Counts(early));
        Assert.Contains("unknown_receiver", early.Error, StringComparison.Ordinal);

        var bob = $"bob-{Guid.NewGuid():N}";
        Assert.Equal(0, (await RunAsync(default, "register", bob, "--key", At("bob.json"), "--tracker", Url)).ExitCode);
        // The tracker may remember for a moment that nobody has this key.
        await Wait.UntilAsync(async () => Counts(await RunAsync(default, report)) == (1, 0, 0), "Not credited.");
        Assert.Equal((16384, 0), await TotalsAsync(alice.Id));
        Assert.Equal((0, 16384), await TotalsAsync(bob));
    }

    [Theory]
    [InlineData("unproven", true)]
    [InlineData("unknown_receiver", true)]
    [InlineData("receiver_limit", true)]
    [InlineData("torrent_limit", true)]
    [InlineData("unregistered_torrent", false)]
    [InlineData("future", false)]
    [InlineData("still_to_be_looked_at", false)]
    [InlineData("", false)]
    public async Task What_is_not_decided_is_kept_and_reported_again_less_and_less_often(string status, bool distrusts)
    {
        using var alice = MemberIdentity.Generate();
        using var bob = MemberIdentity.Generate();
        var clock = new FakeTimeProvider(DateTimeOffset.UtcNow);
        using var pending = new PendingReceipts(clock: clock);
        pending.Add([Sign(alice, bob, 0), Sign(alice, bob, 1)]);
        var (answers, trusted, log) = (new Queue<string[]>([["accepted", status], [status], [status], ["accepted"]]), new List<bool>(), new List<string>());
        var reported = new List<int>();
        var reporter = new ReceiptReporter(pending, (receipts, _) =>
        {
            reported.Add(receipts.Count);
            return Task.FromResult(Answer(answers.Dequeue()));
        }, (_, isTrusted) => trusted.Add(isTrusted), log.Add, clock);

        foreach (var (wait, expected) in new[] { (0, 1), (9, 1), (1, 2), (19, 2), (1, 3), (39, 3), (1, 4), (3600, 4) })
        {
            clock.Advance(TimeSpan.FromSeconds(wait));
            Assert.True(await reporter.ReportAsync(default));
            Assert.Equal(expected, reported.Count);
            Assert.Equal(expected == 4 ? 0 : 1, pending.Count);
        }
        Assert.Equal([2, 1, 1, 1], reported);
        Assert.Equal((2, 0), (reporter.Accepted, reporter.Refused));
        Assert.Equal(distrusts ? [false, true] : [], trusted);
        Assert.Single(log);
    }

    [Fact]
    public async Task A_member_whose_receipts_the_tracker_does_not_take_gets_nothing_more_until_it_takes_them()
    {
        using var setup = await CreateAsync(200_000, 16384);
        using var alice = MemberIdentity.Generate();
        using var mallory = MemberIdentity.Generate();
        using var scripted = new ScriptedTracker(target => (200, System.Text.Encoding.ASCII.GetBytes(
            target == "/report" ? """{"success":true,"results":[{"index":0,"status":"unknown_receiver"}]}""" : "de")));
        using var tracker = new TrackerClient(scripted.Announce) { Member = ("alice", alice) };
        await using var seed = await setup.StartAsync("seed", alice, tracker, o => o with { Receipts = o.Receipts with { BatchThreshold = 1 } });
        using var raw = await RawPeer.ConnectAsync(seed, setup.Torrent);
        await raw.SendAsync(new PbtsExtension().CreateHandshake(0, publicKey: mallory.PublicKey));
        await raw.SendAsync(PeerMessages.Simple(PeerMessages.Interested));
        Assert.NotNull(await raw.NextAsync(PeerMessages.Unchoke));
        await raw.SendAsync(PeerMessages.Numbers(PeerMessages.Request, 0, 0, 16384));
        Assert.NotNull(await raw.NextAsync(PeerMessages.Piece));
        var receipt = Sign(alice, mallory, 0, setup);
        await raw.SendAsync(Bep10Frame.Build(1, ReceiptCodec.EncodeReceipt(new WireReceipt(receipt, 1))));
        // At once, and not only when the next round of choosing comes; nor does asking help.
        Assert.NotNull(await raw.NextAsync(PeerMessages.Choke));
        Assert.True(seed.Session.Locked(() => seed.Session.Peers[0].State.Credit.IsDistrusted));
        seed.Session.Serving.Rechoke();
        await raw.SendAsync(PeerMessages.Simple(PeerMessages.Interested));
        Assert.Null(await raw.NextAsync(PeerMessages.Unchoke, seconds: 1));
        Assert.Equal(1, seed.Session.Receipts.ToReport.Count);

        using var later = await RawPeer.ConnectAsync(seed, setup.Torrent, "-XX0000-another-one!");
        await later.SendAsync(new PbtsExtension().CreateHandshake(0, publicKey: mallory.PublicKey));
        await later.SendAsync(PeerMessages.Simple(PeerMessages.Interested));
        await EventuallyAsync(() => seed.Session.Locked(() => seed.Session.Peers.Count(p => p.State.IsInterested && p.State.Credit.IsDistrusted) == 2), "both are known");
        seed.Session.Serving.Trust(mallory.PublicKey, true);
        Assert.NotNull(await later.NextAsync(PeerMessages.Unchoke));
    }

    private static (int Credited, int Refused, int Waiting) Counts((int, string, string) result) =>
        (Json(result).GetProperty("credited").GetInt32(), Json(result).GetProperty("refused").GetInt32(), Json(result).GetProperty("waiting").GetInt32());

    private static ApiResult Answer(string[] statuses) => new(200, JsonSerializer.SerializeToElement(new
    {
        success = true, results = statuses.Select((status, i) => status.Length > 0 ? (object)new { index = i, status } : new { index = i }),
    }), null);

    private static Receipt Sign(MemberIdentity sender, MemberIdentity receiver, uint piece, TransferSetup? setup = null)
    {
        var hash = PieceHash.OfPiece(setup is null ? [1] : setup.Data.AsSpan((int)piece * 16384, 16384));
        var now = ReceiptTime.FromEpoch(ReceiptTime.EpochOf((ulong)DateTimeOffset.UtcNow.ToUnixTimeSeconds()));
        return receiver.SignReceipt(setup?.Torrent.InfoHash ?? default, sender.PublicKey, hash, piece, now, 16384);
    }
}
