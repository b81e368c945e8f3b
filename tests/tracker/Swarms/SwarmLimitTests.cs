using System.Diagnostics;
using System.Net;
using Npgsql;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Swarms;

/// <summary>What one address or member can make of swarms, through a real node with its limits on.</summary>
public sealed class SwarmLimitTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    private static readonly IPAddress Crowd = IPAddress.Parse("127.0.0.66");
    private static readonly IPAddress Second = IPAddress.Parse("127.0.0.2");

    [Fact]
    public async Task One_address_neither_crowds_a_swarm_nor_completes_a_torrent_twice_a_day()
    {
        var database = await postgres.CreateDatabaseAsync();
        var node = await NodeProcess.StartNodeAsync(database, ("Tracker__PeersPerAddress", "4"));
        var tracker = new Announcer(node);
        var torrent = Announcer.NewTorrent();
        await tracker.AnnounceAsync(torrent, 1, 0);
        for (var peer = 100; peer < 200; peer++)
            await tracker.AnnounceAsync(torrent, peer, 0, "&event=completed&numwant=0", from: Crowd);
        Assert.Equal(new ScrapeEntry(5, 0, 1, 0), await tracker.ScrapeAsync(torrent));
        for (var round = 0; round < 20; round++)
            Assert.Contains(new IPEndPoint(IPAddress.Loopback, 1001), (await tracker.AnnounceAsync(torrent, 2, 5, "&numwant=2", from: Second)).Peers);

        // The same client over its other address is one completion, a member is one wherever it is.
        await tracker.AnnounceAsync(torrent, 2, 0, "&event=completed", from: Second);
        await tracker.AnnounceAsync(torrent, 2, 0, "&event=completed", ipv6: true);
        Assert.Equal(2, (await tracker.ScrapeAsync(torrent))!.Downloaded);
        var alice = await Member.RegisteredAsync(node.Http, "alice");
        foreach (var (peer, from) in new[] { (3, Second), (4, Crowd), (5, IPAddress.Loopback) })
            await tracker.GetAsync(Announcer.Target(torrent, peer, 0, "&event=completed", "/announce/" + alice.Passkey), from: from);
        Assert.Equal(3, (await tracker.ScrapeAsync(torrent))!.Downloaded);

        // A day later the address counts again, the member does not, and a restart changes nothing of it.
        await SqlAsync(database, "UPDATE swarm_completion SET completed_at = now() - interval '25 hours'");
        node = await node.StartAgainAsync();
        tracker = new Announcer(node);
        await tracker.AnnounceAsync(torrent, 300, 0, "&event=completed", from: Crowd);
        await tracker.AnnounceAsync(torrent, 301, 0, "&event=completed", from: Crowd);
        await tracker.GetAsync(Announcer.Target(torrent, 6, 0, "&event=completed", "/announce/" + alice.Passkey));
        Assert.Equal(4, (await tracker.ScrapeAsync(torrent))!.Downloaded);

        // What no longer matters is dropped, the count stays.
        await SqlAsync(database, "UPDATE swarm_completion SET completed_at = now() - interval '31 days'");
        await SqlAsync(database, "INSERT INTO swarm_snapshot (info_hash, peers, saved_at) VALUES (decode(repeat('ab', 20), 'hex'), '', now() - interval '2 hours')");
        await using var third = await node.StartAgainAsync();
        for (var waited = Stopwatch.StartNew(); await SqlAsync(database, "SELECT (SELECT count(*) FROM swarm_completion WHERE kind <> 2) + (SELECT count(*) FROM swarm_snapshot)") > 0; await Task.Delay(50))
            Assert.True(waited.Elapsed < TimeSpan.FromSeconds(30));
        Assert.Equal(1, await SqlAsync(database, "SELECT count(*) FROM swarm_completion"));
        Assert.Equal(4, (await new Announcer(third).ScrapeAsync(torrent))!.Downloaded);
    }

    [Fact]
    public async Task Who_begins_too_many_swarms_is_told_to_come_back_and_nobody_else()
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(),
            ("Tracker__NewSwarmRate", "0.001"), ("Tracker__NewSwarmBurst", "3"), ("Tracker__MaxSwarms", "9"));
        var tracker = new Announcer(node);
        var torrents = Enumerable.Range(0, 12).Select(_ => Announcer.NewTorrent()).ToArray();
        for (var i = 0; i < 3; i++)
            Assert.Null((await tracker.AnnounceAsync(torrents[i], 1, 0, from: Crowd)).Warning);
        Assert.NotNull((await tracker.AnnounceAsync(torrents[3], 1, 0, from: Crowd)).Warning);
        Assert.Equal(3, (await Metrics.ReadAsync(node)).Sum("pbts_swarms"));

        // Swarms that are there, other addresses and members are not concerned.
        Assert.Null((await tracker.AnnounceAsync(torrents[0], 2, 5, from: Crowd)).Warning);
        Assert.Null((await tracker.AnnounceAsync(torrents[3], 1, 0, from: Second)).Warning);
        var alice = await Member.RegisteredAsync(node.Http, "alice");
        Assert.Null((await tracker.GetAsync(Announcer.Target(torrents[4], 1, 0, path: "/announce/" + alice.Passkey), from: Crowd)).Warning);

        // The silo as a whole.
        for (var i = 5; i < 9; i++)
            Assert.Null((await tracker.AnnounceAsync(torrents[i], 1, 0, from: IPAddress.Parse($"127.0.1.{i}"))).Warning);
        Assert.NotNull((await tracker.AnnounceAsync(torrents[9], 1, 0, from: IPAddress.Parse("127.0.1.9"))).Warning);
        Assert.Null((await tracker.AnnounceAsync(torrents[8], 2, 0, from: IPAddress.Parse("127.0.1.9"))).Warning);
        // What /metrics said a moment ago it says again for a third of a second.
        await Wait.UntilAsync(async () => (await Metrics.ReadAsync(node)).Sum("pbts_swarms") == 9);
        var metrics = await Metrics.ReadAsync(node);
        Assert.Equal((1, 1), (metrics.Value("pbts_swarms_refused_total", "reason=\"rate\""), metrics.Value("pbts_swarms_refused_total", "reason=\"full\"")));
    }

    [Fact]
    public async Task A_front_end_of_its_own_keeps_the_same_limits()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var silo = await NodeProcess.StartSiloAsync(database, ("Tracker__MaxSwarms", "3"));
        await using var front = await NodeProcess.StartApiAsync(database, ("Tracker__NewSwarmRate", "0.001"), ("Tracker__NewSwarmBurst", "2"));
        var tracker = new Announcer(front);
        var torrents = Enumerable.Range(0, 5).Select(_ => Announcer.NewTorrent()).ToArray();
        Assert.Null((await tracker.AnnounceAsync(torrents[0], 1, 0)).Warning);
        Assert.Null((await tracker.AnnounceAsync(torrents[1], 1, 0)).Warning);
        Assert.NotNull((await tracker.AnnounceAsync(torrents[2], 1, 0)).Warning);
        Assert.Null((await tracker.AnnounceAsync(torrents[0], 1, 0, "&event=completed")).Warning);
        Assert.Null((await tracker.AnnounceAsync(torrents[2], 1, 0, from: Second)).Warning);
        Assert.NotNull((await tracker.AnnounceAsync(torrents[3], 1, 0, from: Second)).Warning);
        Assert.Equal(3, (await Metrics.ReadAsync(silo)).Sum("pbts_swarms"));
    }

    private static async Task<long> SqlAsync(string database, string sql)
    {
        await using var source = NpgsqlDataSource.Create(database);
        await using var command = source.CreateCommand(sql);
        return await command.ExecuteScalarAsync() as long? ?? 0;
    }
}
