using System.Net;
using System.Text.Json.Nodes;
using Npgsql;
using Pbts.Tracker.Tests.Support;
using static Pbts.Tracker.Tests.Site.Unit3dSite;

namespace Pbts.Tracker.Tests.Site;

/// <summary>A UNIT3D site, which is told nothing but host, port and key, and says what it says to its own announce service.</summary>
public sealed class Unit3dTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    [Fact]
    public async Task Every_call_that_UNIT3D_makes_is_answered_as_its_PHP_reads_it_and_one_field_of_another_type_would_be_found()
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), Setting);
        var folder = Directory.CreateTempSubdirectory("pbts-unit3d-").FullName;
        try
        {
            // As a URL of a site's settings is put together: host and port.
            var (exit, output, error) = await PhpAsync("session", $"http://127.0.0.1:{node.Port}", Key, folder);
            Assert.True(exit == 0, $"{output}{error}{node.Log}");
            Assert.Equal(30, output.Count(character => character == '\n'));

            // What was answered just now has no rates; with some it would be read too.
            var user = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(folder, "user.json")))!;
            foreach (var rates in (string[])["receive_seed_list_rates", "receive_leech_list_rates"])
                user[rates]!["rates"]!.AsArray().Add(JsonNode.Parse("""{"count":0.5,"max_count":10.0,"window":3600.0,"updated_at":1.0}"""));
            await File.WriteAllTextAsync(Path.Combine(folder, "user.json"), user.ToJsonString());
            var mutations = 0;
            foreach (var kind in (string[])["torrent", "user", "stats"])
            {
                var file = Path.Combine(folder, $"{kind}.json");
                var answer = await File.ReadAllTextAsync(file);
                Assert.Equal((0, ""), await CheckAsync(kind, file));
                foreach (var field in Leaves(JsonNode.Parse(answer)!, ""))
                {
                    foreach (var change in (Func<JsonObject, string, string>[])[Retype, Remove])
                    {
                        var mutated = JsonNode.Parse(answer)!;
                        var (parent, name) = Find(mutated, field);
                        var said = change(parent, name);
                        await File.WriteAllTextAsync(file, mutated.ToJsonString());
                        var (failed, message) = await CheckAsync(kind, file);
                        Assert.Equal(1, failed);
                        Assert.StartsWith($"{kind}{field} {said}", message, StringComparison.Ordinal);
                        mutations++;
                    }
                }
            }

            Assert.True(mutations > 100, $"{mutations}");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        static string Retype(JsonObject parent, string name)
        {
            var (value, said) = parent[name]!.GetValueKind() switch
            {
                System.Text.Json.JsonValueKind.String => ("5", "is no string"),
                System.Text.Json.JsonValueKind.Number when parent[name]!.ToJsonString().Contains('.', StringComparison.Ordinal) => ("0", "is no float"),
                System.Text.Json.JsonValueKind.Number => ("0.0", "is no int"),
                _ => ("1", "is no bool"),
            };
            parent[name] = JsonNode.Parse(value);
            return said;
        }

        static string Remove(JsonObject parent, string name)
        {
            parent.Remove(name);
            return "is missing";
        }
    }

    [Fact]
    public async Task A_member_announces_when_it_is_put_no_more_when_it_is_deleted_and_is_the_same_when_it_comes_back()
    {
        var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), Setting);
        try
        {
            await DoneAsync(node, HttpMethod.Put, "groups", """{"id":3,"slug":"member","download_slots":4,"is_immune":true,"is_freeleech":false,"is_double_upload":true}""");
            await DoneAsync(node, HttpMethod.Put, "users", User(7, First));
            Assert.Null(await FailureAsync(node, First));
            var user = await GetAsync(node, "users/7");
            Assert.Equal((7, 3, First, true, false, true), ((int)user["id"]!, (int)user["group_id"]!, (string)user["passkey"]!, (bool)user["can_download"]!, (bool)user["is_donor"]!, (bool)user["is_lifetime"]!));
            await ClaimAsync(node, First, 5000);
            await Wait.UntilAsync(async () => (long)(await node.Http.GetJsonAsync("/user/7")).Answer["claimed_uploaded"]! == 5000);

            // What UNIT3D does for a new passkey: out, and in with the new one.
            await DoneAsync(node, HttpMethod.Delete, "users", $$"""{"id":7,"passkey":"{{First}}"}""");
            await WithinASecondAsync(async () => await FailureAsync(node, First) == "unknown passkey");
            Assert.Equal(HttpStatusCode.NotFound, (await CallAsync(node, HttpMethod.Get, "users/7")).Status);
            // Repeated, because the answer got lost.
            await DoneAsync(node, HttpMethod.Delete, "users", $$"""{"id":7,"passkey":"{{First}}"}""");
            await DoneAsync(node, HttpMethod.Put, "users", User(7, Second));
            await WithinASecondAsync(async () => await FailureAsync(node, Second) is null);
            Assert.Equal("unknown passkey", await FailureAsync(node, First));
            Assert.Equal(5000, (long)(await node.Http.GetJsonAsync("/user/7")).Answer["claimed_uploaded"]!);
            // The passkey before is not its any more.
            await DoneAsync(node, HttpMethod.Delete, "users", $$"""{"id":7,"passkey":"{{First}}"}""");
            Assert.Equal(Second, (string)(await GetAsync(node, "users/7"))["passkey"]!);

            // Or both in one call, and without leave to download.
            await DoneAsync(node, HttpMethod.Put, "users", User(7, Second, $$""","new_passkey":"{{Third}}" """, canDownload: false));
            await WithinASecondAsync(async () => await FailureAsync(node, Second) == "unknown passkey");
            await WithinASecondAsync(async () => await FailureAsync(node, Third) == "this account may seed, not download");
            Assert.Equal(HttpStatusCode.Conflict, (await CallAsync(node, HttpMethod.Put, "users", User(8, Third))).Status);

            // Whom the operator has disabled stays so, whatever the site says.
            await DisableAsync(node, "shared the account");
            await DoneAsync(node, HttpMethod.Put, "users", User(7, Third));
            await DoneAsync(node, HttpMethod.Delete, "users", $$"""{"id":7,"passkey":"{{Third}}"}""");
            await DoneAsync(node, HttpMethod.Put, "users", User(7, Third));
            await WithinASecondAsync(async () => await FailureAsync(node, Third) == "this account is disabled: shared the account");
            await DisableAsync(node, null);
            await WithinASecondAsync(async () => await FailureAsync(node, Third) is null);

            // All of it was durable before it was answered.
            await DoneAsync(node, HttpMethod.Put, "users", User(9, First));
            await DoneAsync(node, HttpMethod.Delete, "users", $$"""{"id":7,"passkey":"{{Third}}"}""");
            await node.KillAsync();
            node = await node.StartAgainAsync();
            Assert.Equal(("unknown passkey", null), (await FailureAsync(node, Third), await FailureAsync(node, First)));
            Assert.Equal(First, (string)(await GetAsync(node, "users/9"))["passkey"]!);
        }
        finally
        {
            await node.DisposeAsync();
        }

        static async Task DisableAsync(NodeProcess node, string? reason)
        {
            var members = new JsonObject { ["members"] = new JsonArray(new JsonObject { ["user_id"] = "7", ["disabled"] = reason, ["group_id"] = 3 }) };
            Assert.Equal(HttpStatusCode.OK, (await node.Http.CallAsync(HttpMethod.Put, "/api/v1/members", JsonClient.Json(members.ToJsonString()))).Status);
        }
    }

    [Fact]
    public async Task A_torrent_keeps_what_a_put_says_nothing_of_and_all_of_it_survives_a_kill()
    {
        var database = await postgres.CreateDatabaseAsync();
        var node = await NodeProcess.StartNodeAsync(database, Setting);
        await using var rows = NpgsqlDataSource.Create(database);
        try
        {
            var torrent = Announcer.NewTorrent();
            var hash = Convert.ToHexStringLower(torrent);
            // Completed once before the site said anything of it.
            var announcer = new Announcer(node);
            await announcer.AnnounceAsync(torrent, 1, 5, "&event=started");
            await announcer.AnnounceAsync(torrent, 1, 0, "&event=completed");
            await DoneAsync(node, HttpMethod.Put, "users", User(7, First));
            await DoneAsync(node, HttpMethod.Put, "torrents", Torrent(5, hash, timesCompleted: 10, downloadFactor: 50, uploadFactor: 200));
            var answer = await GetAsync(node, "torrents/5");
            Assert.Equal((5, "Approved", false, 10, 50, 200), ((int)answer["id"]!, (string)answer["status"]!, (bool)answer["is_deleted"]!, (int)answer["times_completed"]!, (int)answer["download_factor"]!, (int)answer["upload_factor"]!));
            // Completed once more, of which the site has not heard yet; then it has.
            await announcer.AnnounceAsync(torrent, 2, 5, "&event=started");
            await announcer.AnnounceAsync(torrent, 2, 0, "&event=completed");
            foreach (var heard in (int[])[10, 11, 11])
            {
                await DoneAsync(node, HttpMethod.Put, "torrents", Torrent(5, hash, timesCompleted: heard));
                Assert.Equal(11, (int)(await GetAsync(node, "torrents/5"))["times_completed"]!);
            }

            Assert.Null(await FailureAsync(node, First, torrent, 3));
            var peers = (await GetAsync(node, "torrents/5"))["peers"]!.AsObject().Select(peer => peer.Value!).OrderBy(peer => (int)peer["port"]!).ToArray();
            Assert.Equal([(1001, 0, true), (1002, 0, true), (1003, 7, false)], peers.Select(peer => ((int)peer["port"]!, (int)peer["user_id"]!, (bool)peer["is_seeder"]!)));
            Assert.All(peers, peer => Assert.Equal(("127.0.0.1", 5), ((string)peer["ip_address"]!, (int)peer["torrent_id"]!)));

            await DoneAsync(node, HttpMethod.Put, "featured-torrents", """{"torrent_id":5}""");
            await DoneAsync(node, HttpMethod.Put, "freeleech-tokens", """{"user_id":7,"torrent_id":5}""");
            await DoneAsync(node, HttpMethod.Put, "personal-freeleech", """{"user_id":7}""");
            await DoneAsync(node, HttpMethod.Put, "torrents", Torrent(5, hash, status: 2));
            await DoneAsync(node, HttpMethod.Put, "users", User(7, First));
            Assert.Equal("Rejected", (string)(await GetAsync(node, "torrents/5"))["status"]!);
            Assert.Equal("2 True 1 True", await OneAsync(rows, "SELECT concat_ws(' ', status, CASE WHEN featured THEN 'True' END, (SELECT count(*) FROM freeleech_tokens), (SELECT CASE WHEN freeleech_until > now() THEN 'True' END FROM users WHERE user_id = '7')) FROM site_torrents"));

            // A number is one torrent's; a torrent that is uploaded once more has a new one, and the old one is deleted without it.
            Assert.Equal(HttpStatusCode.Conflict, (await CallAsync(node, HttpMethod.Put, "torrents", Torrent(5, Convert.ToHexStringLower(Announcer.NewTorrent())))).Status);
            await DoneAsync(node, HttpMethod.Put, "torrents", Torrent(6, hash));
            await DoneAsync(node, HttpMethod.Delete, "torrents", $$"""{"id":5,"info_hash":"{{hash}}"}""");
            Assert.Equal(HttpStatusCode.NotFound, (await CallAsync(node, HttpMethod.Get, "torrents/5")).Status);
            Assert.Equal("Approved", (string)(await GetAsync(node, "torrents/6"))["status"]!);
            foreach (var (status, text) in ((int, string)[])[(0, "Pending"), (3, "Postponed")])
            {
                await DoneAsync(node, HttpMethod.Put, "torrents", Torrent(6, hash, status));
                Assert.Equal(text, (string)(await GetAsync(node, "torrents/6"))["status"]!);
            }

            // The ends of what was begun, and of what is not there.
            foreach (var (path, body) in ((string, string)[])[
                ("featured-torrents", """{"torrent_id":6}"""), ("freeleech-tokens", """{"user_id":7,"torrent_id":6}"""), ("personal-freeleech", """{"user_id":7}"""), ("groups", """{"id":77}"""),
                ("torrents", $$"""{"id":6,"info_hash":"{{hash}}"}"""), ("torrents", $$"""{"id":99,"info_hash":"{{new string('0', 40)}}"}"""), ("blacklisted-agents", """{"peer_id_prefix":"-NO"}""")])
                await DoneAsync(node, HttpMethod.Delete, path, body);
            await node.KillAsync();
            node = await node.StartAgainAsync();
            Assert.True((bool)(await GetAsync(node, "torrents/6"))["is_deleted"]!);
            Assert.Equal("4 0", await OneAsync(rows, "SELECT concat_ws(' ', status, CASE WHEN featured THEN 'True' END, (SELECT count(*) FROM freeleech_tokens), (SELECT 'True' FROM users WHERE user_id = '7' AND freeleech_until IS NOT NULL)) FROM site_torrents"));
        }
        finally
        {
            await node.DisposeAsync();
        }
    }

    [Fact]
    public async Task Groups_and_clients_are_as_was_said()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var node = await NodeProcess.StartNodeAsync(database, Setting);
        await using var rows = NpgsqlDataSource.Create(database);
        await DoneAsync(node, HttpMethod.Put, "groups", """{"id":3,"slug":"member","download_slots":4,"is_immune":true,"is_freeleech":true,"is_double_upload":false}""");
        await DoneAsync(node, HttpMethod.Put, "groups", """{"id":4,"slug":"other","is_immune":false,"is_freeleech":false,"is_double_upload":true}""");
        Assert.Equal("3 member 4 t 0 100,4 other - f 100 200", await OneAsync(rows, "SELECT string_agg(concat_ws(' ', id, name, coalesce(download_slots::text, '-'), immune, download_factor, upload_factor), ',' ORDER BY id) FROM site_groups"));
        await DoneAsync(node, HttpMethod.Delete, "groups", """{"id":4}""");
        Assert.Equal("3", await OneAsync(rows, "SELECT string_agg(id::text, ',') FROM site_groups"));

        await DoneAsync(node, HttpMethod.Put, "users", User(7, First));
        foreach (var prefix in (string[])["\"-XX0\"", "[45,88,88,48]"])
        {
            await DoneAsync(node, HttpMethod.Put, "blacklisted-agents", $$"""{"peer_id_prefix":{{prefix}}}""");
            await WithinASecondAsync(async () => await FailureAsync(node, First) == "client -XX0001- is not allowed here");
            await DoneAsync(node, HttpMethod.Delete, "blacklisted-agents", $$"""{"peer_id_prefix":{{prefix}}}""");
            await WithinASecondAsync(async () => await FailureAsync(node, First) is null);
        }

        foreach (var (path, body) in ((string, string)[])[("freeleech-tokens", """{"user_id":7,"torrent_id":1}"""), ("featured-torrents", """{"torrent_id":1}"""), ("personal-freeleech", """{"user_id":1}""")])
            Assert.Equal(HttpStatusCode.NotFound, (await CallAsync(node, HttpMethod.Put, path, body)).Status);
    }
}
