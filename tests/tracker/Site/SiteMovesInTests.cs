using System.Globalization;
using Npgsql;
using Pbts.Grains.Database;
using Pbts.Protocol.Receipts;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Site;

/// <summary>A UNIT3D site moves in: its members announce on with the passkeys they had, and its own tables follow, whatever changes and whoever is killed meanwhile.</summary>
public sealed class SiteMovesInTests(PostgresServer postgres, MariaServer maria) : IClassFixture<PostgresServer>, IClassFixture<MariaServer>
{
    private const int Members = 40;
    private const int Torrents = 20;
    private const int Rounds = 250;

    [Fact]
    [Trait("suite", "slow")]
    public async Task Two_hundred_thousand_announces_while_all_changes_and_the_site_has_the_same_to_the_byte()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var source = NpgsqlDataSource.Create(database);
        await using var node = await NodeProcess.StartNodeAsync(database, ("Ratio__Basis", "credited"), ("Torrents__Access", "registered"));
        var site = await maria.CreateDatabaseAsync($"""
            {SiteFixtures.Unit3dTables}
            INSERT INTO `groups` VALUES (2, 'User', 'user', 25, 0, 0, 0), (3, 'VIP', 'vip', NULL, 1, 0, 1);
            INSERT INTO users SELECT seq, CONCAT('user', seq), MD5(CONCAT('user', seq)), 2, 1000, 2000, 1, 0, 0, NULL FROM seq_1_to_{Members};
            INSERT INTO torrents SELECT seq, CONCAT('torrent', seq), 1, 0, 0, 5, 0, 0, 1, NULL, NULL, NULL, NULL, NULL, UNHEX(SHA1(CONCAT('torrent', seq))) FROM seq_1_to_{Torrents};
            """);
        await using (var import = CliProcess.Start("import", "unit3d", maria.UrlOf(site), "--tracker", $"{node.Url}", "--json"))
            await import.SucceedAsync(TimeSpan.FromMinutes(2));
        var passkeys = await maria.QueryAsync(site, "SELECT passkey FROM users ORDER BY id");
        var torrents = (await maria.QueryAsync(site, "SELECT LOWER(HEX(info_hash)) FROM torrents ORDER BY id")).Select(Convert.FromHexString).ToArray();
        var connector = Connect();
        using var stop = new CancellationTokenSource();
        Exception? refused = null;
        var busy = 0;
        var announcing = Task.WhenAll(Enumerable.Range(0, Members).Select(member => Task.Run(() => AnnounceAsync(member))));
        try
        {
            var changing = Task.Run(ChangeAsync);
            var killing = Task.Run(KillAsync);
            await announcing;
            await killing;
            await stop.CancelAsync();
            await changing;
            Assert.Null(refused);
            Assert.InRange(busy, 0, Members * Torrents * Rounds / 200);

            var last = await source.ValueAsync<long>("SELECT max(id) FROM site_changes");
            await Wait.UntilAsync(async () => await QuietAsync(), "history is written");
            last = await source.ValueAsync<long>("SELECT max(id) FROM site_changes");
            await Wait.UntilAsync(async () => await maria.QueryAsync(site, "SELECT position FROM pbts_cursor") is [var at] && Number(at) >= last, () => $"The site is not at {last}: {connector.Error}");
        }
        finally
        {
            await stop.CancelAsync();
            await connector.DisposeAsync();
        }

        // Every announce was believed: what clients said is what was kept, once.
        Assert.Equal(Enumerable.Range(0, Members).Sum(m => Torrents * Rounds * (100L + m)), Convert.ToInt64(await source.ValueAsync<decimal>("SELECT sum(uploaded) FROM history")));
        Assert.True(await new SiteLab(source, node).AddsUpAsync());
        Assert.Equal(
            await source.QueryAsync("SELECT user_id || '|' || credited_uploaded || '|' || credited_downloaded FROM users WHERE user_id ~ '^[0-9]+$' ORDER BY user_id::int", row => row.GetString(0)),
            await maria.QueryAsync(site, "SELECT id, uploaded, downloaded FROM users ORDER BY id"));
        Assert.Equal(
            await source.QueryAsync("""
                SELECT user_id || '|' || site_torrents.id || '|' || credited_uploaded_h || '|' || credited_downloaded_h || '|' || up || '|' || down || '|' || client_up || '|' || client_down || '|' || seeder::int || '|' || active::int
                FROM (SELECT member, info_hash, credited_uploaded AS credited_uploaded_h, credited_downloaded AS credited_downloaded_h, uploaded AS up, downloaded AS down,
                    client_uploaded AS client_up, client_downloaded AS client_down, seeder, active FROM history) AS h
                JOIN users ON users.id = member JOIN site_torrents USING (info_hash) ORDER BY user_id::int, site_torrents.id
                """, row => row.GetString(0)),
            await maria.QueryAsync(site, "SELECT user_id, torrent_id, uploaded, downloaded, actual_uploaded, actual_downloaded, client_uploaded, client_downloaded, seeder, active FROM history ORDER BY user_id, torrent_id"));
        var tracker = new Announcer(node);
        foreach (var line in await maria.QueryAsync(site, "SELECT LOWER(HEX(info_hash)), seeders, leechers, times_completed FROM torrents"))
        {
            var told = line.Split('|');
            var scraped = await tracker.ScrapeAsync(Convert.FromHexString(told[0]));
            Assert.Equal((scraped!.Complete, scraped.Incomplete, scraped.Downloaded + 5), (Number(told[1]), Number(told[2]), Number(told[3])));
        }

