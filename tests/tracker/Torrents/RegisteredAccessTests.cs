using System.Net;
using Npgsql;
using Pbts.Protocol.Receipts;
using Pbts.Tracker.Tests.Support;
using Pbts.Tracker.Tests.Udp;

namespace Pbts.Tracker.Tests.Torrents;

/// <summary><c>Torrents:Access=registered</c>: swarms of registered torrents alone, and what asking for others costs.</summary>
public sealed class RegisteredAccessTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    private const string Refusal = "unregistered torrent";
    private static readonly (string, string) RegisteredOnly = ("Torrents__Access", "registered");

    [Fact]
    public async Task Torrents_of_either_version_and_of_both_are_served_once_they_are_registered_over_http_and_udp()
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), RegisteredOnly);
        var tracker = new Announcer(node);
        using var udp = new UdpProbe(node);
        (byte[] File, InfoHash[] InfoHashes)[] torrents =
            [TestTorrents.Make("one"), TestTorrents.Make("two", version1: false, version2: true), TestTorrents.Make("both", version2: true)];
        Assert.Equal([1, 1, 2], torrents.Select(torrent => torrent.InfoHashes.Length));
        foreach (var hash in torrents.SelectMany(torrent => torrent.InfoHashes).Select(hash => hash.ToArray()))
        {
            foreach (var @event in (string[])["", "&event=started", "&event=completed", "&event=stopped"])
                Assert.Equal(Refusal, (await tracker.AnnounceAsync(hash, 1, 0, @event)).Failure);
            // A connection that has asked for something else before is ASP.NET's.
            Assert.Contains($"14:failure reason20:{Refusal}8:interval", await node.Http.GetStringAsync(Announcer.Target(hash, 1, 0)), StringComparison.Ordinal);
            Assert.Equal(Refusal, (await udp.AnnounceAsync(hash, 1, left: 0)).Error);
            Assert.Null(await tracker.ScrapeAsync(hash));
            Assert.Equal((0, 0, 0), (await udp.ExchangeAsync(UdpProbe.ScrapePacket(await udp.ConnectAsync(), 1, hash))).Scrape(0));
        }

        var metrics = await Metrics.ReadAsync(node);
        Assert.Equal(0, metrics.Value("pbts_swarms"));
        Assert.Equal(0, metrics.Sum("pbts_announce_duration_seconds_count"));
        Assert.Equal(8, metrics.Value("pbts_announces_total", "event=\"stopped\"", "outcome=\"refused\"") + metrics.Value("pbts_announces_total", "event=\"completed\"", "outcome=\"refused\""));

        foreach (var torrent in torrents)
            await TestTorrents.PublishAsync(node.Http, torrent);
        foreach (var hash in torrents.SelectMany(torrent => torrent.InfoHashes).Select(hash => hash.ToArray()))
        {
            await ServedAsync(async () => (await tracker.AnnounceAsync(hash, 1, 0)).Failure);
            Assert.Equal(1, (await udp.AnnounceAsync(hash, 1, left: 0)).Seeders);
            Assert.Equal(1, (await tracker.ScrapeAsync(hash))!.Complete);
        }

        Assert.Equal(4, (await Metrics.ReadAsync(node)).Value("pbts_swarms"));
        Assert.Equal(Refusal, (await tracker.AnnounceAsync(Announcer.NewTorrent(), 1, 0)).Failure);
    }

    [Fact]
    public async Task What_one_front_end_registers_all_of_them_serve_within_seconds()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var first = await NodeProcess.StartSiloAsync(database, RegisteredOnly);
        await using var second = await NodeProcess.StartNodeAsync(database, RegisteredOnly);
        await using var one = await NodeProcess.StartApiAsync(database);
        await using var other = await NodeProcess.StartApiAsync(database);
        var trackers = new[] { one, other, second }.Select(node => new Announcer(node)).ToArray();
        for (var i = 0; i < 8; i++)
        {
            var torrent = TestTorrents.Make($"torrent {i}", version2: i % 2 == 0);
            foreach (var hash in torrent.InfoHashes)
            {
                foreach (var tracker in trackers)
                    Assert.Equal(Refusal, (await tracker.AnnounceAsync(hash.ToArray(), 1, 0)).Failure);
            }

            await TestTorrents.PublishAsync(one.Http, torrent);
            foreach (var hash in torrent.InfoHashes)
            {
                for (var peer = 0; peer < trackers.Length; peer++)
                    await ServedAsync(async () => (await trackers[peer].AnnounceAsync(hash.ToArray(), peer + 1, 0)).Failure);
                // One swarm, whoever asks.
                Assert.All(await Task.WhenAll(trackers.Select(tracker => tracker.ScrapeAsync(hash.ToArray()))), entry => Assert.Equal(3, entry!.Complete));
            }
        }
    }

    [Fact]
    public async Task Ten_thousand_made_up_hashes_leave_nothing_behind_and_the_announces_of_live_swarms_ask_no_database()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var node = await NodeProcess.StartNodeAsync(database, RegisteredOnly);
        var torrent = (await TestTorrents.PublishAsync(node.Http, TestTorrents.Make("good")))[0].ToArray();
        var tracker = new Announcer(node);
        Assert.Null((await tracker.AnnounceAsync(torrent, 1, 0)).Failure);
        var activations = await ActivationsAsync(node);
        Assert.True(activations > 0, "Nothing counts activations.");

        var refused = 0;
        await Parallel.ForEachAsync(Enumerable.Range(0, 10_000), new ParallelOptions { MaxDegreeOfParallelism = 64 }, async (_, cancel) =>
        {
            var answer = await node.Http.GetStringAsync(Announcer.Target(Announcer.NewTorrent(), 1, 0), cancel);
            Assert.True(answer.Contains(Refusal, StringComparison.Ordinal), answer);
            Interlocked.Increment(ref refused);
        });
        Assert.Equal(10_000, refused);
        Assert.Equal(1, (await Metrics.ReadAsync(node)).Value("pbts_swarms"));
        Assert.InRange(await ActivationsAsync(node), activations - 50, activations + 50);

        // Without its table the registry cannot be read; whoever does not ask it does not notice.
        var again = Announcer.NewTorrent();
        Assert.Equal(Refusal, (await tracker.AnnounceAsync(again, 1, 0)).Failure);
        await ExecuteAsync(database, "ALTER TABLE torrents RENAME TO torrents_away");
        Assert.Equal(Refusal, (await tracker.AnnounceAsync(again, 1, 0)).Failure);
        for (var i = 0; i < 300; i++)
            Assert.Equal(((string?)null, (string?)null), await ProblemsAsync(torrent, 1 + (i % 5)));
        var (failure, warning) = await ProblemsAsync(Announcer.NewTorrent(), 1);
        Assert.Null(failure);
        Assert.NotNull(warning);
        await ExecuteAsync(database, "ALTER TABLE torrents_away RENAME TO torrents");
        await ServedAsync(async () => (await tracker.AnnounceAsync(again, 1, 0)).Failure == Refusal ? null : "still busy", seconds: 30);

        async Task<(string? Failure, string? Warning)> ProblemsAsync(byte[] hash, int peer)
        {
            var reply = await tracker.AnnounceAsync(hash, peer, peer % 2);
            return (reply.Failure, reply.Warning);
        }
    }

    [Fact]
    public async Task A_swarm_of_the_time_when_all_were_served_ends_with_its_process()
    {
        var database = await postgres.CreateDatabaseAsync();
        var torrent = TestTorrents.Make("known");
        var (hash, unknown) = (torrent.InfoHashes[0].ToArray(), Announcer.NewTorrent());
        await using (var open = await NodeProcess.StartNodeAsync(database))
        {
            await TestTorrents.PublishAsync(open.Http, torrent);
            var all = new Announcer(open);
            foreach (var served in (byte[][])[hash, unknown])
            {
                Assert.Null((await all.AnnounceAsync(served, 1, 100, "&event=started")).Failure);
                Assert.Null((await all.AnnounceAsync(served, 1, 0, "&event=completed")).Failure);
                Assert.Equal(1, (await all.ScrapeAsync(served))!.Downloaded);
            }

            await open.StopAsync();
        }

        await using var node = await NodeProcess.StartNodeAsync(database, RegisteredOnly);
        var tracker = new Announcer(node);
        Assert.Equal((1, 1), await CountsAsync(tracker, hash));
        Assert.Null(await tracker.ScrapeAsync(unknown));
        Assert.Equal(Refusal, (await tracker.AnnounceAsync(unknown, 1, 0)).Failure);
        Assert.Null((await tracker.AnnounceAsync(hash, 2, 5)).Failure);
    }

    [Fact]
    public async Task While_the_registry_cannot_be_read_live_swarms_go_on_and_others_are_told_to_come_back()
    {
        await using var server = new OwnServer();
        await server.Postgres.InitializeAsync();
        var database = await server.Postgres.CreateDatabaseAsync();
        await using var node = await NodeProcess.StartNodeAsync(database, RegisteredOnly);
        await using var other = await NodeProcess.StartNodeAsync(database, RegisteredOnly);
        var (known, later) = (TestTorrents.Make("known"), TestTorrents.Make("later"));
        await TestTorrents.PublishAsync(node.Http, known);
        await TestTorrents.PublishAsync(node.Http, later);
        var tracker = new Announcer(node);
        Assert.Null((await tracker.AnnounceAsync(known.InfoHashes[0].ToArray(), 1, 0)).Failure);

        await server.Postgres.KillAsync();
        Assert.Equal(1, (await tracker.AnnounceAsync(known.InfoHashes[0].ToArray(), 2, 9)).Complete);
        // The other node has never heard of it, but the swarm is there.
        var elsewhere = await new Announcer(other).AnnounceAsync(known.InfoHashes[0].ToArray(), 3, 9);
        Assert.Equal(((string?)null, (string?)null, 1L), (elsewhere.Failure, elsewhere.Warning, elsewhere.Complete));
        foreach (var hash in (byte[][])[later.InfoHashes[0].ToArray(), Announcer.NewTorrent()])
        {
            var reply = await tracker.AnnounceAsync(hash, 1, 0);
            Assert.Null(reply.Failure);
            Assert.NotNull(reply.Warning);
        }

        await server.Postgres.StartAsync();
        await ServedAsync(async () => (await tracker.AnnounceAsync(later.InfoHashes[0].ToArray(), 1, 0)) is { Failure: null, Warning: var warning } ? warning : "failed", seconds: 30);
    }

    [Fact]
    public async Task A_torrent_file_of_ten_mebibytes_is_read_and_a_longer_one_is_not()
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync());
        var large = TestTorrents.Make("large", length: 16384L * 500_000);
        Assert.InRange(large.File.Length, 9_500_000, 10 << 20);
        await TestTorrents.PublishAsync(node.Http, large);
        var (status, answer) = await node.Http.CallAsync(HttpMethod.Post, "/torrents", new ByteArrayContent(TestTorrents.Make("larger", length: 16384L * 530_000).File));
        Assert.True(status == HttpStatusCode.RequestEntityTooLarge, answer.ToJsonString());
    }

    /// <summary>Waits until there is no problem any more.</summary>
    private static async Task ServedAsync(Func<Task<string?>> problem, int seconds = 5)
    {
        for (var started = Environment.TickCount64; await problem() is { } text; await Task.Delay(100))
            Assert.True(Environment.TickCount64 - started < seconds * 1000, text);
    }

    private static async Task<(long Complete, long Downloaded)> CountsAsync(Announcer tracker, byte[] hash) =>
        await tracker.ScrapeAsync(hash) is { } entry ? (entry.Complete, entry.Downloaded) : default;

    private static async Task<double> ActivationsAsync(NodeProcess node) => (await Metrics.ReadAsync(node)).Sum("orleans_catalog_activations");

    private static async Task ExecuteAsync(string database, string sql)
    {
        await using var source = NpgsqlDataSource.Create(database);
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    private sealed class OwnServer : IAsyncDisposable
    {
        public PostgresServer Postgres { get; } = new();

        public async ValueTask DisposeAsync() => await Postgres.DisposeAsync();
    }
}
