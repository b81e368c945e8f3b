using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Pbts.Peer.Exchange;
using Pbts.Protocol.Bep10;
using Pbts.Protocol.Receipts;
using Pbts.Protocol.Vouchers;
using Pbts.Tracker.Tests.Clients;
using Pbts.Tracker.Tests.Peers;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Gate;

/// <summary>Unmodified clients behind gates, on the real tracker: what one gives another is credited to the byte, on both sides.</summary>
public sealed class GateTests(SharedNode shared) : IClassFixture<SharedNode>, IDisposable
{
    private readonly GateLab _lab = new(shared.Node.Url);

    public void Dispose() => _lab.Dispose();

    private Uri Announce => new(shared.Node.Url, "announce");

    [Theory]
    [InlineData("qbittorrent", "aria2", 256)]
    [InlineData("aria2", "qbittorrent", 64)]
    [InlineData("libtorrent", "aria2", 1024)]
    [InlineData("deluge", "libtorrent", 256)]
    [InlineData("aria2", "deluge", 16)]
    public async Task What_one_client_gives_another_is_credited(string seeder, string leecher, int pieceKiB)
    {
        using var torrent = new TestTorrent(Announce, pieceKiB << 10);
        var (alice, bob) = (await _lab.NewMemberAsync(), await _lab.NewMemberAsync());
        await using var aliceGate = await _lab.StartGateAsync(alice);
        await using var bobGate = await _lab.StartGateAsync(bob);
        using var pair = new Pair(torrent.Announcing(aliceGate.AnnounceUrl), torrent.Announcing(bobGate.AnnounceUrl));
        var (ofAlice, ofBob) = pair;
        await using var seed = TorrentClient.Start(seeder, ofAlice, seeds: true);
        await SeededAsync(torrent, () => seed.Log);
        await using var leech = TorrentClient.Start(leecher, ofBob, seeds: false);
        string Log() => $"{leech.Log}\n--- seed:\n{seed.Log}\n--- gates:\n{aliceGate.Log}\n{bobGate.Log}";
        await GateLab.WaitAsync(() => leech.IsComplete, () => $"the file is not complete\n{Log()}");
        await _lab.ExpectTotalsAsync(bob, 0, torrent.Length, Log);
        await _lab.ExpectTotalsAsync(alice, torrent.Length, 0, Log);
        Assert.Equal((torrent.Length, 0L), ((await bobGate.StatusAsync()).SignedFor, (await bobGate.StatusAsync()).Undelivered));
        Assert.Equal((torrent.Length, torrent.Length), ((await aliceGate.StatusAsync()).Earned, (await aliceGate.StatusAsync()).Credited));
        // Both say good-bye to the tracker when the gates end.
        Assert.Equal((0, 0), (await bobGate.StopAsync(), await aliceGate.StopAsync()));
        await Wait.UntilAsync(async () => await new Announcer(shared.Node).ScrapeAsync(torrent.InfoHash) is { Complete: 0, Incomplete: 0 }, "the swarm is empty");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Our_own_peer_and_a_client(bool clientSeeds)
    {
        using var torrent = new TestTorrent(Announce, 65536);
        var (member, other) = (await _lab.NewMemberAsync(), await _lab.NewMemberAsync());
        await using var gate = await _lab.StartGateAsync(member);
        using var copy = torrent.Announcing(gate.AnnounceUrl);
        var folder = Directory.CreateDirectory(_lab.At("own")).FullName;
        if (!clientSeeds)
            torrent.WriteContentTo(folder);
        await using var client = clientSeeds ? TorrentClient.Start("qbittorrent", copy, seeds: true) : null;
        if (clientSeeds)
            await SeededAsync(torrent, () => client!.Log);
        await using var own = CliProcess.Start(clientSeeds ? "get" : "seed", torrent.MetaInfoPath, "--data", folder, "--user", other.Id, "--key", other.Key, "--state", _lab.At("own.state"), "--listen", "127.0.0.1", "--quiet", "--json");
        if (!clientSeeds)
            await SeededAsync(torrent, () => own.Error);
        await using var leech = clientSeeds ? null : TorrentClient.Start("qbittorrent", copy, seeds: false);
        string Log() => $"{leech?.Log}{client?.Log}\n--- gate:\n{gate.Log}\n--- own:\n{own.Error}";
        if (clientSeeds)
            await own.SucceedAsync(TimeSpan.FromSeconds(90));
        else
            await GateLab.WaitAsync(() => leech!.IsComplete, () => $"the file is not complete\n{Log()}");
        await _lab.ExpectTotalsAsync(clientSeeds ? member : other, torrent.Length, 0, Log);
        await _lab.ExpectTotalsAsync(clientSeeds ? other : member, 0, torrent.Length, Log);
    }

    [Fact]
    public async Task A_client_without_a_gate_takes_all_and_nobody_is_credited()
    {
        using var torrent = new TestTorrent(Announce, 65536);
        var alice = await _lab.NewMemberAsync();
        await using var gate = await _lab.StartGateAsync(alice);
        using var copy = torrent.Announcing(gate.AnnounceUrl);
        await using var seed = TorrentClient.Start("qbittorrent", copy, seeds: true);
        await SeededAsync(torrent, () => seed.Log);
        await using var leech = TorrentClient.Start("aria2", torrent, seeds: false);
        await GateLab.WaitAsync(() => leech.IsComplete, () => $"the file is not complete\n{leech.Log}\n--- gate:\n{gate.Log}");
        Assert.Equal((0L, 0L, 0L), ((await gate.StatusAsync()).SignedFor, (await gate.StatusAsync()).Earned, (await gate.StatusAsync()).PbtsPeers));
        Assert.Equal((0, 0), await _lab.TotalsAsync(alice.Id));
    }

    [Fact]
    public async Task Where_only_members_are_wanted_a_client_without_a_gate_gets_nothing()
    {
        using var torrent = new TestTorrent(Announce, 65536);
        var alice = await _lab.NewMemberAsync();
        await using var gate = await _lab.StartGateAsync(alice, more: "--require-pbts");
        using var copy = torrent.Announcing(gate.AnnounceUrl);
        await using var seed = TorrentClient.Start("qbittorrent", copy, seeds: true);
        await SeededAsync(torrent, () => seed.Log);
        using var raw = await PlainAsync(gate, torrent);
        await raw.SendAsync(PeerMessages.Simple(PeerMessages.Interested));
        var got = 0;
        for (var block = 0; block < 8; block++)
            await raw.SendAsync(PeerMessages.Numbers(PeerMessages.Request, block, 0, 16384));
        while (await raw.NextAsync(seconds: 15) is { } message)
            got += message.Id == PeerMessages.Piece ? 1 : 0;
        Assert.Equal(0, got);
    }

    [Fact]
    public async Task Who_takes_and_does_not_sign_is_held_back()
    {
        using var torrent = new TestTorrent(Announce, 65536);
        var alice = await _lab.NewMemberAsync();
        using var mallory = Pbts.Peer.MemberIdentity.Generate();
        await using var gate = await _lab.StartGateAsync(alice);
        using var copy = torrent.Announcing(gate.AnnounceUrl);
        await using var seed = TorrentClient.Start("libtorrent", copy, seeds: true);
        await SeededAsync(torrent, () => seed.Log);
        var instance = InstanceId.From(Convert.FromHexString(await shared.Node.Http.InstanceIdAsync()));
        using var raw = await PlainAsync(gate, torrent);
        await raw.SendAsync(new PbtsExtension().CreateHandshake(publicKey: mallory.PublicKey, instance: instance));
        await raw.SendAsync(PeerMessages.Simple(PeerMessages.Interested));
        Assert.NotNull(await raw.NextAsync(PeerMessages.Unchoke, seconds: 30));
        for (var block = 0; block < 240; block++)
            await raw.SendAsync(PeerMessages.Numbers(PeerMessages.Request, block / 4, block % 4 * 16384, 16384));
        var (got, asked) = (0, false);
        while (await raw.NextAsync(seconds: 5) is { } message)
        {
            got += message.Id == PeerMessages.Piece ? message.Payload.Length - 8 : 0;
            asked |= message.Id == PeerMessages.Extended && message.Payload[0] == VoucherIds.Local.Request;
        }

        // What is forgiven in a choking round is 16 KiB, of which there may have been two.
        Assert.InRange(got, 1 << 20, (2 << 20) + (2 << 14));
        Assert.True(asked);
        Assert.Equal(0, (await gate.StatusAsync()).Earned);
    }

    [Fact]
    public async Task Only_who_knows_the_secret_announces_and_only_its_user_goes_through_a_door()
    {
        using var torrent = new TestTorrent(Announce, 65536);
        var alice = await _lab.NewMemberAsync();
        await using var gate = await _lab.StartGateAsync(alice);
        using var http = new HttpClient();
        var query = $"?info_hash={string.Concat(torrent.InfoHash.Select(b => $"%{b:x2}"))}&peer_id=-XX0000-0123456789ab&port=7777&uploaded=0&downloaded=0&left=0";
        foreach (var path in new[] { "announce", "scrape", "status", "metrics" })
        {
            using var refused = await http.GetAsync(new Uri($"http://{gate.AnnounceUrl.Authority}/{path}/00112233445566778899aabbccddeeff{query}"));
            var said = await refused.Content.ReadAsStringAsync();
            Assert.True(refused.StatusCode == HttpStatusCode.NotFound || said.Contains("failure reason", StringComparison.Ordinal), said);
        }

        // Another peer of the swarm, for which there is a door then.
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using (await shared.Node.Http.GetAsync(new Uri($"/announce{query.Replace("port=7777", $"port={((IPEndPoint)listener.LocalEndpoint).Port}", StringComparison.Ordinal).Replace("ab&", "cd&", StringComparison.Ordinal)}", UriKind.Relative)))
        {
        }

        var answer = await http.GetByteArrayAsync(new Uri($"{gate.AnnounceUrl}{query}&event=started&numwant=50".Replace("left=0", "left=1", StringComparison.Ordinal)));
        var at = answer.AsSpan().IndexOf("5:peers6:"u8);
        Assert.True(at > 0, Encoding.Latin1.GetString(answer));
        var door = new IPEndPoint(new IPAddress(answer[(at + 9)..(at + 13)]), (answer[at + 13] << 8) | answer[at + 14]);
        Assert.Equal((127, 80), (door.Address.GetAddressBytes()[0], door.Address.GetAddressBytes()[1]));

        // A program of another user is not connected to anybody; one of ours is.
        var hello = Convert.ToBase64String(PeerHandshake.Build(InfoHash.From(torrent.InfoHash), "-XX0000-0123456789ab"u8));
        using var other = Process.Start(new ProcessStartInfo("setpriv", ["--reuid=65534", "--clear-groups", "bash", "-c", $"exec 3<>/dev/tcp/{door.Address}/{door.Port}; base64 -d <<<'{hello}' >&3; head -c 1 <&3 | wc -c"]) { RedirectStandardOutput = true })!;
        Assert.Equal("0", (await other.StandardOutput.ReadToEndAsync()).Trim());
        Assert.False(listener.Pending());
        using var own = new TcpClient();
        await own.ConnectAsync(door);
        await own.GetStream().WriteAsync(Convert.FromBase64String(hello));
        using var accepted = await listener.AcceptTcpClientAsync().WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Contains("refused: a program of user 65534", gate.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_came_from_two_seeds_is_signed_for_to_each_and_adds_up_to_the_file()
    {
        using var torrent = new TestTorrent(Announce, 1 << 20, size: 24 << 20);
        var (one, two, bob) = (await _lab.NewMemberAsync(), await _lab.NewMemberAsync(), await _lab.NewMemberAsync());
        await using var gateOne = await _lab.StartGateAsync(one);
        await using var gateTwo = await _lab.StartGateAsync(two);
        await using var gateBob = await _lab.StartGateAsync(bob);
        using var pair = new Pair(torrent.Announcing(gateOne.AnnounceUrl), torrent.Announcing(gateTwo.AnnounceUrl));
        var (ofOne, ofTwo) = pair;
        using var ofBob = torrent.Announcing(gateBob.AnnounceUrl);
        await using var seedOne = TorrentClient.Start("libtorrent", ofOne, seeds: true);
        await using var seedTwo = TorrentClient.Start("qbittorrent", ofTwo, seeds: true);
        await SeededAsync(torrent, () => seedOne.Log + seedTwo.Log, seeds: 2);
        // Slowly enough that both have their part in it.
        await using var leech = TorrentClient.Start("libtorrent", ofBob, seeds: false, limit: 2048);
        string Log() => $"{leech.Log}\n--- gates:\n{gateOne.Log}\n{gateTwo.Log}\n{gateBob.Log}";
        await GateLab.WaitAsync(() => leech.IsComplete, () => $"the file is not complete\n{Log()}");
        await _lab.ExpectTotalsAsync(bob, 0, torrent.Length, Log);
        var (first, second) = ((await _lab.TotalsAsync(one.Id)).Up, (await _lab.TotalsAsync(two.Id)).Up);
        Assert.Equal(torrent.Length, first + second);
        Assert.True(first > 0 && second > 0, $"{first} and {second} bytes\n{Log()}");
    }

    [Theory]
    [InlineData("seed's gate")]
    [InlineData("leech's gate")]
    [InlineData("seed")]
    [InlineData("leech")]
    public async Task Whatever_is_killed_in_the_middle_the_download_ends_and_all_of_it_is_credited(string victim)
    {
        using var torrent = new TestTorrent(Announce, 65536, size: 24 << 20);
        var (alice, bob) = (await _lab.NewMemberAsync(), await _lab.NewMemberAsync());
        var aliceGate = await _lab.StartGateAsync(alice);
        var bobGate = await _lab.StartGateAsync(bob);
        using var pair = new Pair(torrent.Announcing(aliceGate.AnnounceUrl), torrent.Announcing(bobGate.AnnounceUrl));
        var (ofAlice, ofBob) = pair;
        var seed = TorrentClient.Start("libtorrent", ofAlice, seeds: true);
        TorrentClient? leech = null;
        var logs = new List<string>();
        string Log() => $"{leech?.Log}\n--- seed:\n{seed.Log}\n--- gates:\n{string.Join("\n---\n", logs)}\n{aliceGate.Log}\n{bobGate.Log}";
        try
        {
            await SeededAsync(torrent, () => seed.Log);
            leech = TorrentClient.Start("libtorrent", ofBob, seeds: false, limit: 2048);
            await GateLab.WaitAsync(() => SignedAsync(bobGate).GetAwaiter().GetResult() > 4 << 20, () => $"4 MiB are not there\n{Log()}");
            switch (victim)
            {
                case "seed's gate":
                    await aliceGate.KillAsync();
                    logs.Add(aliceGate.Log);
                    aliceGate = await aliceGate.AgainAsync();
                    break;
                case "leech's gate":
                    await bobGate.KillAsync();
                    logs.Add(bobGate.Log);
                    bobGate = await bobGate.AgainAsync();
                    break;
                case "seed":
                    await seed.KillAsync();
                    seed = TorrentClient.Start("libtorrent", ofAlice, seeds: true);
                    break;
                default:
                    await leech.KillAsync();
                    leech = leech.Again(limit: 2048);
                    break;
            }

            await GateLab.WaitAsync(() => leech.IsComplete, () => $"the file is not complete\n{Log()}", seconds: 150);
            // A leech that is killed has lost the pieces that were not whole, and those its gate had not been told of; a gate at most
            // the block that it was passing.
            var least = victim switch { "leech" => torrent.Length - (1 << 20), "leech's gate" => torrent.Length - (16 << 10), _ => torrent.Length };
            await GateLab.WaitAsync(() => SignedAsync(bobGate).GetAwaiter().GetResult() >= least, () => $"not all is signed for\n{Log()}");
            // Where the gate was killed after the last block, both clients are done and do not meet again: the gate calls.
            (long, long, long) Seen() => ((_lab.TotalsAsync(alice.Id).GetAwaiter().GetResult()).Up, _lab.TotalsAsync(bob.Id).GetAwaiter().GetResult().Down, SignedAsync(bobGate).GetAwaiter().GetResult());
            await GateLab.WaitAsync(() => Seen() is var (given, got, signed) && given == got && got == signed, () => $"{Seen()}\n{Log()}");
            Assert.InRange(await SignedAsync(bobGate), least, victim == "leech" ? torrent.Length + (1 << 20) : torrent.Length);
        }
        finally
        {
            if (leech is not null)
                await leech.DisposeAsync();
            await seed.DisposeAsync();
            await aliceGate.DisposeAsync();
            await bobGate.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_voucher_that_waits_is_brought_where_both_clients_have_left()
    {
        using var torrent = new TestTorrent(Announce, 65536, size: 24 << 20);
        var (alice, bob) = (await _lab.NewMemberAsync(), await _lab.NewMemberAsync());
        var aliceGate = await _lab.StartGateAsync(alice);
        await using var bobGate = await _lab.StartGateAsync(bob);
        using var pair = new Pair(torrent.Announcing(aliceGate.AnnounceUrl), torrent.Announcing(bobGate.AnnounceUrl));
        var (ofAlice, ofBob) = pair;
        string Log() => $"{aliceGate.Log}\n{bobGate.Log}";
        try
        {
            await using (var seed = TorrentClient.Start("libtorrent", ofAlice, seeds: true))
            {
                await SeededAsync(torrent, () => seed.Log);
                await using var leech = TorrentClient.Start("libtorrent", ofBob, seeds: false, limit: 2048);
                await GateLab.WaitAsync(() => SignedAsync(bobGate).GetAwaiter().GetResult() > 2 << 20, () => $"2 MiB are not there\n{Log()}");
                // What is on its way comes yet, is signed for, and acknowledged by nobody.
                aliceGate.Suspend();
                await GateLab.WaitAsync(() => bobGate.StatusAsync().GetAwaiter().GetResult().Undelivered > 0, () => $"no voucher waits\n{Log()}");
                await leech.KillAsync();
                await aliceGate.KillAsync();
            }

            aliceGate = await aliceGate.AgainAsync();
            await GateLab.WaitAsync(() => bobGate.StatusAsync().GetAwaiter().GetResult().Undelivered == 0, () => $"the voucher was not brought\n{Log()}");
            var signed = await SignedAsync(bobGate);
            await _lab.ExpectTotalsAsync(alice, signed, 0, Log);
            await _lab.ExpectTotalsAsync(bob, 0, signed, Log);
        }
        finally
        {
            await aliceGate.DisposeAsync();
        }
    }

    private static async Task<long> SignedAsync(GateProcess gate) => (await gate.StatusAsync()).SignedFor;

    /// <summary>A peer that says nothing but the handshake of BEP 3.</summary>
    private static Task<RawPeer> PlainAsync(GateProcess gate, TestTorrent torrent) =>
        RawPeer.ConnectAsync(new IPEndPoint(IPAddress.Loopback, gate.PeerPort), InfoHash.From(torrent.InfoHash), "-XX0000-0123456789ab");

    private async Task SeededAsync(TestTorrent torrent, Func<string> log, int seeds = 1)
    {
        ScrapeEntry? seen = null;
        for (var waited = Stopwatch.StartNew(); (seen = await new Announcer(shared.Node).ScrapeAsync(torrent.InfoHash)) is not { } scrape || scrape.Complete != seeds; await Task.Delay(200))
            Assert.True(waited.Elapsed < TimeSpan.FromSeconds(60), $"the scrape is {seen}\n{log()}");
    }

    private sealed record Pair(TestTorrent One, TestTorrent Two) : IDisposable
    {
        public void Dispose()
        {
            One.Dispose();
            Two.Dispose();
        }
    }
}
