using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Npgsql;
using Pbts.Grains.Database;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Site;

/// <summary>What a site counts: claims with the factors that held, member by member and torrent by torrent.</summary>
public sealed class CreditedTests(PostgresServer postgres) : IClassFixture<PostgresServer>, IAsyncLifetime
{
    private NpgsqlDataSource _database = null!;
    private NodeProcess _node = null!;
    private SiteLab _site = null!;

    public async Task InitializeAsync()
    {
        var database = await postgres.CreateDatabaseAsync();
        _database = NpgsqlDataSource.Create(database);
        _node = await NodeProcess.StartNodeAsync(database, ("Ratio__Basis", "credited"));
        _site = new SiteLab(_database, _node);
    }

    public async Task DisposeAsync()
    {
        await _node.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Fact]
    public async Task The_lowest_download_and_the_highest_upload_factor_count_from_the_moment_they_hold()
    {
        var alice = await Member.RegisteredAsync(_node.Http, "alice");
        var torrent = await _site.NewTorrentAsync(download: 50);
        await _database.ExecuteAsync("INSERT INTO site_groups (id, name, upload_factor) VALUES (7, 'uploaders', 300)");
        await _site.SetAsync("UPDATE users SET group_id = 7 WHERE user_id = $1", alice.UserId);
        var (claimed, credited) = ((Up: 0L, Down: 0L), (Up: 0L, Down: 0L));
        Assert.Null((await _site.AnnounceAsync(alice, torrent, more: "&event=started")).Failure);
        async Task CountsAsync(long up, long down)
        {
            claimed = (claimed.Up + 1000, claimed.Down + 1000);
            credited = (credited.Up + up, credited.Down + down);
            Assert.Null((await _site.AnnounceAsync(alice, torrent, up: claimed.Up, down: claimed.Down)).Failure);
            await _site.ExpectHistoryAsync(alice, torrent, (claimed.Up, claimed.Down, credited.Up, credited.Down));
        }

        await CountsAsync(3000, 500);
        await _site.SetAsync("UPDATE site_torrents SET download_factor = 0, upload_factor = 400 WHERE info_hash = $1", torrent);
        await CountsAsync(4000, 0);
        await _site.SetAsync("UPDATE site_torrents SET factors_until = now() WHERE info_hash = $1", torrent);
        await CountsAsync(3000, 1000);
        await _site.SetAsync("UPDATE site_torrents SET featured = true WHERE info_hash = $1", torrent);
        await CountsAsync(3000, 0);
        await _database.ExecuteAsync("UPDATE site_torrents SET featured = false WHERE info_hash = $1", torrent);
        await _site.SetAsync("UPDATE site_factors SET download_factor = 10, upload_factor = 500");
        await CountsAsync(5000, 100);
        await _site.SetAsync("UPDATE site_factors SET until = now()");
        await CountsAsync(3000, 1000);
        await _site.SetAsync("INSERT INTO freeleech_tokens (member, info_hash) SELECT id, $2 FROM users WHERE user_id = $1", alice.UserId, torrent);
        await CountsAsync(3000, 0);
        await _site.SetAsync("DELETE FROM freeleech_tokens");
        await CountsAsync(3000, 1000);
        await _site.SetAsync("UPDATE users SET freeleech_until = 'infinity' WHERE user_id = $1", alice.UserId);
        await CountsAsync(3000, 0);
        await _site.SetAsync("DELETE FROM site_groups");
        await CountsAsync(1000, 0);

        var user = (await _node.Http.GetJsonAsync($"/user/{alice.UserId}")).Answer;
        Assert.Equal(
            (credited.Up, credited.Down, claimed.Up, claimed.Down, 0, 0),
            ((long)user["credited_uploaded"]!, (long)user["credited_downloaded"]!, (long)user["claimed_uploaded"]!, (long)user["claimed_downloaded"]!, (long)user["total_uploaded"]!, (long)user["total_downloaded"]!));
        Assert.True(await _site.AddsUpAsync());
        // What the site was told adds up to the same.
        var told = (await _site.ChangesAsync()).Where(line => line.GetProperty("kind").GetString() == "member" && line.GetProperty("user_id").GetString() == alice.UserId).ToArray();
        Assert.Equal((credited.Up, credited.Down), (told.Sum(line => line.GetProperty("credited_uploaded_delta").GetInt64()), told.Sum(line => line.GetProperty("credited_downloaded_delta").GetInt64())));
        Assert.Equal(credited.Up, told[^1].GetProperty("credited_uploaded").GetInt64());
    }

