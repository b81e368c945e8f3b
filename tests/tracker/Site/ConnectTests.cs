using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;
using Npgsql;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Site;

/// <summary>What became durable at the tracker comes to the tables of UNIT3D exactly once, whoever is killed when.</summary>
public sealed class ConnectTests(PostgresServer postgres, MariaServer maria) : IClassFixture<PostgresServer>, IClassFixture<MariaServer>
{
    private const int Members = 40;
    private const int Torrents = 20;
    private const string Peer = "2d7142343633302d303030303030303030303030";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task Changes_come_to_unit3d_as_its_own_announce_service_writes_them()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var node = await NodeProcess.StartNodeAsync(database);
        var site = await SiteAsync();
        await maria.ExecuteAsync(site, "UPDATE torrents SET balance = 5 WHERE id = 3");
        await AddAsync(database,
            History(1, 3, 10, 4, 20, 2, 1.25, 1.25), Member("1", 20, 2), Member("alice-of-no-number", 9, 9), Member("0123", 9, 9), Torrent(3, 2, 1, 7), Gossip(),
            PeerLine(1, 3, Peer, active: true), PeerLine(2, 3, Peer, active: true, ip: "2001:db8::5"), Unregistered(2, 100));
        await AddAsync(database,
            History(1, 3, 1, 1, 1, 1, 0.5, 1.75), History(1, 3, 1, 1, 1, 1, 0.5, 2.25, completed: 1700000300), Member("1", 1, 1), Member("1", 1, 1), PeerLine(2, 3, Peer, active: false), Unregistered(2, 200),
            // Of what the site does not have, or no more.
            History(999, 3, 1, 1, 1, 1, 1, 1), History(1, 999, 1, 1, 1, 1, 1, 1), Member("999", 1, 1), PeerLine(999, 3, Peer, active: true), Unregistered(999, 1), History(1, null, 1, 1, 1, 1, 1, 1));
        await using var connector = Start(node, site);
        await ReachesAsync(site, 2, connector);

