using System.Diagnostics;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Clients;

/// <summary>
/// Torrent clients as Debian ships them exchange a file, having met through the tracker. Transmission takes loopback
/// addresses for invalid and never connects to one, so on one machine it is the others that connect to it;
/// kept to 127.0.0.1, it asks trackers from there alone, so IPv6 is left to the others.
/// </summary>
[Collection("node")]
public sealed class RealClientTests(SharedNode shared)
{
    private readonly Announcer _tracker = new(shared.Node);

    [Theory]
    [InlineData("aria2", "aria2", 16, false)]
    [InlineData("aria2", "qbittorrent", 256, false)]
    [InlineData("transmission", "aria2", 256, false)]
    [InlineData("transmission", "qbittorrent", 16, false)]
    [InlineData("qbittorrent", "aria2", 16, false)]
    [InlineData("qbittorrent", "qbittorrent", 256, false)]
    [InlineData("aria2", "aria2", 256, true)]
    [InlineData("qbittorrent", "qbittorrent", 16, true)]
    public async Task A_file_goes_from_one_client_to_another(string seeder, string leecher, int pieceKiB, bool ipv6)
    {
        using var torrent = NewTorrent(pieceKiB, ipv6);
        await using var seed = TorrentClient.Start(seeder, torrent, seeds: true, ipv6);
        await WaitForScrapeAsync(torrent, new(1, 0, 0, 0), seed);

        await using var leech = TorrentClient.Start(leecher, torrent, seeds: false, ipv6);
        await WaitAsync(() => Task.FromResult(leech.IsComplete), () => $"the file is not complete\n{leech.Log}\n--- seeder:\n{seed.Log}");
        await WaitForScrapeAsync(torrent, new(2, 0, 1, 0), leech);

        await leech.LeaveAsync();
        await WaitForScrapeAsync(torrent, new(1, 0, 1, 0), leech);
        await seed.LeaveAsync();
        await WaitForScrapeAsync(torrent, new(0, 0, 1, 0), seed);
    }

    [Fact]
    public async Task Three_different_clients_wait_for_a_seeder_and_get_the_file()
    {
        using var torrent = NewTorrent(pieceKiB: 16, ipv6: false);
        await using var transmission = TorrentClient.Start("transmission", torrent, seeds: false, ipv6: false);
        await WaitForScrapeAsync(torrent, new(0, 1, 0, 1), transmission);
        await using var aria2 = TorrentClient.Start("aria2", torrent, seeds: false, ipv6: false);
        await WaitForScrapeAsync(torrent, new(0, 2, 0, 2), aria2);
        await using var qbittorrent = TorrentClient.Start("qbittorrent", torrent, seeds: false, ipv6: false);
        await WaitForScrapeAsync(torrent, new(0, 3, 0, 3), qbittorrent);

        await using var seed = TorrentClient.Start("qbittorrent", torrent, seeds: true, ipv6: false);
        foreach (var leech in new[] { transmission, aria2, qbittorrent })
            await WaitAsync(() => Task.FromResult(leech.IsComplete), () => $"the file is not complete\n{leech.Log}\n--- seeder:\n{seed.Log}");
        await WaitForScrapeAsync(torrent, new(4, 0, 3, 0), seed);

        await transmission.LeaveAsync();
        await WaitForScrapeAsync(torrent, new(3, 0, 3, 0), transmission);
    }

    private TestTorrent NewTorrent(int pieceKiB, bool ipv6) =>
        new(new Uri($"http://{(ipv6 ? "[::1]" : "127.0.0.1")}:{shared.Node.Port}/announce"), pieceKiB << 10);

    private async Task WaitForScrapeAsync(TestTorrent torrent, ScrapeEntry expected, TorrentClient client)
    {
        ScrapeEntry? seen = null;
        await WaitAsync(
            async () => (seen = await _tracker.ScrapeAsync(torrent.InfoHash)) == expected,
            () => $"the scrape is {seen}, not {expected}\n{client.Log}");
    }

    private static async Task WaitAsync(Func<Task<bool>> condition, Func<string> problem)
    {
        for (var waited = Stopwatch.StartNew(); !await condition(); await Task.Delay(200))
            Assert.True(waited.Elapsed < TimeSpan.FromSeconds(90), $"After 90 s {problem()}");
    }
}