    [Fact]
    public async Task A_torrent_is_served_as_the_site_says_and_who_leaves_may_always()
    {
        var alice = await Member.RegisteredAsync(_node.Http, "alice");
        var torrent = await _site.NewTorrentAsync();
        Assert.NotEmpty((await _site.AnnounceAsync(alice, torrent, more: "&event=started")).Peers);
        foreach (var (status, word) in new[] { (0, "approved yet"), (3, "postponed") })
        {
            await _site.SetAsync("UPDATE site_torrents SET status = $2, reason = 'look at the rules' WHERE info_hash = $1", torrent, (short)status);
            var reply = await _site.AnnounceAsync(alice, torrent);
            Assert.Equal((null, 0), (reply.Failure, reply.Peers.Length));
            Assert.Contains(word, reply.Warning, StringComparison.Ordinal);
            Assert.EndsWith(": look at the rules", reply.Warning, StringComparison.Ordinal);
        }

        foreach (var (status, word) in new[] { (2, "rejected"), (4, "deleted") })
        {
            await _site.SetAsync("UPDATE site_torrents SET status = $2, reason = NULL WHERE info_hash = $1", torrent, (short)status);
            Assert.Equal($"this torrent has been {word}", (await _site.AnnounceAsync(alice, torrent)).Failure);
            Assert.Equal($"this torrent has been {word}", (await _site.AnnounceAsync(alice, torrent, left: 0, more: "&event=completed")).Failure);
        }

        Assert.Null((await _site.AnnounceAsync(alice, torrent, more: "&event=stopped")).Failure);
        await _site.SetAsync("UPDATE site_torrents SET status = 1 WHERE info_hash = $1", torrent);
        Assert.NotEmpty((await _site.AnnounceAsync(alice, torrent, more: "&event=started")).Peers);
    }

    [Fact]
    public async Task A_group_has_so_many_slots_and_the_first_torrents_keep_them()
    {
        var alice = await Member.RegisteredAsync(_node.Http, "alice");
        await _database.ExecuteAsync("INSERT INTO site_groups (id, name, download_slots) VALUES (8, 'new', 2)");
        await _site.SetAsync("UPDATE users SET group_id = 8 WHERE user_id = $1", alice.UserId);
        var torrents = new List<byte[]>();
        for (var i = 0; i < 3; i++)
        {
            torrents.Add(await _site.NewTorrentAsync());
            var reply = await _site.AnnounceAsync(alice, torrents[i], more: "&event=started");
            if (i == 2)
            {
                Assert.Equal((null, 0), (reply.Failure, reply.Peers.Length));
                Assert.Contains("may download 2 torrents at once", reply.Warning, StringComparison.Ordinal);
                break;
            }

            Assert.NotEmpty(reply.Peers);
            await _site.ExpectHistoryAsync(alice, torrents[i], default);
            await Wait.UntilAsync(async () => (long)(await _site.ScalarAsync("SELECT count(*) FROM history WHERE active"))! == i + 1);
            // What is known of a member is half a minute old at most: this makes it new.
            await _site.SetAsync("UPDATE users SET donor = NOT donor WHERE user_id = $1", alice.UserId);
        }

        // The first two go on; a seeder needs no slot; one that has ended gives its slot to the next.
        Assert.NotEmpty((await _site.AnnounceAsync(alice, torrents[1])).Peers);
        Assert.Null((await _site.AnnounceAsync(alice, torrents[2], left: 0)).Warning);
        Assert.Null((await _site.AnnounceAsync(alice, torrents[2], left: 0, more: "&event=stopped")).Failure);
        Assert.Null((await _site.AnnounceAsync(alice, torrents[0], more: "&event=stopped")).Failure);
        await Wait.UntilAsync(async () => (long)(await _site.ScalarAsync("SELECT count(*) FROM history WHERE active AND NOT seeder"))! == 1);
        await _site.SetAsync("UPDATE users SET donor = NOT donor WHERE user_id = $1", alice.UserId);
        Assert.NotEmpty((await _site.AnnounceAsync(alice, torrents[2], more: "&event=started")).Peers);
    }