        Assert.Equal(["1022|2004"], await maria.QueryAsync(site, "SELECT uploaded, downloaded FROM users WHERE id = 1"));
        Assert.Equal([$"{Members}"], await maria.QueryAsync(site, "SELECT COUNT(*) FROM users WHERE uploaded >= 1000"));
        // Counted credited, actual, and as the client says; seconds of which none is lost for being parts of one.
        Assert.Equal(["1|3|-qB4630-|22|12|777|4|6|888|1|1|2|1700000000|1700000100|1700000300"], await maria.QueryAsync(site, """
            SET time_zone = '+00:00'; SELECT user_id, torrent_id, agent, uploaded, actual_uploaded, client_uploaded, downloaded, actual_downloaded, client_downloaded, seeder, active, seedtime,
                UNIX_TIMESTAMP(created_at), UNIX_TIMESTAMP(updated_at), UNIX_TIMESTAMP(completed_at) FROM history
            """));
        Assert.Equal(["2|1|7|11"], await maria.QueryAsync(site, "SELECT seeders, leechers, times_completed, balance FROM torrents WHERE id = 3"));
        Assert.Equal([""], await maria.QueryAsync(site, "SELECT DISTINCT balance FROM torrents WHERE id <> 3"));
        Assert.Equal([$"1|3|{Peer}|203.0.113.9|6881|5|6|7|1|1|1|-qB4630-"], await maria.QueryAsync(site,
            "SELECT user_id, torrent_id, LOWER(HEX(peer_id)), INET6_NTOA(ip), port, uploaded, downloaded, `left`, seeder, active, visible, agent FROM peers"));
        Assert.Equal([$"2|{new string('a', 40)}|100|200"], await maria.QueryAsync(site, "SET time_zone = '+00:00'; SELECT user_id, LOWER(HEX(info_hash)), UNIX_TIMESTAMP(created_at), UNIX_TIMESTAMP(updated_at) FROM unregistered_info_hashes"));
        Assert.Equal(0, await connector.EndAsync(Patience));
    }

    [Fact]
    public async Task Every_change_is_applied_once_while_everybody_is_killed_at_random()
    {
        var database = await postgres.CreateDatabaseAsync();
        var node = await NodeProcess.StartNodeAsync(database);
        var connector = (CliProcess?)null;
        try
        {
            var site = await SiteAsync();
            var (random, expected) = (new Random(7), new Dictionary<string, long>());
            connector = Start(node, site);
            var (batches, killed) = (0, false);
            var adding = Task.Run(async () =>
            {
                for (; !Volatile.Read(ref killed); batches++)
                {
                    var lines = new List<JsonObject>();
                    for (var i = 0; i < 30; i++)
                    {
                        var (user, torrent, up, down) = (1 + random.Next(Members), 1 + random.Next(Torrents), random.Next(1000), random.Next(1000));
                        lines.Add(History(user, torrent, up, down, 2 * up, down / 2, 1, batches + 1));
                        lines.Add(Member($"{user}", 2 * up, down / 2));
                        expected[$"user {user}"] = expected.GetValueOrDefault($"user {user}") + (2 * up);
                        expected[$"{user} {torrent}"] = expected.GetValueOrDefault($"{user} {torrent}") + up;
                    }

                    await AddAsync(database, [.. lines]);
                    await Task.Delay(15);
                }
            });
            for (var kill = 0; kill < 10; kill++)
            {
                // Goes on between two kills, or nothing would be tried.
                var before = await CursorAsync(site);
                await Wait.UntilAsync(async () => await CursorAsync(site) > before, () => $"It stays at {before}: {connector.Error}");
                await Task.Delay(Random.Shared.Next(60));
                switch (kill % 3)
                {
                    case 0:
                        await connector.DisposeAsync();
                        connector = Start(node, site);
                        break;
                    case 1:
                        await maria.KillAsync();
                        await maria.StartAsync();
                        break;
                    default:
                        node = await node.StartAgainAsync();
                        await connector.DisposeAsync();
                        connector = Start(node, site);
                        break;
                }
            }

            Volatile.Write(ref killed, true);
            await adding;
            await ReachesAsync(site, batches, connector);
            Assert.Equal(
                expected.Where(sum => sum.Key.StartsWith("user", StringComparison.Ordinal)).Select(sum => $"{sum.Key}|{1000 + sum.Value}").Order(),
                (await maria.QueryAsync(site, "SELECT CONCAT('user ', id), uploaded FROM users WHERE uploaded > 1000")).Order());
            Assert.Equal(
                expected.Where(sum => !sum.Key.StartsWith("user", StringComparison.Ordinal)).Select(sum => $"{sum.Key}|{sum.Value}").Order(),
                (await maria.QueryAsync(site, "SELECT CONCAT(user_id, ' ', torrent_id), actual_uploaded FROM history")).Order());
        }
        finally
        {
            if (connector is not null)
                await connector.DisposeAsync();
            await node.DisposeAsync();
        }
    }

    /// <summary>Before the site's database knows of a transaction, and after it is asked to commit, when nobody can say whether it did.</summary>
    [Theory]
    [InlineData("start transaction", false)]
    [InlineData("commit", true)]
    public async Task It_comes_back_when_its_connection_is_reset(string at, bool isPassedOn)
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var node = await NodeProcess.StartNodeAsync(database);
        var site = await SiteAsync();
        await using var line = new ResettingLine(maria.Port, at, isPassedOn, times: 2);
        await AddAsync(database, Member("1", 1, 0));
        await using var connector = Start(node, site, line.Port);
        await ReachesAsync(site, 1, connector);
        await AddAsync(database, Member("1", 1, 0));
        await ReachesAsync(site, 2, connector);

        Assert.Equal(2, line.Resets);
        Assert.Equal(["1002"], await maria.QueryAsync(site, "SELECT uploaded FROM users WHERE id = 1"));
        Assert.Equal(0, await connector.EndAsync(Patience));
    }

    [Fact]
    public async Task It_stops_with_the_way_to_go_on_where_it_cannot_by_itself()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var node = await NodeProcess.StartNodeAsync(database);
        var site = await SiteAsync();
        await AddAsync(database, Member("1", 1, 0));
        await using (var first = Start(node, site))
        {
            await ReachesAsync(site, 1, first);
            Assert.Equal(0, await first.EndAsync(Patience));
        }

        // Days later.
        for (var i = 0; i < 3; i++)
            await AddAsync(database, Member("1", 1, 0));
        await RunAsync(database, "DELETE FROM site_changes WHERE id < 4");
        await using (var late = Start(node, site))
        {
            Assert.Equal(1, await late.ExitAsync(Patience));
            Assert.Contains("UPDATE pbts_cursor SET position = 4", late.Error, StringComparison.Ordinal);
        }

        await maria.ExecuteAsync(site, "UPDATE pbts_cursor SET position = 3");
        await using (var again = Start(node, site))
            await ReachesAsync(site, 4, again);
        Assert.Equal(["1002"], await maria.QueryAsync(site, "SELECT uploaded FROM users WHERE id = 1"));

        await using var other = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync());
        await using var wrong = Start(other, site);
        Assert.Equal(1, await wrong.ExitAsync(Patience));
        Assert.Contains("has followed another tracker", wrong.Error, StringComparison.Ordinal);
    }

    private Task<string> SiteAsync() => maria.CreateDatabaseAsync($"""
        {SiteFixtures.Unit3dTables}
        INSERT INTO `groups` VALUES (2, 'User', 'user', 25, 0, 0, 0);
        INSERT INTO users SELECT seq, CONCAT('user', seq), MD5(CONCAT('user', seq)), 2, 1000, 2000, 1, 0, 0, NULL FROM seq_1_to_{Members};
        INSERT INTO torrents SELECT seq, CONCAT('torrent', seq), 1, 0, 0, 0, 0, 0, 1, NULL, NULL, NULL, NULL, NULL, UNHEX(SHA1(CONCAT('torrent', seq))) FROM seq_1_to_{Torrents};
        """);

    private CliProcess Start(NodeProcess node, string site, int? port = null) => CliProcess.Start("connect", "unit3d", "--mysql", maria.UrlOf(site, port), "--tracker", $"{node.Url}");

    private async Task<long> CursorAsync(string site) =>
        (await maria.QueryAsync(site, "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'pbts_cursor'"))[0] == "0" ? 0
            : await maria.QueryAsync(site, "SELECT position FROM pbts_cursor") is [var position] ? long.Parse(position, CultureInfo.InvariantCulture) : 0;

    private Task ReachesAsync(string site, long cursor, CliProcess connector) => Wait.UntilAsync(async () => await CursorAsync(site) == cursor, () => connector.Error);

    /// <summary>A batch of changes, as silos write them.</summary>
    private static async Task AddAsync(string database, params JsonObject[] lines)
    {
        using var packed = new MemoryStream();
        await using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
            await gzip.WriteAsync(Encoding.UTF8.GetBytes(string.Concat(lines.Select(line => line.ToJsonString() + "\n"))));
        await RunAsync(database, "INSERT INTO site_changes (batch, lines) VALUES (gen_random_uuid(), $1)", new NpgsqlParameter { Value = packed.ToArray() });
    }

    private static async Task RunAsync(string database, string sql, params NpgsqlParameter[] parameters)
    {
        await using var source = NpgsqlDataSource.Create(database);
        await using var command = source.CreateCommand(sql);
        command.Parameters.AddRange(parameters);
        await command.ExecuteNonQueryAsync();
    }

    private static JsonObject History(int user, int? torrent, long up, long down, long creditedUp, long creditedDown, double seedTimeDelta, double seedTime, long? completed = null) => new()
    {
        ["kind"] = "history", ["user_id"] = $"{user}", ["infohash"] = new string('b', 40), ["torrent_id"] = torrent, ["uploaded_delta"] = up, ["downloaded_delta"] = down,
        ["credited_uploaded_delta"] = creditedUp, ["credited_downloaded_delta"] = creditedDown, ["uploaded"] = up, ["downloaded"] = down, ["credited_uploaded"] = creditedUp, ["credited_downloaded"] = creditedDown,
        ["client_uploaded"] = 777, ["client_downloaded"] = 888, ["seed_time_delta"] = seedTimeDelta, ["seed_time"] = seedTime, ["completed_at"] = completed, ["first_seen"] = 1700000000, ["last_seen"] = 1700000100.5,
        ["client"] = "-qB4630-", ["seeder"] = true, ["active"] = true,
    };

    private static JsonObject Member(string user, long up, long down) => new()
    {
        ["kind"] = "member", ["user_id"] = user, ["credited_uploaded"] = 1, ["credited_downloaded"] = 1, ["credited_uploaded_delta"] = up, ["credited_downloaded_delta"] = down, ["uploaded"] = 0, ["downloaded"] = 0,
    };

    private static JsonObject Torrent(int torrent, int seeders, int leechers, int times) => new()
    {
        ["kind"] = "torrent", ["infohash"] = new string('b', 40), ["torrent_id"] = torrent, ["seeders"] = seeders, ["leechers"] = leechers, ["times_completed"] = times,
    };

    private static JsonObject PeerLine(int user, int torrent, string peer, bool active, string ip = "203.0.113.9") => new()
    {
        ["kind"] = "peer", ["user_id"] = $"{user}", ["infohash"] = new string('b', 40), ["torrent_id"] = torrent, ["peer_id"] = peer, ["ip"] = ip, ["port"] = 6881, ["uploaded"] = 5, ["downloaded"] = 6,
        ["left"] = 7, ["seeder"] = true, ["active"] = active, ["last_seen"] = 1700000100,
    };

    private static JsonObject Unregistered(int user, long lastSeen) => new() { ["kind"] = "unregistered", ["user_id"] = $"{user}", ["infohash"] = new string('a', 40), ["last_seen"] = lastSeen, ["times"] = 3 };

    /// <summary>Of a kind that came later.</summary>
    private static JsonObject Gossip() => new() { ["kind"] = "gossip", ["words"] = 3 };
}
