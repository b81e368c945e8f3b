using System.Diagnostics;
using Pbts.Tracker.Tests.Support;
using Xunit.Abstractions;

namespace Pbts.Tracker.Tests.Swarms;

/// <summary>What becomes of swarms when their silo stops, cleanly or not.</summary>
public sealed class HandOverTests(PostgresServer postgres, ITestOutputHelper output) : IClassFixture<PostgresServer>
{
    private const int Swarms = 1000;

    [Fact]
    public async Task A_silo_that_stops_cleanly_under_load_fails_no_announce_and_loses_no_peer()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var first = await NodeProcess.StartSiloAsync(database);
        await using var second = await NodeProcess.StartSiloAsync(database);
        await using var api = await NodeProcess.StartApiAsync(database);
        var tracker = new Announcer(api);
        var torrents = await FillAsync(tracker);

        using var stop = new CancellationTokenSource();
        var (announces, slowest) = (0, TimeSpan.Zero);
        var load = Task.WhenAll(Enumerable.Range(0, 8).Select(async worker =>
        {
            for (var i = worker; !stop.IsCancellationRequested; i += 8)
            {
                var started = Stopwatch.GetTimestamp();
                var reply = await tracker.AnnounceAsync(torrents[i % Swarms], 1, 0);
                Assert.Null(reply.Failure);
                Assert.Null(reply.Warning);
                Assert.Equal((1, 1), (reply.Complete, reply.Incomplete));
                Interlocked.Increment(ref announces);
                var took = Stopwatch.GetElapsedTime(started);
                lock (stop)
                    slowest = took > slowest ? took : slowest;
            }
        }));
        await Task.Delay(1000);
        var stopping = Stopwatch.StartNew();
        await first.StopAsync();
        output.WriteLine($"clean stop took {stopping.Elapsed.TotalSeconds:F1} s");
        await Task.Delay(2000);
        await stop.CancelAsync();
        await load;
        output.WriteLine($"{announces} announces during the stop, none failed, slowest {slowest.TotalSeconds:F2} s");
        await AssertPeersAsync(tracker, torrents);
    }

    [Fact]
    public async Task A_node_that_restarts_cleanly_has_its_swarms_back()
    {
        var database = await postgres.CreateDatabaseAsync();
        var torrents = Array.Empty<byte[]>();
        await using (var node = await NodeProcess.StartNodeAsync(database))
        {
            torrents = await FillAsync(new Announcer(node));
            await node.StopAsync();
        }

        await using var again = await NodeProcess.StartNodeAsync(database);
        await AssertPeersAsync(new Announcer(again), torrents);
    }

    [Fact]
    public async Task After_a_silo_is_killed_announces_work_again_within_30_seconds_and_swarms_refill()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var first = await NodeProcess.StartSiloAsync(database);
        await using var second = await NodeProcess.StartSiloAsync(database);
        await using var api = await NodeProcess.StartApiAsync(database);
        var tracker = new Announcer(api);
        var torrents = await FillAsync(tracker);

        await first.KillAsync();
        var killed = Stopwatch.StartNew();
        var replies = await Task.WhenAll(torrents.Select(torrent => tracker.AnnounceAsync(torrent, 1, 0)));
        var recovered = killed.Elapsed;
        output.WriteLine($"all {Swarms} swarms answered {recovered.TotalSeconds:F1} s after the kill");
        Assert.All(replies, reply => Assert.Null(reply.Failure ?? reply.Warning));
        Assert.InRange(recovered, TimeSpan.Zero, TimeSpan.FromSeconds(30));
        await Task.WhenAll(torrents.Select(torrent => tracker.AnnounceAsync(torrent, 2, 5)));
        await AssertPeersAsync(tracker, torrents);
    }

    [Fact]
    public async Task A_silo_that_joins_gets_its_share_of_the_swarms_with_all_their_peers()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var first = await NodeProcess.StartSiloAsync(database);
        await using var api = await NodeProcess.StartApiAsync(database);
        var tracker = new Announcer(api);
        var torrents = await FillAsync(tracker);
        await using var second = await NodeProcess.StartSiloAsync(database);

        // A swarm stays where it is for half a minute at least, and goes with an announce.
        var waited = Stopwatch.StartNew();
        while (await SwarmsAsync(second) < Swarms / 3 && waited.Elapsed < TimeSpan.FromSeconds(90))
        {
            var replies = await Task.WhenAll(torrents.Select(torrent => tracker.AnnounceAsync(torrent, 1, 0)));
            Assert.All(replies, reply => Assert.Equal((1L, 1L, null), (reply.Complete, reply.Incomplete, reply.Failure ?? reply.Warning)));
        }

        output.WriteLine($"{await SwarmsAsync(second)} of {Swarms} swarms had come over after {waited.Elapsed.TotalSeconds:F0} s");
        Assert.InRange(await SwarmsAsync(second), Swarms / 3, 2 * Swarms / 3);
        await AssertPeersAsync(tracker, torrents);
    }

    private static async Task<int> SwarmsAsync(NodeProcess silo)
    {
        using var http = new HttpClient();
        var metrics = await http.GetStringAsync(new Uri(silo.Management, "/metrics"));
        var line = metrics.Split('\n').FirstOrDefault(line => line.StartsWith("pbts_swarms{", StringComparison.Ordinal));
        return line is null ? 0 : int.Parse(line[(line.LastIndexOf(' ') + 1)..], System.Globalization.CultureInfo.InvariantCulture);
    }

    private static async Task<byte[][]> FillAsync(Announcer tracker)
    {
        var torrents = Enumerable.Range(0, Swarms).Select(_ => Announcer.NewTorrent()).ToArray();
        foreach (var batch in torrents.Chunk(50))
        {
            await Task.WhenAll(batch.Select(async torrent =>
            {
                await tracker.AnnounceAsync(torrent, 1, 0);
                await tracker.AnnounceAsync(torrent, 2, 5);
            }));
        }

        return torrents;
    }

    private static async Task AssertPeersAsync(Announcer tracker, byte[][] torrents)
    {
        foreach (var batch in torrents.Chunk(50))
            Assert.All(await Task.WhenAll(batch.Select(tracker.ScrapeAsync)), entry => Assert.Equal((1L, 1L), (entry?.Complete, entry?.Incomplete)));
    }
}