    [Fact]
    public async Task History_has_seed_time_completion_and_who_is_there_and_the_site_is_told()
    {
        var alice = await Member.RegisteredAsync(_node.Http, "alice");
        var torrent = await _site.NewTorrentAsync(id: 42);
        Assert.Null((await _site.AnnounceAsync(alice, torrent, more: "&event=started")).Failure);
        var seeding = Stopwatch.StartNew();
        Assert.Null((await _site.AnnounceAsync(alice, torrent, left: 0, down: 777, more: "&event=completed")).Failure);
        await Task.Delay(2500);
        // Two clients at once seed no faster than one.
        Assert.Null((await _site.AnnounceAsync(alice, torrent, left: 0, peer: 2)).Failure);
        Assert.Null((await _site.AnnounceAsync(alice, torrent, left: 0, down: 777)).Failure);
        await Task.Delay(1000);
        Assert.Null((await _site.AnnounceAsync(alice, torrent, left: 0, peer: 2)).Failure);
        Assert.Null((await _site.AnnounceAsync(alice, torrent, left: 0, down: 777, more: "&event=stopped")).Failure);
        await Wait.UntilAsync(async () => (bool)(await _site.ScalarAsync("SELECT count(*) = 1 AND bool_and(active AND seeder AND completed_at IS NOT NULL AND client = '-XX0001-') FROM history WHERE seeded > 3000"))!);
        Assert.Null((await _site.AnnounceAsync(alice, torrent, left: 0, peer: 2, more: "&event=stopped")).Failure);
        seeding.Stop();
        await Wait.UntilAsync(async () => (bool)(await _site.ScalarAsync("SELECT bool_and(NOT active) FROM history"))!);
        Assert.InRange((long)(await _site.ScalarAsync("SELECT seeded FROM history"))!, 3000, seeding.ElapsedMilliseconds);

        var changes = await _site.ChangesAsync();
        JsonElement Last(string kind) => changes.Last(line => line.GetProperty("kind").GetString() == kind);
        var (history, counts, peer) = (Last("history"), Last("torrent"), Last("peer"));
        Assert.Equal((alice.UserId, 42, 777, false), (history.GetProperty("user_id").GetString(), history.GetProperty("torrent_id").GetInt64(), history.GetProperty("downloaded").GetInt64(), history.GetProperty("active").GetBoolean()));
        Assert.Equal((42, 0, 1, 1), (counts.GetProperty("torrent_id").GetInt64(), counts.GetProperty("seeders").GetInt32(), counts.GetProperty("leechers").GetInt32(), counts.GetProperty("times_completed").GetInt64()));
        Assert.Equal(("127.0.0.2", 1002, false), (peer.GetProperty("ip").GetString(), peer.GetProperty("port").GetInt32(), peer.GetProperty("active").GetBoolean()));
        Assert.Equal(history.GetProperty("seed_time").GetDouble(), changes.Where(line => line.GetProperty("kind").GetString() == "history").Sum(line => line.GetProperty("seed_time_delta").GetDouble()), 3);
    }

    [Fact]
    public async Task Thousands_of_announces_while_everything_changes_add_up_to_the_byte_and_a_clean_restart_loses_none()
    {
        const int Members = 20, Torrents = 5, Rounds = 20;
        var members = await Task.WhenAll(Enumerable.Range(0, Members).Select(i => Member.RegisteredAsync(_node.Http, $"many{i}")));
        var torrents = new byte[Torrents][];
        for (var i = 0; i < Torrents; i++)
            torrents[i] = await _site.NewTorrentAsync(id: 100 + i);
        await Task.Delay(1000);
        using var stop = new CancellationTokenSource();
        var changing = Task.Run(async () =>
        {
            for (var i = 0; !stop.IsCancellationRequested; i++)
            {
                await _database.ExecuteAsync("UPDATE site_torrents SET download_factor = $1, upload_factor = $2 WHERE id = $3", (short)(i * 37 % 200), (short)(100 + i * 53 % 300), 100L + i % Torrents);
                await _database.ExecuteAsync("UPDATE site_factors SET upload_factor = $1", (short)(100 + i % 7 * 50));
            }
        });
        await Task.WhenAll(members.SelectMany((member, m) => torrents.Select(async (torrent, t) =>
        {
            Assert.Null((await _site.AnnounceAsync(member, torrent, more: "&event=started", peer: m + 1)).Failure);
            for (var round = 1; round <= Rounds; round++)
                Assert.Null((await _site.AnnounceAsync(member, torrent, up: round * (1000 + m), down: round * (500 + t), peer: m + 1)).Failure);
        })));
        await stop.CancelAsync();
        await changing;
        await _node.StopAsync();
        Assert.True(await _site.AddsUpAsync());
        Assert.Equal(Members * Torrents, (long)(await _site.ScalarAsync("SELECT count(*) FROM history"))!);
        // Nothing is lost and nothing comes twice: what was believed is what was said.
        Assert.Equal(Enumerable.Range(0, Members).Sum(m => Torrents * Rounds * (1000L + m)), Convert.ToInt64(await _site.ScalarAsync("SELECT sum(uploaded) FROM history")));
        Assert.Equal(Members * Rounds * Enumerable.Range(0, Torrents).Sum(t => 500L + t), Convert.ToInt64(await _site.ScalarAsync("SELECT sum(downloaded) FROM history")));
        var told = (await _site.ChangesAsync()).Where(line => line.GetProperty("kind").GetString() == "history").ToArray();
        Assert.Equal(Convert.ToInt64(await _site.ScalarAsync("SELECT sum(credited_uploaded) FROM history")), told.Sum(line => line.GetProperty("credited_uploaded_delta").GetInt64()));
        Assert.Equal(Convert.ToInt64(await _site.ScalarAsync("SELECT sum(credited_downloaded) FROM users")), told.Sum(line => line.GetProperty("credited_downloaded_delta").GetInt64()));
    }

