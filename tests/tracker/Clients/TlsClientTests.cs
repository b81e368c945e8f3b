using System.Diagnostics;
using Pbts.Local.Processes;
using Pbts.Tracker.Tests.Http;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Clients;

/// <summary>Torrent clients that check the tracker's certificate meet through it by HTTPS alone.</summary>
public sealed class TlsClientTests(PostgresServer postgres) : IClassFixture<PostgresServer>, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("pbts-tls-clients").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("aria2", "libtorrent")]
    [InlineData("libtorrent", "aria2")]
    public async Task A_file_goes_from_one_client_to_another_and_who_does_not_trust_the_certificate_stays_out(string seeder, string leecher)
    {
        using var authority = new TlsTests.Authority();
        string certificate = Path.Combine(_folder, "certificate.pem"), key = Path.Combine(_folder, "key.pem"), root = Path.Combine(_folder, "root.pem");
        authority.Issue("tracker", certificate, key);
        await File.WriteAllTextAsync(root, authority.Root.ExportCertificatePem());
        var port = Ports.Free();
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(),
            ("PBTS_CERTIFICATE", certificate), ("PBTS_CERTIFICATE_KEY", key), (NodeProcess.AlsoListen, $"https://127.0.0.1:{port}"));
        var tracker = new Announcer(node);
        using var torrent = new TestTorrent(new Uri($"https://127.0.0.1:{port}/announce"), 256 << 10);

        await using var stranger = TorrentClient.Start(seeder, torrent, seeds: true);
        await using var seed = TorrentClient.Start(seeder, torrent, seeds: true, authority: root);
        await UntilAsync(async () => (await tracker.ScrapeAsync(torrent.InfoHash))?.Complete == 1, () => seed.Log);
        await using var leech = TorrentClient.Start(leecher, torrent, seeds: false, authority: root);
        await UntilAsync(() => Task.FromResult(leech.IsComplete), () => leech.Log);
        await UntilAsync(async () => (await tracker.ScrapeAsync(torrent.InfoHash))?.Complete == 2, () => leech.Log);
        Assert.False(stranger.HasExited && stranger.Log.Length == 0);
    }

    private static async Task UntilAsync(Func<Task<bool>> condition, Func<string> log)
    {
        for (var waited = Stopwatch.StartNew(); !await condition(); await Task.Delay(200))
            Assert.True(waited.Elapsed < TimeSpan.FromSeconds(90), log());
    }
}