        static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);

        CliProcess Connect() => CliProcess.Start("connect", "unit3d", "--mysql", maria.UrlOf(site), "--tracker", $"{node.Url}");

        async Task<bool> QuietAsync()
        {
            var before = await source.ValueAsync<long>("SELECT max(id) FROM site_changes");
            await Task.Delay(5000);
            return await source.ValueAsync<long>("SELECT max(id) FROM site_changes") == before;
        }

        async Task AnnounceAsync(int member)
        {
            using var http = node.CreateClient($"127.0.1.{member + 1}");
            for (var round = 0; round <= Rounds; round++)
            {
                for (var torrent = 0; torrent < Torrents; torrent++)
                {
                    // A quarter of the members complete half way.
                    var left = member % 4 == 0 && round > Rounds / 2 ? 0 : 5;
                    var said = round == 0 ? "&event=started" : left == 0 && round == (Rounds / 2) + 1 ? "&event=completed" : "";
                    var query = $"?info_hash={Announcer.Escape(torrents[torrent])}&peer_id=-XX0001-{member:D12}&port={2000 + member}&uploaded={round * (100L + member)}&downloaded={round * (50L + torrent)}&left={left}&numwant=5{said}";
                    var body = new TrackerReply(await http.GetByteArrayAsync(new Uri($"/announce/{passkeys[member]}{query}", UriKind.Relative)));
                    // Who is told to come back comes back, as clients do; on a busy machine the database may keep a few waiting.
                    for (var again = 0; again < 10 && body.Warning == Pbts.Api.Announce.Tracker.Busy; again++)
                    {
                        Interlocked.Increment(ref busy);
                        await Task.Delay(1000);
                        body = new TrackerReply(await http.GetByteArrayAsync(new Uri($"/announce/{passkeys[member]}{query}", UriKind.Relative)));
                    }

                    if (body.Failure is not null || body.Warning is not null)
                        refused ??= new InvalidOperationException(body.Raw);
                }
            }
        }

        async Task ChangeAsync()
        {
            for (var i = 1; !stop.IsCancellationRequested; i++)
            {
                await source.ExecuteAsync("UPDATE site_torrents SET download_factor = $1, upload_factor = $2, featured = $3 WHERE id = $4", (short)(i * 37 % 200), (short)(i * 53 % 300), i % 9 == 0, (long)(1 + (i % Torrents)));
                await source.ExecuteAsync("UPDATE users SET group_id = $1, freeleech_until = CASE WHEN $2 THEN 'infinity'::timestamptz END WHERE user_id = $3", (long)(2 + (i % 2)), i % 5 == 0, $"{1 + (i % Members)}");
                await source.ExecuteAsync("UPDATE site_factors SET upload_factor = $1", (short)(100 + (i % 7 * 50)));
                if (i % 3 == 0)
                    await source.ExecuteAsync("DELETE FROM freeleech_tokens");
                else
                    await source.ExecuteAsync("INSERT INTO freeleech_tokens (member, info_hash) SELECT users.id, info_hash FROM users, site_torrents WHERE user_id = $1 AND site_torrents.id = $2 ON CONFLICT DO NOTHING", $"{1 + (i % Members)}", (long)(1 + (i % Torrents)));
                await Task.Delay(50, CancellationToken.None);
            }
        }

        async Task KillAsync()
        {
            for (var kill = 0; kill < 10; kill++)
            {
                await Task.Delay(Random.Shared.Next(500, 2000));
                await connector.DisposeAsync();
                if (kill % 2 == 0)
                {
                    await maria.KillAsync();
                    await maria.StartAsync();
                }

                connector = Connect();
            }
        }
    }
}