    [Fact]
    public async Task Who_asks_for_peers_all_the_time_gets_no_more_of_them_and_no_word_of_it()
    {
        var fresh = await postgres.CreateDatabaseAsync();
        await using var node = await NodeProcess.StartNodeAsync(fresh, ("MAX_PEERS", "10"), ("Tracker__PeersAsLeecher", "25"), ("Tracker__PeersAsSeeder", "10"));
        await using var database = NpgsqlDataSource.Create(fresh);
        var site = new SiteLab(database, node);
        var (alice, bob) = (await Member.RegisteredAsync(node.Http, "alice"), await Member.RegisteredAsync(node.Http, "bob"));
        var torrent = await site.NewTorrentAsync();
        var tracker = new Announcer(node);
        for (var peer = 0; peer < 12; peer++)
            await tracker.AnnounceAsync(torrent, 100 + peer, left: 5);
        async Task<int> GetsAsync(Member member, long left)
        {
            var reply = await site.AnnounceAsync(member, torrent, left);
            Assert.Equal((null, null), (reply.Failure, reply.Warning));
            Assert.True(reply.Incomplete >= 13);
            return reply.Peers.Length;
        }

        int[] gets = [await GetsAsync(alice, 5), await GetsAsync(alice, 5), await GetsAsync(alice, 5), await GetsAsync(alice, 5)];
        Assert.Equal([10, 10, 0, 0], gets);
        // As a seeder it has a budget of its own, and so has everybody else.
        gets = [await GetsAsync(alice, 0), await GetsAsync(alice, 0), await GetsAsync(bob, 5)];
        Assert.Equal([10, 0, 10], gets);
    }

    [Fact]
    public async Task Torrents_that_are_not_registered_leave_no_history_and_are_told_where_only_registered_ones_are_served()
    {
        var alice = await Member.RegisteredAsync(_node.Http, "alice");
        var torrent = Announcer.NewTorrent();
        Assert.Null((await _site.AnnounceAsync(alice, torrent, more: "&event=started")).Failure);
        var fresh = await postgres.CreateDatabaseAsync();
        await using var closed = await NodeProcess.StartNodeAsync(fresh, ("Torrents__Access", "registered"));
        await using var database = NpgsqlDataSource.Create(fresh);
        var site = new SiteLab(database, closed);
        var bob = await Member.RegisteredAsync(closed.Http, "bob");
        Assert.Equal("unregistered torrent", (await site.AnnounceAsync(bob, torrent)).Failure);
        Assert.Equal("unregistered torrent", (await site.AnnounceAsync(bob, torrent)).Failure);
        await Wait.UntilAsync(async () => Convert.ToInt64(await site.ScalarAsync("SELECT coalesce(sum(times), 0) FROM unregistered_torrents")) == 2);
        var told = (await site.ChangesAsync()).Where(line => line.GetProperty("kind").GetString() == "unregistered").ToArray();
        Assert.Equal((bob.UserId, Convert.ToHexStringLower(torrent), 2), (told[^1].GetProperty("user_id").GetString(), told[^1].GetProperty("infohash").GetString(), told[^1].GetProperty("times").GetInt64()));
        // Registered now, it is served within seconds.
        await database.ExecuteAsync("INSERT INTO site_torrents (info_hash, id) VALUES ($1, 1)", torrent);
        await Wait.UntilAsync(async () => (await site.AnnounceAsync(bob, torrent, more: "&event=started")).Failure is null);
        await Wait.UntilAsync(async () => (long)(await site.ScalarAsync("SELECT count(*) FROM history"))! == 1);
        Assert.Equal(0, (long)(await _site.ScalarAsync("SELECT count(*) FROM history"))!);
    }
}
