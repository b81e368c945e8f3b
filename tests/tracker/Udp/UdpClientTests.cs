using System.Diagnostics;
using Pbts.Tracker.Tests.Clients;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Udp;

/// <summary>Torrent clients as Debian ships them, told a udp:// announce URL and nothing else.</summary>
public sealed class UdpClientTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    [Fact]
    public async Task Clients_meet_over_udp_and_libtorrent_brings_its_passkey()
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync());
        var tracker = new Announcer(node);
        var passkey = await UdpMemberTests.RegisterAsync(node, "alice");
        using var torrent = new TestTorrent(new Uri($"udp://127.0.0.1:{node.Port}/announce/{passkey}"), 256 << 10);

        // Transmission sends no path: an open tracker takes it for a stranger.
        await using var leech = TorrentClient.Start("transmission", torrent, seeds: false, ipv6: false);
        await WaitAsync(tracker, torrent, new(0, 1, 0, 1), leech);
        await using var seed = TorrentClient.Start("qbittorrent", torrent, seeds: true, ipv6: false);
        await WaitAsync(tracker, torrent, new(2, 0, 1, 0), leech);
        Assert.True(leech.IsComplete, leech.Log);
        await seed.LeaveAsync();
        await WaitAsync(tracker, torrent, new(1, 0, 1, 0), seed);
    }

    [Fact]
    public async Task On_a_tracker_for_members_libtorrent_is_let_in_by_its_path_and_transmission_is_not()
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), ("Tracker__Access", "registered"));
        var passkey = await UdpMemberTests.RegisterAsync(node, "alice");
        using var torrent = new TestTorrent(new Uri($"udp://127.0.0.1:{node.Port}/announce/{passkey}"), 256 << 10);
        await using var transmission = TorrentClient.Start("transmission", torrent, seeds: false, ipv6: false);
        await using var libtorrent = TorrentClient.Start("qbittorrent", torrent, seeds: true, ipv6: false);
        await WaitAsync(new Announcer(node), torrent, new(1, 0, 0, 0), libtorrent, passkey);
        Assert.False(transmission.IsComplete);
    }

    private static async Task WaitAsync(Announcer tracker, TestTorrent torrent, ScrapeEntry expected, TorrentClient client, string? passkey = null)
    {
        var target = $"/scrape{(passkey is null ? "" : "/" + passkey)}?info_hash={Announcer.Escape(torrent.InfoHash)}";
        ScrapeEntry? seen = null;
        for (var waited = Stopwatch.StartNew(); (seen = (await tracker.GetAsync(target)).Scrape(torrent.InfoHash)) != expected; await Task.Delay(200))
            Assert.True(waited.Elapsed < TimeSpan.FromSeconds(90), $"After 90 s the scrape is {seen}, not {expected}\n{client.Log}");
    }
}
