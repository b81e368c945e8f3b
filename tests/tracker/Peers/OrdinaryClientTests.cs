using System.Diagnostics;
using Pbts.Peer;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Peers;

/// <summary>Mixed swarms: aria2, which knows nothing of receipts, on either side of our peer, found through the tracker.</summary>
[Collection("node")]
public sealed class OrdinaryClientTests(SharedNode shared)
{
    private string AnnounceUrl => new Uri(shared.Node.Url, "announce").ToString();

    [Fact]
    public async Task An_ordinary_client_downloads_from_our_seed()
    {
        using var setup = await TransferSetup.CreateAsync(3_000_000, 65536, AnnounceUrl);
        using var alice = MemberIdentity.Generate();
        using var tracker = new TrackerClient(AnnounceUrl);
        await using var seed = await setup.StartAsync("seed", alice, tracker);
        await TransferSetup.EventuallyAsync(() => seed.IsAnnounced, "announced");
        using var aria2 = Aria2(setup, "aria2");
        try
        {
            await WaitAsync(aria2.WaitForExitAsync(), setup, "aria2");
            Assert.Equal(0, aria2.ExitCode);
            Assert.Equal(setup.Data, setup.Downloaded("aria2"));
            Assert.True(seed.Session.Uploaded >= setup.Data.Length);
            Assert.Equal(0, seed.Session.Receipts.ToReport.Count);
        }
        finally
        {
            aria2.Kill();
        }
    }

    [Fact]
    public async Task We_download_from_an_ordinary_client()
    {
        using var setup = await TransferSetup.CreateAsync(3_000_000, 65536, AnnounceUrl);
        using var bob = MemberIdentity.Generate();
        // Without limit: at its usual ratio of 1 aria2 leaves as soon as it has handed over the last byte, read or not.
        using var aria2 = Aria2(setup, "seed", "--seed-ratio=0.0", "--seed-time=10");
        try
        {
            using var tracker = new TrackerClient(AnnounceUrl);
            await using var get = await setup.StartAsync("get", bob, tracker);
            await WaitAsync(get.Session.Completed, setup, "seed");
            Assert.Equal(setup.Data, setup.Downloaded("get"));
            Assert.True(await get.DeliverReceiptsAsync(TimeSpan.FromSeconds(5), default));
            Assert.Equal(0, get.Session.Receipts.SignedCount);
        }
        finally
        {
            aria2.Kill();
        }
    }

    private static async Task WaitAsync(Task end, TransferSetup setup, string client)
    {
        try
        {
            await end.WaitAsync(TimeSpan.FromMinutes(2));
        }
        catch (TimeoutException)
        {
            Assert.Fail($"not complete; {string.Join('\n', setup.Log)}\n--- aria2:\n{await File.ReadAllTextAsync(LogOf(setup, client))}");
        }
    }

    private static string LogOf(TransferSetup setup, string client) => Path.Combine(setup.Folder, $"{client}.log");

    private static Process Aria2(TransferSetup setup, string folder, params string[] more)
    {
        var torrent = Path.Combine(setup.Folder, $"{folder}.torrent");
        File.WriteAllBytes(torrent, setup.TorrentFile);
        var start = new ProcessStartInfo("aria2c",
        [
            "--dir=" + Path.Combine(setup.Folder, folder), "--seed-time=0", "--check-integrity=true", "--interface=127.0.0.1",
            "--enable-dht=false", "--enable-dht6=false", "--bt-enable-lpd=false", "--enable-peer-exchange=false", "--disable-ipv6=true",
            "--listen-port=20000-29999", "--no-conf=true", "--quiet=true", "--allow-overwrite=true", "--no-proxy=127.0.0.1",
            $"--log={LogOf(setup, folder)}", "--log-level=info", .. more, torrent,
        ]);
        return Process.Start(start)!;
    }
}
