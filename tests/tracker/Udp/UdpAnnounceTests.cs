using System.Net;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Udp;

[Collection("node")]
public sealed class UdpAnnounceTests(SharedNode shared) : IDisposable
{
    private readonly Announcer _http = new(shared.Node);
    private readonly UdpProbe _udp = new(shared.Node);

    public void Dispose() => _udp.Dispose();

    [Fact]
    public async Task An_announce_is_answered_with_counts_and_the_other_peers()
    {
        var torrent = Announcer.NewTorrent();
        var first = await _udp.AnnounceAsync(torrent, 1, left: 0, @event: 2);
        Assert.Equal((1, 0), (first.Seeders, first.Leechers));
        Assert.Empty(first.Peers());
        Assert.InRange(first.Interval, 1800, 1980);
        var second = await _udp.AnnounceAsync(torrent, 2, left: 5);
        Assert.Equal((1, 1), (second.Seeders, second.Leechers));
        Assert.Equal([new IPEndPoint(IPAddress.Loopback, 1001)], second.Peers());
    }

    [Fact]
    public async Task Over_ipv6_peers_are_18_bytes_each_and_of_that_family_alone()
    {
        var torrent = Announcer.NewTorrent();
        using var ipv6 = new UdpProbe(shared.Node, ipv6: true);
        await _udp.AnnounceAsync(torrent, 1, left: 0);
        await ipv6.AnnounceAsync(torrent, 2, left: 0);
        var reply = await ipv6.AnnounceAsync(torrent, 3, left: 5);
        Assert.Equal((2, 1), (reply.Seeders, reply.Leechers));
        Assert.Equal([new IPEndPoint(IPAddress.IPv6Loopback, 1002)], reply.Peers(ipv6: true));
        Assert.Equal([new IPEndPoint(IPAddress.Loopback, 1001)], (await _udp.AnnounceAsync(torrent, 4, left: 5)).Peers());
    }

    [Fact]
    public async Task One_swarm_serves_http_and_udp()
    {
        var torrent = Announcer.NewTorrent();
        await _http.AnnounceAsync(torrent, 1, 0);
        Assert.Equal([new IPEndPoint(IPAddress.Loopback, 1001)], (await _udp.AnnounceAsync(torrent, 2, left: 5)).Peers());
        Assert.Contains(new IPEndPoint(IPAddress.Loopback, 1002), (await _http.AnnounceAsync(torrent, 3, 5)).Peers);
    }

    [Theory]
    [InlineData("0A0B0C0D", 0x0A0B0C0D)] // libtorrent
    [InlineData("a0b0c0d", 0x0A0B0C0D)] // Transmission
    [InlineData("0a0b0c0d", 0x0A0B0C0D)] // rTorrent
    [InlineData("F", 15)]
    public async Task A_client_that_changes_between_http_and_udp_is_one_peer(string httpKey, uint udpKey)
    {
        var torrent = Announcer.NewTorrent();
        await _http.AnnounceAsync(torrent, 1, 5, $"&key={httpKey}");
        var reply = await _udp.AnnounceAsync(torrent, 1, left: 0, key: udpKey);
        Assert.Equal((1, 0), (reply.Seeders, reply.Leechers));
        Assert.Equal(1, (await _http.AnnounceAsync(torrent, 1, 0, "&key=guess&event=stopped")).Complete);
        Assert.Equal(0, (await _http.AnnounceAsync(torrent, 1, 0, $"&key={httpKey}&event=stopped")).Complete);
    }

    [Fact]
    public async Task Events_are_completed_started_stopped_and_paused()
    {
        var torrent = Announcer.NewTorrent();
        await _udp.AnnounceAsync(torrent, 1, left: 5, @event: 2);
        await _udp.AnnounceAsync(torrent, 1, left: 0, @event: 1);
        await _udp.AnnounceAsync(torrent, 1, left: 0, @event: 1);
        await _udp.AnnounceAsync(torrent, 2, left: 5, @event: 4);
        await _udp.AnnounceAsync(torrent, 3, left: 5, @event: 99);
        Assert.Equal(new ScrapeEntry(1, 2, 1, 1), await _http.ScrapeAsync(torrent));
        var stopped = await _udp.AnnounceAsync(torrent, 3, left: 5, @event: 3);
        Assert.Equal((1, 1), (stopped.Seeders, stopped.Leechers));
        Assert.Empty(stopped.Peers());
    }

