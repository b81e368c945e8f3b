using System.Net;
using System.Net.Sockets;
using Pbts.Cli.Commands;
using Pbts.Peer;
using Pbts.Peer.Tracker;
using Pbts.Protocol.Bencode;
using Pbts.Protocol.Receipts;
using Pbts.Protocol.Torrents;
using Pbts.Tracker.Tests.Support;
using static Pbts.Tracker.Tests.Peers.TransferSetup;

namespace Pbts.Tracker.Tests.Peers;

/// <summary>Torrents with several trackers (BEP 12), some of them over UDP (BEP 15, BEP 41).</summary>
[Collection("node")]
public sealed class ManyTrackersTests(SharedNode shared) : MemberCommands(shared.Node.Url)
{
    private readonly SharedNode _shared = shared;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_download_finds_its_peer_at_whichever_tracker_answers(bool isPrivate)
    {
        using var setup = await CreateAsync(200_000, 16384);
        await using var seed = await TorrentPeer.StartAsync(Read(WithTiers(setup, isPrivate)), Path.Combine(setup.Folder, "seed"), null, new PeerOptions { Listen = IPAddress.Loopback });
        using var refusing = ScriptedTracker.Saying("d14:failure reason20:unregistered torrente");
        using var naming = ScriptedTracker.Naming(Address(seed));
        var torrent = WithTiers(setup, isPrivate, ["udp://127.0.0.1:1/announce", "http://127.0.0.1:1/announce", "wss://127.0.0.1:1/announce"], [refusing.Announce], [naming.Announce]);
        var got = await RunAsync(default, "get", torrent, "--data", At("got"), "--listen", "127.0.0.1", "--timeout", "60", "--quiet", "--json");
        Assert.True(got.ExitCode == 0, got.Error);
        Assert.Equal(setup.Data, await File.ReadAllBytesAsync(At("got/data.bin")));
        Assert.Contains("neither http, https nor udp: wss", got.Error, StringComparison.Ordinal);
        Assert.Contains(naming.Targets, target => target.Contains("event=started", StringComparison.Ordinal));
        Assert.Contains(naming.Targets, target => target.Contains("event=stopped", StringComparison.Ordinal));
        Assert.DoesNotContain(refusing.Targets, target => target.Contains("event=stopped", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_public_torrent_asks_every_tier_and_a_private_one_the_first_that_answers()
    {
        using var setup = await CreateAsync(100_000, 16384);
        using var first = ScriptedTracker.Naming();
        using var second = ScriptedTracker.Naming();
        foreach (var (isPrivate, expected) in new[] { (true, 0), (false, 1) })
        {
            var torrent = Read(WithTiers(setup, isPrivate, [first.Announce], [second.Announce]));
            using var trackers = TrackerSet.Create(torrent, null, null, null, Assert.Fail)!;
            foreach (var tier in trackers.Tiers)
                Assert.Null((await tier.AnnounceAsync(Request(torrent.InfoHash), default)).Failure);
            Assert.Equal(expected, second.Targets.Count);
        }
    }

    [Fact]
    public async Task The_one_that_answered_is_asked_first_the_next_time_but_not_before_an_earlier_tier()
    {
        using var refusing = ScriptedTracker.Saying("d14:failure reason4:busye");
        using var silent = ScriptedTracker.Saying("d14:failure reason4:busye");
        using var good = ScriptedTracker.Naming();
        using TrackerClient earlier = new(refusing.Announce), one = new(silent.Announce), other = new(good.Announce);
        var tier = new TrackerTier([[earlier], [one, other]]);
        for (var time = 0; time < 3; time++)
            Assert.Null((await tier.AnnounceAsync(Request(default), default)).Failure);
        Assert.Equal((3, 1, 3), (refusing.Targets.Count, silent.Targets.Count, good.Targets.Count));
    }

    [Fact]
    public async Task The_passkey_of_the_environment_is_told_to_the_first_tracker_only()
    {
        var alice = await NewMemberAsync("alice");
        Assert.True(KeyFile.TryRead(alice.Key, out var identity, out _));
        using (identity)
        {
            using var first = new ScriptedTracker(_ => (500, []));
            using var second = ScriptedTracker.Saying("{}");
            using var setup = await CreateAsync(20_000, 16384);
            using var trackers = TrackerSet.Create(Read(WithTiers(setup, false, [first.Announce], [second.Announce])), null, (alice.Id, identity), alice.Passkey, Assert.Fail)!;
            Assert.True((await trackers.ReportAsync([], default)).IsSuccess);
            Assert.Contains(alice.Passkey, Assert.Single(first.Bodies), StringComparison.Ordinal);
            Assert.DoesNotContain(alice.Passkey, Assert.Single(second.Bodies), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_seed_and_a_download_meet_at_a_tracker_over_udp()
    {
        using var setup = await CreateAsync(200_000, 16384);
        var announce = Url.Replace("http:", "udp:", StringComparison.Ordinal) + "/announce";
        var torrent = WithTiers(setup, true, [announce]);
        using var stop = new CancellationTokenSource();
        var seeding = RunAsync(stop.Token, "seed", torrent, "--data", Path.Combine(setup.Folder, "seed"), "--listen", "127.0.0.1", "--json");
        var got = await RunAsync(default, "get", torrent, "--data", At("got"), "--listen", "127.0.0.1", "--timeout", "60", "--quiet");
        Assert.True(got.ExitCode == 0, got.Error);
        await stop.CancelAsync();
        Assert.Equal(0, (await seeding).ExitCode);
        Assert.Equal(setup.Data, await File.ReadAllBytesAsync(At("got/data.bin")));
        // Both have said that they stopped.
        Assert.Equal(0, (await new Announcer(_shared.Node).ScrapeAsync(setup.Torrent.InfoHash.Span.ToArray()))?.Complete ?? 0);
    }

    [Fact]
    public async Task A_passkey_in_the_path_of_a_udp_url_reaches_the_tracker()
    {
        var alice = await NewMemberAsync("alice");
        var url = Url.Replace("http:", "udp:", StringComparison.Ordinal) + "/announce/";
        using (var known = new UdpTracker(url + alice.Passkey))
            Assert.Null((await known.AnnounceAsync(Request(default), default)).Failure);
        using var unknown = new UdpTracker(url + new string('0', 32));
        var reply = await unknown.AnnounceAsync(Request(default), default);
        Assert.Equal(("unknown passkey", true, false), (reply.Failure, reply.IsFinal, reply.IsUnreachable));
    }

    [Fact]
    public async Task Peers_of_both_families_come_over_udp_and_answers_of_others_do_not_count()
    {
        foreach (var loopback in new[] { IPAddress.Loopback, IPAddress.IPv6Loopback })
        {
            using var socket = new Socket(loopback.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            socket.Bind(new IPEndPoint(loopback, 0));
            var port = ((IPEndPoint)socket.LocalEndPoint!).Port;
            var serving = Task.Run(async () =>
            {
                var buffer = new byte[2048];
                for (var packets = loopback.Equals(IPAddress.Loopback) ? 0 : 1; packets < 3; packets++)
                {
                    var received = await socket.ReceiveFromAsync(buffer, new IPEndPoint(loopback.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0));
                    byte[] transaction = buffer[12..16];
                    // Over IPv4 the first one is lost: it is sent again.
                    if (packets == 0)
                        continue;
                    await socket.SendToAsync((byte[])[0, 0, 0, 3, 9, 9, 9, 9, .. "not yours"u8], received.RemoteEndPoint);
                    byte[] peer = [.. loopback.GetAddressBytes(), 0x1a, 0xe1];
                    byte[] answer = packets == 1 ? [0, 0, 0, 0, .. transaction, 1, 2, 3, 4, 5, 6, 7, 8] : [0, 0, 0, 1, .. transaction, 0, 0, 7, 8, 0, 0, 0, 2, 0, 0, 0, 1, .. peer];
                    await socket.SendToAsync(answer, received.RemoteEndPoint);
                }
            });
            using var tracker = new UdpTracker($"udp://{new IPEndPoint(loopback, port)}");
            var reply = await tracker.AnnounceAsync(Request(default), default);
            Assert.Equal((null, 1800, 2L, 1L), (reply.Failure, reply.Interval, reply.Leechers, reply.Seeders));
            Assert.Equal(new IPEndPoint(loopback, 6881), Assert.Single(reply.Peers));
            await serving;
        }
    }

    [Theory]
    [InlineData("udp://127.0.0.1")]
    [InlineData("ftp://127.0.0.1/announce")]
    public async Task A_tracker_that_cannot_be_asked_is_a_wrong_command_line(string url)
    {
        var result = await RunAsync(default, "get", "x.torrent", "--data", Folder, "--tracker", url);
        Assert.Equal(ExitCodes.Usage, result.ExitCode);
        Assert.Contains("is not an http, https or udp URL", result.Error, StringComparison.Ordinal);
    }

    private static AnnounceRequest Request(InfoHash torrent) => new() { InfoHash = torrent, PeerId = "-XX0000-0123456789ab"u8.ToArray(), Port = 6881, Left = 1, Event = "started" };

    private static TorrentMetadata Read(string path)
    {
        Assert.True(TorrentMetadata.TryParse(File.ReadAllBytes(path), out var torrent, out var error), error);
        return torrent;
    }

    /// <summary>The torrent with other trackers.</summary>
    private string WithTiers(TransferSetup setup, bool isPrivate, params string[][] tiers)
    {
        Assert.Equal(BencodeError.None, BencodeDocument.TryParse(setup.TorrentFile, BencodeLimits.Torrent, out var document));
        Assert.True(document!.Root.TryGet("info"u8, out var info));
        byte[] file = [.. "d13:announce-list"u8, .. BencodeValue.List(tiers.Select(tier => BencodeValue.List(tier.Select(BencodeValue.Of)))).Encode(), .. "4:info"u8, .. info.Encoded.Span, (byte)'e'];
        var text = System.Text.Encoding.Latin1.GetString(file);
        var path = At($"{Guid.NewGuid():N}.torrent");
        File.WriteAllBytes(path, System.Text.Encoding.Latin1.GetBytes(isPrivate ? text : text.Replace("7:privatei1e", "7:privatei0e", StringComparison.Ordinal)));
        return path;
    }
}
