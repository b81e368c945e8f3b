using System.Net;
using System.Text;
using Pbts.Protocol.Bencode;
using Pbts.Tracker.Tests.Clients;
using Pbts.Tracker.Tests.Peers;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Gate;

/// <summary>A gate whose tracker goes away, talks nonsense, or is reached over IPv6.</summary>
public sealed class GateTrackerTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    [Fact]
    public async Task A_tracker_that_is_killed_in_the_middle_loses_nothing()
    {
        var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync());
        try
        {
            using var lab = new GateLab(node.Url);
            using var torrent = new TestTorrent(new Uri(node.Url, "announce"), 65536, size: 16 << 20);
            var (alice, bob) = (await lab.NewMemberAsync(), await lab.NewMemberAsync());
            await using var aliceGate = await lab.StartGateAsync(alice);
            await using var bobGate = await lab.StartGateAsync(bob);
            using var ofAlice = torrent.Announcing(aliceGate.AnnounceUrl);
            using var ofBob = torrent.Announcing(bobGate.AnnounceUrl);
            await using var seed = TorrentClient.Start("libtorrent", ofAlice, seeds: true);
            await Wait.UntilAsync(async () => await new Announcer(node).ScrapeAsync(torrent.InfoHash) is { Complete: 1 }, "seeded");
            await using var leech = TorrentClient.Start("libtorrent", ofBob, seeds: false, limit: 2048);
            string Log() => $"{leech.Log}\n--- gates:\n{aliceGate.Log}\n{bobGate.Log}";
            await GateLab.WaitAsync(() => lab.TotalsAsync(bob.Id).GetAwaiter().GetResult().Down > 1 << 20, () => $"nothing is credited\n{Log()}");
            await node.KillAsync();
            await GateLab.WaitAsync(() => leech.IsComplete, () => $"the file is not complete\n{Log()}");
            // Signing goes on a moment after the last piece.
            await GateLab.WaitAsync(() => bobGate.StatusAsync().GetAwaiter().GetResult().SignedFor == torrent.Length, () => $"not all is signed for\n{Log()}", seconds: 30);
            node = await node.StartAgainAsync();
            await lab.ExpectTotalsAsync(bob, 0, torrent.Length, Log);
            await lab.ExpectTotalsAsync(alice, torrent.Length, 0, Log);
        }
        finally
        {
            await node.DisposeAsync();
        }
    }

    [Fact]
    public async Task Peers_meet_over_IPv6()
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync());
        var url = new Uri($"http://[::1]:{node.Port}/");
        using var lab = new GateLab(url);
        using var torrent = new TestTorrent(new Uri(url, "announce"), 65536);
        var (alice, bob) = (await lab.NewMemberAsync(), await lab.NewMemberAsync());
        await using var aliceGate = await lab.StartGateAsync(alice, null, null, "--peer-listen", "::1");
        await using var bobGate = await lab.StartGateAsync(bob, null, null, "--peer-listen", "::1");
        using var ofAlice = torrent.Announcing(aliceGate.AnnounceUrl);
        using var ofBob = torrent.Announcing(bobGate.AnnounceUrl);
        await using var seed = TorrentClient.Start("qbittorrent", ofAlice, seeds: true);
        await Wait.UntilAsync(async () => await new Announcer(node).ScrapeAsync(torrent.InfoHash) is { Complete: 1 }, "seeded");
        await using var leech = TorrentClient.Start("aria2", ofBob, seeds: false);
        string Log() => $"{leech.Log}\n--- gates:\n{aliceGate.Log}\n{bobGate.Log}";
        await GateLab.WaitAsync(() => leech.IsComplete, () => $"the file is not complete\n{Log()}");
        await lab.ExpectTotalsAsync(bob, 0, torrent.Length, Log);
        await lab.ExpectTotalsAsync(alice, torrent.Length, 0, Log);
        Assert.Contains("[::1]", bobGate.Log + aliceGate.Log, StringComparison.Ordinal);
    }

    /// <summary>What a tracker may say instead of an answer.</summary>
    [Theory]
    [InlineData("d5:peersi-1ee", 200)]
    [InlineData("le", 200)]
    [InlineData("", 200)]
    [InlineData("<html>busy</html>", 503)]
    [InlineData("d8:intervali1800e5:peers5:abcdee", 200)]
    [InlineData("d8:intervali-5e5:peers6:abcdefe", 200)]
    [InlineData("d8:intervali1800e6:peers617:0123456789abcdefge", 200)]
    [InlineData("d8:intervali99999999999999999999999999e5:peers", 200)]
    public async Task While_the_tracker_talks_nonsense_the_client_keeps_the_peers_it_knew(string nonsense, int status)
    {
        await using var node = new ScriptedNode();
        using var http = new HttpClient();
        await using var gate = await node.StartGateAsync();
        const string Query = "?info_hash=0123456789abcdefghij&peer_id=-XX0000-0123456789ab&port=7777&uploaded=0&downloaded=0&left=1";
        node.Answer = (200, "d8:completei3e10:incompletei4e8:intervali1800e5:peers12:\u0001\u0002\u0003\u0004\u001a\u00e1\u0005\u0006\u0007\u0008\u001a\u00e16:peers618:0123456789abcdef\u001a\u00e1e");
        var first = Read(await http.GetByteArrayAsync(new Uri(gate.AnnounceUrl + Query)));
        Assert.Equal((3, 4, 1800, 18), (first.Number("complete"), first.Number("incomplete"), first.Number("interval"), first.Peers.Length));
        Assert.All(first.Peers.Chunk(6), peer => Assert.Equal((127, 80), (peer[0], peer[1])));

        node.Answer = (status, nonsense);
        var second = Read(await http.GetByteArrayAsync(new Uri(gate.AnnounceUrl + Query)));
        Assert.Equal(first.Peers, second.Peers);
        Assert.NotEmpty(second.Text("warning message"));

        node.Answer = (200, "d14:failure reason6:go offe");
        Assert.Equal("d14:failure reason6:go offe", Encoding.Latin1.GetString(await http.GetByteArrayAsync(new Uri(gate.AnnounceUrl + Query))));
        node.Answer = (200, "d8:intervali1800e5:peers0:15:warning message3:hm!e");
        Assert.Equal("hm!", Read(await http.GetByteArrayAsync(new Uri(gate.AnnounceUrl + Query))).Text("warning message"));
    }

    [Theory]
    [InlineData("?port=7777", "info_hash: must be 20 bytes")]
    [InlineData("?info_hash=short&port=7777", "info_hash: must be 20 bytes")]
    [InlineData("?info_hash=0123456789abcdefghij&port=0", "port: must be 1 to 65535")]
    [InlineData("?info_hash=0123456789abcdefghij&port=x", "port: must be 1 to 65535")]
    [InlineData("?info_hash=0123456789abcdefghij", "port: must be 1 to 65535")]
    public async Task An_announce_that_is_none_is_refused_by_its_parameter(string query, string error)
    {
        await using var node = new ScriptedNode();
        using var http = new HttpClient();
        await using var gate = await node.StartGateAsync();
        Assert.Contains(error, Encoding.Latin1.GetString(await http.GetByteArrayAsync(new Uri(gate.AnnounceUrl + query))), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_client_says_goes_to_the_tracker_but_for_where_it_is()
    {
        await using var node = new ScriptedNode { Answer = (200, "d8:intervali1800e5:peers0:e") };
        using var http = new HttpClient();
        await using var gate = await node.StartGateAsync();
        await http.GetByteArrayAsync(new Uri(gate.AnnounceUrl + "?info_hash=%01%02%03%04%05%06%07%08%09%0a%0b%0c%0d%0e%0f%10%11%12+%14&peer_id=-XX0000-0123456789ab&port=7777&ip=9.9.9.9&ipv6=%3a%3a1&uploaded=5&downloaded=6&left=7&event=started&key=abc&numwant=33&compact=0&no_peer_id=1&user_id=eve&signature=x"));
        var asked = node.Targets.Last(target => target.Contains("info_hash", StringComparison.Ordinal));
        foreach (var kept in new[] { "info_hash=%01%02%03%04%05%06%07%08%09%0a%0b%0c%0d%0e%0f%10%11%12+%14", "uploaded=5", "downloaded=6", "left=7", "event=started", "key=abc", "numwant=33", "compact=1", $"port={gate.Port}" })
            Assert.Contains(kept, asked, StringComparison.Ordinal);
        foreach (var gone in new[] { "9.9.9.9", "ipv6", "7777", "compact=0", "user_id=eve" })
            Assert.DoesNotContain(gone, asked, StringComparison.Ordinal);
    }

    private static Reply Read(byte[] body)
    {
        Assert.True(BencodeDocument.TryParse(body, BencodeLimits.Message, out var document) == BencodeError.None, Encoding.Latin1.GetString(body));
        return new Reply(document!.Root);
    }

    private sealed record Reply(BencodeElement Root)
    {
        public byte[] Peers => Root.TryGetBytes("peers"u8, out var peers) && !Root.TryGet("peers6"u8, out _) ? peers.ToArray() : [];

        public long Number(string name) => Root.TryGetNumber(Encoding.UTF8.GetBytes(name), out var number) ? number : -1;

        public string Text(string name) => Root.TryGetBytes(Encoding.UTF8.GetBytes(name), out var text) ? Encoding.UTF8.GetString(text) : "";
    }
}
