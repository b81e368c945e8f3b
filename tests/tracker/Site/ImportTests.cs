using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Npgsql;
using Pbts.Tracker.Tests.Support;
using Pbts.Tracker.Tests.Udp;
using Xunit.Abstractions;

namespace Pbts.Tracker.Tests.Site;

/// <summary>Sites move here with everything they have, by the command and the interface that an operator uses, and what they had announces as before.</summary>
public sealed class ImportTests(PostgresServer postgres, MariaServer maria, ITestOutputHelper output) : IClassFixture<PostgresServer>, IClassFixture<MariaServer>
{
    private const string Token = "a-token-of-the-administration-of-some-length";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    [Fact]
    public async Task A_site_of_unit3d_comes_whole_and_again_without_a_change()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var node = await NodeProcess.StartNodeAsync(database, ("PBTS_ADMIN_TOKEN", Token), ("Administration__AllowLocal", "false"));
        var site = await maria.CreateDatabaseAsync(SiteFixtures.Unit3d(1000, 500, 10_000));
        var token = await TokenAsync(node);
        var empty = await HashesAsync(database);

        // Tried without a trace.
        var tried = await ImportAsync(node, token, "unit3d", maria.UrlOf(site), "--dry-run");
        Assert.Equal((true, 1002, 0), (tried.GetProperty("dry_run").GetBoolean(), tried.GetProperty("read").GetProperty("members").GetInt32(), Brought(tried, "members")));
        Assert.Equal(empty, await HashesAsync(database));

        var report = await ImportAsync(node, token, "unit3d", maria.UrlOf(site));
        Assert.Equal((4, 1000, 500, 10_000, 20, 2), (Brought(report, "groups"), Brought(report, "members"), Brought(report, "torrents"), Brought(report, "history"), Brought(report, "freeleech_tokens"), Brought(report, "clients")));
        Assert.Equal(
            [
                ("clients", "no prefix of a peer id", 1, "a b"), ("history", "unknown member", 3, $"1001 {Hash(1)}"), ("members", "bad passkey: not 32 letters and digits", 2, "1001"),
                ("torrents", "another torrent has its infohash", 1, "501"),
            ], LeftOut(report));
        Assert.Equal(("torrents", "freeleech and double upload end together, when the first does"), (Text(report.GetProperty("changed")[0], "what"), Text(report.GetProperty("changed")[0], "reason")));

        await SameAsync(site, database,
            "SELECT id, name, download_slots, is_immune, IF(is_freeleech, 0, 100), IF(is_double_upload, 200, 100) FROM `groups` ORDER BY id",
            "SELECT id, name, download_slots, immune::int, download_factor, upload_factor FROM site_groups ORDER BY id");
        await SameAsync(site, database,
            "SELECT id, passkey, group_id, IF(group_id = 4, 'banned', NULL), can_download, is_donor, is_lifetime, uploaded, downloaded, uploaded, downloaded, id = 1 FROM users WHERE id <= 1000 ORDER BY id",
            "SELECT user_id, passkey, group_id, disabled, (NOT may_not_download)::int, donor::int, lifetime::int, baseline_uploaded, baseline_downloaded, credited_uploaded, credited_downloaded, (freeleech_until > now())::int IS NOT DISTINCT FROM 1 FROM users ORDER BY user_id::bigint");
        await SameAsync(site, database, """
            SELECT LOWER(HEX(info_hash)), id, IF(deleted_at IS NULL, status, 4), 100 - free, IF(doubleup, 200, 100), times_completed, id = 3,
                UNIX_TIMESTAMP(IF(doubleup AND du_until IS NOT NULL, du_until, IF(free > 0, fl_until, NULL))) FROM torrents WHERE id <= 500 ORDER BY id
            """, "SELECT encode(info_hash, 'hex'), id, status, download_factor, upload_factor, times_completed, featured, extract(epoch FROM factors_until)::bigint FROM site_torrents ORDER BY id");
        await SameAsync(site, database, """
            SELECT user_id, LOWER(HEX(info_hash)), actual_uploaded, actual_downloaded, client_uploaded, client_downloaded, seedtime * 1000, 0, UNIX_TIMESTAMP(history.created_at), UNIX_TIMESTAMP(updated_at),
                UNIX_TIMESTAMP(completed_at), LEFT(agent, 8), seeder, 0 FROM history JOIN torrents ON torrents.id = torrent_id WHERE user_id <= 1000 ORDER BY user_id, LOWER(HEX(info_hash))
            """, """
            SELECT user_id, encode(info_hash, 'hex'), history.uploaded, history.downloaded, client_uploaded, client_downloaded, seeded, history.credited_uploaded, extract(epoch FROM first_seen)::bigint, extract(epoch FROM last_seen)::bigint,
                extract(epoch FROM completed_at)::bigint, client, seeder::int, active::int FROM history JOIN users ON users.id = member ORDER BY user_id::bigint, 2
            """);
        await SameAsync(site, database, "SELECT user_id, LOWER(HEX(info_hash)) FROM freeleech_tokens JOIN torrents ON torrents.id = torrent_id ORDER BY 1, 2",
            "SELECT user_id, encode(info_hash, 'hex') FROM freeleech_tokens JOIN users ON users.id = member ORDER BY user_id::bigint, 2");
        Assert.Equal(["-XX99|False|cheats", "-ZZ|False|"], await RowsAsync(database, "SELECT convert_from(prefix, 'UTF8'), allowed, reason FROM client_rules ORDER BY 1"));