    [Fact]
    public async Task Numwant_is_capped_and_minus_one_means_the_default()
    {
        var torrent = Announcer.NewTorrent();
        for (var peer = 1; peer <= 60; peer++)
            await _udp.AnnounceAsync(torrent, peer, left: 5, numWant: 0);
        Assert.Empty((await _udp.AnnounceAsync(torrent, 99, left: 5, numWant: 0)).Peers());
        Assert.Equal(7, (await _udp.AnnounceAsync(torrent, 99, left: 5, numWant: 7)).Peers().Distinct().Count());
        foreach (var wanted in (int[])[-1, int.MinValue, int.MaxValue, 51])
            Assert.Equal(50, (await _udp.AnnounceAsync(torrent, 99, left: 5, numWant: wanted)).Peers().Distinct().Count());
    }

    [Fact]
    public async Task A_left_of_minus_one_is_a_leecher()
    {
        var reply = await _udp.AnnounceAsync(Announcer.NewTorrent(), 1, left: -1);
        Assert.Equal((0, 1), (reply.Seeders, reply.Leechers));
    }

    [Fact]
    public async Task The_ip_field_is_ignored()
    {
        var torrent = Announcer.NewTorrent();
        await _udp.AnnounceAsync(torrent, 1, left: 0, ip: 0xCB007105);
        Assert.Equal([new IPEndPoint(IPAddress.Loopback, 1001)], (await _udp.AnnounceAsync(torrent, 2, left: 5)).Peers());
    }

    [Fact]
    public async Task Port_0_is_refused_by_name() =>
        Assert.StartsWith("port", (await _udp.AnnounceAsync(Announcer.NewTorrent(), 1, left: 0, port: 0)).Error, StringComparison.Ordinal);

    [Fact]
    public async Task Nobody_stops_a_peer_from_another_address()
    {
        var torrent = Announcer.NewTorrent();
        await _udp.AnnounceAsync(torrent, 1, left: 0);
        using var attacker = new UdpProbe(shared.Node, IPAddress.Parse("127.0.0.66"));
        await attacker.AnnounceAsync(torrent, 1, left: 0, @event: 3, ip: 0x7F000001);
        await _udp.AnnounceAsync(torrent, 1, left: 0, @event: 3, key: 8);
        Assert.Equal(1, (await _http.ScrapeAsync(torrent))!.Complete);
    }

    [Fact]
    public async Task A_scrape_of_74_torrents_fits_one_answer_and_keeps_their_order()
    {
        var torrents = Enumerable.Range(0, 74).Select(_ => Announcer.NewTorrent()).ToArray();
        await _udp.AnnounceAsync(torrents[0], 1, left: 0);
        await _udp.AnnounceAsync(torrents[73], 1, left: 5);
        await _udp.AnnounceAsync(torrents[73], 1, left: 0, @event: 1);
        var transaction = UdpProbe.NextTransaction();
        var answer = await _udp.ExchangeAsync(UdpProbe.ScrapePacket(await _udp.ConnectAsync(), transaction, torrents));
        Assert.Equal((2u, transaction, 8 + (74 * 12)), (answer.Action, answer.Transaction, answer.Bytes.Length));
        Assert.Equal((1, 0, 0), answer.Scrape(0));
        Assert.Equal((0, 0, 0), answer.Scrape(1));
        Assert.Equal((1, 1, 0), answer.Scrape(73));
    }

    [Fact]
    public async Task A_scrape_without_or_with_half_an_info_hash_is_refused_and_a_longer_one_cut()
    {
        var connection = await _udp.ConnectAsync();
        Assert.StartsWith("info_hash is missing", (await _udp.ExchangeAsync(UdpProbe.ScrapePacket(connection, 1))).Error, StringComparison.Ordinal);
        Assert.StartsWith("info_hash", (await _udp.ExchangeAsync(UdpProbe.ScrapePacket(connection, 2, new byte[19]))).Error, StringComparison.Ordinal);
        var torrent = Announcer.NewTorrent();
        await _udp.AnnounceAsync(torrent, 1, left: 0);
        var answer = await _udp.ExchangeAsync(UdpProbe.ScrapePacket(connection, 3, [.. Enumerable.Repeat(torrent, 90)]));
        Assert.Equal(8 + (74 * 12), answer.Bytes.Length);
        Assert.Equal((1, 0, 0), answer.Scrape(73));
    }

    [Fact]
    public async Task Many_scrapes_at_once_of_a_torrent_nobody_announces_are_all_answered()
    {
        var connection = await _udp.ConnectAsync();
        var torrent = Announcer.NewTorrent();
        for (var i = 0u; i < 200; i++)
            _udp.Send(UdpProbe.ScrapePacket(connection, i, torrent));
        for (var i = 0; i < 200; i++)
            Assert.Equal((0, 0, 0), new UdpAnswer((await _udp.ReceiveAsync())!).Scrape(0));
    }
}