        var before = await HashesAsync(database);
        var again = await ImportAsync(node, token, "unit3d", maria.UrlOf(site));
        Assert.Equal((1000, 0), (Brought(again, "members"), Brought(again, "history")));
        Assert.Equal(before, await HashesAsync(database));

        // What the site changed comes; what was not there comes.
        await maria.ExecuteAsync(site, "UPDATE users SET uploaded = 7, can_download = 0 WHERE id = 5; INSERT INTO history SELECT 2, 400, 'x', 1, 1, 1, 1, 0, 1, 1, 0, 0, 1, 0, 0, '2024-01-01', '2024-01-01', NULL");
        Assert.Equal(1, Brought(await ImportAsync(node, token, "unit3d", maria.UrlOf(site)), "history"));
        Assert.Equal(["7|7|True"], await RowsAsync(database, "SELECT credited_uploaded, baseline_uploaded, may_not_download FROM users WHERE user_id = '5'"));

        await AnnouncesAsync(node, Hash(2), (await maria.QueryAsync(site, "SELECT passkey FROM users WHERE id = 3"))[0]);
    }

    [Fact]
    public async Task A_site_of_gazelle_comes_whole_and_again_without_a_change()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var node = await NodeProcess.StartNodeAsync(database);
        var site = await maria.CreateDatabaseAsync(SiteFixtures.Gazelle(1000, 500, 10_000));
        var report = await ImportAsync(node, null, "gazelle", maria.UrlOf(site));
        Assert.Equal((3, 1000, 500, 10_000, 16, 3), (Brought(report, "groups"), Brought(report, "members"), Brought(report, "torrents"), Brought(report, "history"), Brought(report, "freeleech_tokens"), Brought(report, "clients")));
        Assert.Equal(
            [
                ("history", "malformed infohash", 1, "1 6e6f7420612068617368"), ("history", "unknown member", 1, $"1009 {Hash(1)}"), ("history", "unknown torrent", 1, "1"),
                ("members", "bad passkey: not 32 letters and digits", 1, "1001"), ("members", "passkey taken", 1, "1002"), ("torrents", "malformed infohash", 1, "501"),
            ], LeftOut(report));
        Assert.Equal(25, report.GetProperty("changed")[0].GetProperty("count").GetInt32());

        await SameAsync(site, database, "SELECT ID, Name FROM permissions ORDER BY ID", "SELECT id, name FROM site_groups ORDER BY id");
        await SameAsync(site, database, """
            SELECT ID, torrent_pass, PermissionID, CASE Enabled WHEN '0' THEN 'not confirmed' WHEN '2' THEN 'disabled' END, can_leech, Donor, Uploaded, Downloaded, Uploaded, Downloaded
            FROM users_main JOIN users_info ON UserID = ID ORDER BY ID
            """, "SELECT user_id, passkey, group_id, disabled, (NOT may_not_download)::int, donor::int, baseline_uploaded, baseline_downloaded, credited_uploaded, credited_downloaded FROM users ORDER BY user_id::bigint");
        await SameAsync(site, database,
            "SELECT LOWER(HEX(info_hash)), ID, 1, IF(FreeTorrent = '0', 100, 0), IF(FreeTorrent = '2', 0, 100), Snatched FROM torrents WHERE ID <= 500 ORDER BY ID",
            "SELECT encode(info_hash, 'hex'), id, status, download_factor, upload_factor, times_completed FROM site_torrents ORDER BY id");
        await SameAsync(site, database, """
            SELECT uid, LOWER(HEX(info_hash)), 0, 0, MIN(tstamp), MAX(tstamp), MIN(tstamp) FROM xbt_snatched JOIN torrents ON ID = fid AND ID <= 500 WHERE uid <= 1000 GROUP BY uid, fid ORDER BY uid, LOWER(HEX(info_hash))
            """, """
            SELECT user_id, encode(info_hash, 'hex'), history.uploaded, history.downloaded, extract(epoch FROM first_seen)::bigint, extract(epoch FROM last_seen)::bigint, extract(epoch FROM completed_at)::bigint
            FROM history JOIN users ON users.id = member ORDER BY user_id::bigint, 2
            """);
        await SameAsync(site, database, "SELECT UserID, LOWER(HEX(info_hash)) FROM users_freeleeches JOIN torrents ON ID = TorrentID WHERE Expired = 0 ORDER BY 1, 2",
            "SELECT user_id, encode(info_hash, 'hex') FROM freeleech_tokens JOIN users ON users.id = member ORDER BY user_id::bigint, 2");
        Assert.Equal(["-TR3|True", "-XX|True", "-qB4|True"], await RowsAsync(database, "SELECT convert_from(prefix, 'UTF8'), allowed FROM client_rules ORDER BY prefix"));

        var before = await HashesAsync(database);
        Assert.Equal(0, Brought(await ImportAsync(node, null, "gazelle", maria.UrlOf(site)), "history"));
        Assert.Equal(before, await HashesAsync(database));

        var passkey = (await maria.QueryAsync(site, "SELECT torrent_pass FROM users_main WHERE ID = 3"))[0];
        Assert.NotEqual(passkey, passkey.ToLowerInvariant());
        await AnnouncesAsync(node, Hash(2), passkey);
    }

    [Fact]
    public async Task Files_of_values_come_and_what_is_wrong_in_them_is_named_by_its_line()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var node = await NodeProcess.StartNodeAsync(database);
        var folder = Directory.CreateTempSubdirectory("pbts-csv-").FullName;
        try
        {
            await File.WriteAllTextAsync(Path.Combine(folder, "groups.csv"), "id,name,download_slots,immune\n1,\"Users, new\",3,1\n");
            await File.WriteAllTextAsync(Path.Combine(folder, "members.csv"),
                "user_id,passkey,group_id,disabled,can_download,uploaded,downloaded\n" +
                "alice,aZ09bY18cX27dW36eV45fU54gT63hS72,1,,1,500,20\nbob,ZZZZZZZZZZZZZZZZzzzzzzzzzzzzzzzz,,\"said \"\"no\"\",\nand left\",0,7,8\nno/name,0123456789abcdef0123456789abcdef,,,,,\nlate,tooshort,,,,,\n");
            await File.WriteAllTextAsync(Path.Combine(folder, "torrents.csv"), $"infohash,id,status,reason,times_completed\n{Hash(1).ToUpperInvariant()},11,approved,,9\n{Hash(2)},12,rejected,a copy,0\nnohash,13,,,\n");
            await File.WriteAllTextAsync(Path.Combine(folder, "history.csv"), $"user_id,infohash,uploaded,downloaded,seed_time,first_seen,last_seen\nalice,{Hash(1)},100,50,60,1700000000,1700000100\ncarol,{Hash(1)},1,1,1,1,1\n");
            await File.WriteAllBytesAsync(Path.Combine(folder, "one.torrent"), TestTorrents.Make("one").File);
            await File.WriteAllTextAsync(Path.Combine(folder, "broken.torrent"), "no torrent");

            var report = await ImportAsync(node, null, "csv", folder, "--torrents", folder);
            Assert.Equal((1, 2, 2, 1, 1), (Brought(report, "groups"), Brought(report, "members"), Brought(report, "torrents"), Brought(report, "history"), Brought(report, "torrent_files")));
            Assert.Equal(
                ["history: unknown member", "members: bad passkey: not 32 letters and digits", "members: bad user id", "torrent_files", "torrents: malformed infohash"],
                LeftOut(report).Select(line => line.What == "torrent_files" ? line.What : $"{line.What}: {line.Reason}"));
            Assert.Equal(["alice|1||False|500|20", "bob||said \"no\",\nand left|True|7|8"], await RowsAsync(database, "SELECT user_id, group_id, disabled, may_not_download, credited_uploaded, credited_downloaded FROM users ORDER BY user_id"));
            Assert.Equal(["1|Users, new|3|True"], await RowsAsync(database, "SELECT id, name, download_slots, immune FROM site_groups"));
            Assert.Equal(["11|1||9", "12|2|a copy|0"], await RowsAsync(database, "SELECT id, status, reason, times_completed FROM site_torrents ORDER BY id"));
            var before = await HashesAsync(database);
            await ImportAsync(node, null, "csv", folder, "--torrents", folder);
            Assert.Equal(before, await HashesAsync(database));

            await File.AppendAllTextAsync(Path.Combine(folder, "history.csv"), $"alice,{Hash(2)},many,1,1,1,1\n");
            await using var wrong = Start(node, null, "csv", folder);
            Assert.Equal(3, await wrong.ExitAsync(Patience));
            Assert.Contains("history.csv line 4: uploaded must be a whole number", wrong.Error, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task An_import_survives_a_tracker_that_is_killed()
    {
        var database = await postgres.CreateDatabaseAsync();
        var node = await NodeProcess.StartNodeAsync(database);
        try
        {
            var site = await maria.CreateDatabaseAsync(SiteFixtures.Unit3d(5000, 2000, 50_000));
            await using var import = Start(node, null, "unit3d", maria.UrlOf(site));
            await Wait.UntilAsync(async () => (await RowsAsync(database, "SELECT count(*) > 3000 FROM history"))[0] == "True" || import.HasExited);
            node = await node.StartAgainAsync();
            var report = await import.SucceedAsync(Patience);
            Assert.Contains("again in", import.Error, StringComparison.Ordinal);
            Assert.Equal((5000, 2000), (Brought(report, "members"), Brought(report, "torrents")));
            Assert.Equal(["50000"], await RowsAsync(database, "SELECT count(*) FROM history"));
        }
        finally
        {
            await node.DisposeAsync();
        }
    }

    /// <summary>Gives the figures of docs/sites.md.</summary>
    [Fact, Trait("suite", "slow")]
    public async Task A_large_site_comes_in_minutes_and_in_little_memory()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var node = await NodeProcess.StartNodeAsync(database);
        var site = await maria.CreateDatabaseAsync(SiteFixtures.Unit3d(100_000, 50_000, 1_000_000));
        var running = Stopwatch.StartNew();
        await using var import = Start(node, null, "unit3d", maria.UrlOf(site));
        var peak = 0L;
        while (!import.HasExited)
        {
            peak = Math.Max(peak, import.PeakBytes);
            await Task.Delay(200);
        }

        var report = await import.SucceedAsync(TimeSpan.FromMinutes(10));
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{running.Elapsed.TotalSeconds:0.0} s, at most {peak / 1048576.0:0} MiB in the importer\n{report}\n{import.Error}"));
        Assert.Equal((100_000, 50_000, 1_000_000), (Brought(report, "members"), Brought(report, "torrents"), Brought(report, "history")));
        Assert.Equal(await maria.QueryAsync(site, "SELECT COUNT(*), SUM(actual_uploaded), SUM(actual_downloaded), SUM(seedtime) FROM history WHERE user_id <= 100000"),
            await RowsAsync(database, "SELECT count(*), sum(uploaded), sum(downloaded), (sum(seeded) / 1000)::bigint FROM history"));
        Assert.InRange(peak, 1, 400L << 20);
        var again = Stopwatch.StartNew();
        await using var second = Start(node, null, "unit3d", maria.UrlOf(site));
        Assert.Equal(0, Brought(await second.SucceedAsync(TimeSpan.FromMinutes(10)), "history"));
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"again: {again.Elapsed.TotalSeconds:0.0} s"));
    }

    private static string Hash(int torrent) => Convert.ToHexStringLower(System.Security.Cryptography.SHA1.HashData(System.Text.Encoding.ASCII.GetBytes($"torrent{torrent}")));

    /// <summary>The URLs in the members' clients go on working, over HTTP and UDP; one that differs in anything does not.</summary>
    private static async Task AnnouncesAsync(NodeProcess node, string infoHash, string passkey)
    {
        var (announcer, torrent) = (new Announcer(node), Convert.FromHexString(infoHash));
        using var udp = new UdpProbe(node);
        foreach (var path in (string[])[$"/announce/{passkey}", $"/{passkey}/announce"])
        {
            Assert.Null((await announcer.GetAsync(Announcer.Target(torrent, 1, 5, path: path).Replace("-XX0001-", "-qB4630-", StringComparison.Ordinal))).Failure);
            Assert.Null((await udp.AnnounceAsync(torrent, 1, left: 5, options: UdpProbe.UrlData(path))).Error);
        }

        var other = passkey[..^1] + (passkey[^1] == '0' ? '1' : '0');
        Assert.Equal("unknown passkey", (await announcer.GetAsync(Announcer.Target(torrent, 1, 5, path: $"/announce/{other}"))).Failure);
        if (passkey != passkey.ToLowerInvariant())
            Assert.Equal("unknown passkey", (await announcer.GetAsync(Announcer.Target(torrent, 1, 5, path: $"/announce/{passkey.ToLowerInvariant()}"))).Failure);
    }

    private static async Task<string> TokenAsync(NodeProcess node) => (string)(await node.Http.PostTextAsync(
        "/api/v1/tokens", new JsonObject { ["name"] = "import", ["scopes"] = new JsonArray("site:read", "site:write") }.ToJsonString(), headers: ("Authorization", $"Bearer {Token}"))).Answer["token"]!;

    private static CliProcess Start(NodeProcess node, string? token, params string[] words) =>
        CliProcess.Start(null, token is null ? [] : [("PBTS_ADMIN_TOKEN", token)], ["import", .. words, "--tracker", $"{node.Url}", "--json"]);

    private static async Task<JsonElement> ImportAsync(NodeProcess node, string? token, params string[] words)
    {
        await using var import = Start(node, token, words);
        return await import.SucceedAsync(Patience);
    }

    private static int Brought(JsonElement report, string kind) => report.GetProperty("brought").TryGetProperty(kind, out var count) ? count.GetInt32() : 0;

    private static string Text(JsonElement line, string name) => line.GetProperty(name).GetString()!;

    private static (string What, string Reason, int Count, string First)[] LeftOut(JsonElement report) =>
        [.. report.GetProperty("left_out").EnumerateArray().Select(line => (Text(line, "what"), Text(line, "reason"), line.GetProperty("count").GetInt32(), line.GetProperty("examples")[0].GetString()!))];

    /// <summary>Both questions have the same rows, and some.</summary>
    private async Task SameAsync(string site, string database, string there, string here)
    {
        var expected = (await maria.QueryAsync(site, there)).Select(Plain).ToArray();
        Assert.NotEmpty(expected);
        Assert.Equal(expected, (await RowsAsync(database, here)).Select(Plain));

        static string Plain(string row) => string.Join('|', row.Split('|').Select(value => value switch { "True" => "1", "False" => "0", _ => value }));
    }

    private static async Task<string[]> RowsAsync(string database, string sql)
    {
        await using var source = NpgsqlDataSource.Create(database);
        await using var command = source.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<string>();
        while (await reader.ReadAsync())
            rows.Add(string.Join('|', Enumerable.Range(0, reader.FieldCount).Select(column => reader.IsDBNull(column) ? "" : Convert.ToString(reader.GetValue(column), CultureInfo.InvariantCulture))));
        return [.. rows];
    }

    /// <summary>Every row of every table that an import may touch, and of what announces follow.</summary>
    private static Task<string[]> HashesAsync(string database) => RowsAsync(database, string.Join(" UNION ALL ", new[]
    {
        "users", "site_groups", "site_torrents", "site_factors", "freeleech_tokens", "history", "unregistered_torrents", "site_changes", "client_rules", "torrents", "policy_changes",
    }.Select(table => $"SELECT '{table}', count(*), md5(string_agg(row::text, E'\\n' ORDER BY row::text)) FROM {table} AS row")));
}
