using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using Npgsql;
using Pbts.Tracker.Tests.Support;
using Xunit.Abstractions;

namespace Pbts.Tracker.Tests.Site;

/// <summary>What a site says through one front end is given back by every other, page by page, and survives every process.</summary>
public sealed class SiteApiTests(PostgresServer postgres, ITestOutputHelper output) : IClassFixture<PostgresServer>
{
    private const string Token = "an-administration-token-for-tests";

    [Fact]
    public async Task What_is_said_to_one_front_end_is_given_back_by_another()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var silo = await NodeProcess.StartSiloAsync(database);
        await using var one = await NodeProcess.StartApiAsync(database);
        await using var other = await NodeProcess.StartApiAsync(database);

        // Torrents: one with everything, one with nothing, one whose number is taken.
        var (a, b, c) = (Hash(1), Hash(2), Hash(3));
        var set = await one.SiteAsync(HttpMethod.Put, "torrents", $$"""
            {"torrents":[
                {"infohash":"{{a.ToUpperInvariant()}}","id":7,"status":"postponed","reason":"more seeds first","download_factor":50,"upload_factor":200,"factors_until":4000000000.5,"times_completed":12},
                {"infohash":"{{b}}"}, {"infohash":"{{c}}","id":7}]}
            """);
        Assert.Equal(["set", "set", "id_taken"], set["results"]!.AsArray().Select(result => (string)result!["status"]!));
        Assert.Equal([0, 1, 2], set["results"]!.AsArray().Select(result => (int)result!["index"]!));
        SiteClient.AssertHas((await other.SiteAsync(HttpMethod.Get, $"torrents/{a.ToUpperInvariant()}"))["torrent"]!, $$"""
            {"infohash":"{{a}}","id":7,"status":"postponed","reason":"more seeds first","download_factor":50,"upload_factor":200,"factors_until":4000000000.5,"times_completed":12,"featured":false}
            """);
        SiteClient.AssertHas((await other.SiteAsync(HttpMethod.Get, $"torrents/{b}"))["torrent"]!, """
            {"id":null,"status":"approved","reason":null,"download_factor":100,"upload_factor":100,"factors_until":null,"times_completed":0,"featured":false}
            """);
        Assert.Equal(HttpStatusCode.NotFound, (await other.TrySiteAsync(HttpMethod.Get, $"torrents/{c}")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await other.TrySiteAsync(HttpMethod.Put, $"torrents/{c}/featured", """{"featured":true}""")).Status);
        await other.SiteAsync(HttpMethod.Put, $"torrents/{b}/featured", """{"featured":true}""");
        // What is said of it anew leaves it featured.
        await one.SiteAsync(HttpMethod.Put, "torrents", $$"""{"torrents":[{"infohash":"{{b}}","status":"deleted"}]}""");
        SiteClient.AssertHas((await one.SiteAsync(HttpMethod.Get, $"torrents/{b}"))["torrent"]!, """{"status":"deleted","featured":true}""");
        await one.SiteAsync(HttpMethod.Put, $"torrents/{b}/featured", """{"featured":false}""");
        SiteClient.AssertHas((await other.SiteAsync(HttpMethod.Get, $"torrents/{b}"))["torrent"]!, """{"featured":false}""");

        // Groups.
        await one.SiteAsync(HttpMethod.Put, "groups", """{"groups":[{"id":3,"name":"VIP","download_slots":5,"immune":true,"download_factor":0,"upload_factor":150},{"id":1,"name":"User"}]}""");
        var groups = (await other.SiteAsync(HttpMethod.Get, "groups"))["groups"]!.AsArray();
        Assert.Equal(2, groups.Count);
        SiteClient.AssertHas(groups[0]!, """{"id":1,"name":"User","download_slots":null,"immune":false,"download_factor":100,"upload_factor":100}""");
        SiteClient.AssertHas(groups[1]!, """{"id":3,"name":"VIP","download_slots":5,"immune":true,"download_factor":0,"upload_factor":150}""");
        await other.SiteAsync(HttpMethod.Delete, "groups/1");
        Assert.Equal(HttpStatusCode.NotFound, (await one.TrySiteAsync(HttpMethod.Delete, "groups/1")).Status);
        Assert.Single((await one.SiteAsync(HttpMethod.Get, "groups"))["groups"]!.AsArray());

        // Members, with what the site alone knows of them.
        await one.SiteAsync(HttpMethod.Put, "members", """
            {"members":[{"user_id":"41","passkey":"aZ09bY18cX27dW36eV45fU54gT63hS72","group_id":3,"donor":true,"lifetime":true,"can_download":false,"disabled":"asked for it"},
                {"user_id":"42","passkey":"00000000000000000000000000000042"}]}
            """);
        var baselines = await other.SiteAsync(HttpMethod.Put, "baselines", """{"baselines":[{"user_id":"41","uploaded":9007199254740993,"downloaded":5},{"user_id":"43","uploaded":1,"downloaded":1}]}""");
        Assert.Equal(["set", "unknown_user"], baselines["results"]!.AsArray().Select(result => (string)result!["status"]!));
        await other.SiteAsync(HttpMethod.Put, "members/41/freeleech", """{"until":4000000000}""");
        SiteClient.AssertHas((await one.SiteAsync(HttpMethod.Get, "members/41"))["member"]!, """
            {"user_id":"41","group_id":3,"disabled":"asked for it","can_download":false,"donor":true,"lifetime":true,"freeleech_until":4000000000,"credited_uploaded":9007199254740993,"credited_downloaded":5,
             "baseline_uploaded":9007199254740993,"baseline_downloaded":5,"uploaded":0,"downloaded":0,"seeding":0,"leeching":0,"proof_of_possession":false}
            """);
        // A second baseline replaces the first.
        await one.SiteAsync(HttpMethod.Put, "baselines", """{"baselines":[{"user_id":"41","uploaded":100,"downloaded":7}]}""");
        await one.SiteAsync(HttpMethod.Put, "members/41/freeleech", """{"until":null}""");
        SiteClient.AssertHas((await other.SiteAsync(HttpMethod.Get, "members/41"))["member"]!, """{"freeleech_until":null,"credited_uploaded":100,"credited_downloaded":7}""");
        SiteClient.AssertHas((await other.SiteAsync(HttpMethod.Get, "members/42"))["member"]!, """{"group_id":null,"disabled":null,"can_download":true,"donor":false,"lifetime":false}""");
        foreach (var (method, path, body) in ((HttpMethod, string, string?)[])[
            (HttpMethod.Get, "members/43", null), (HttpMethod.Delete, "members/43", null), (HttpMethod.Put, "members/43/freeleech", """{"until":1}"""), (HttpMethod.Delete, $"freeleech-tokens/43/{a}", null)])
            Assert.Equal(HttpStatusCode.NotFound, (await one.TrySiteAsync(method, path, body)).Status);

        // Tokens for torrents.
        var tokens = await one.SiteAsync(HttpMethod.Put, "freeleech-tokens", $$"""{"tokens":[{"user_id":"42","infohash":"{{a}}","until":4000000000},{"user_id":"43","infohash":"{{a}}"}]}""");
        Assert.Equal(["set", "unknown_user"], tokens["results"]!.AsArray().Select(result => (string)result!["status"]!));
        await other.SiteAsync(HttpMethod.Delete, $"freeleech-tokens/42/{a.ToUpperInvariant()}");
        Assert.Equal(HttpStatusCode.NotFound, (await one.TrySiteAsync(HttpMethod.Delete, $"freeleech-tokens/42/{a}")).Status);
    }

    [Fact]
    public async Task Two_who_set_the_factors_at_once_do_not_undo_what_they_have_not_seen()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var silo = await NodeProcess.StartSiloAsync(database);
        await using var one = await NodeProcess.StartApiAsync(database);
        await using var other = await NodeProcess.StartApiAsync(database);
        var (seen, factors) = await GetFactorsAsync(one);
        SiteClient.AssertHas(factors, """{"download_factor":100,"upload_factor":100,"until":null}""");
        Assert.Equal(seen, (await GetFactorsAsync(other)).Tag);

        // Of twenty who have seen the same one wins, and what it said is what holds.
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(async i =>
            (Factor: i, (await (i % 2 == 0 ? one : other).TrySiteAsync(HttpMethod.Put, "factors", $$"""{"download_factor":{{i}},"upload_factor":200,"until":4000000000}""", ("If-Match", seen))).Status)));
        var won = Assert.Single(answers, answer => answer.Status == HttpStatusCode.OK);
        Assert.All(answers.Except([won]), answer => Assert.Equal(HttpStatusCode.PreconditionFailed, answer.Status));
        (var now, factors) = await GetFactorsAsync(other);
        SiteClient.AssertHas(factors, $$"""{"download_factor":{{won.Factor}},"upload_factor":200,"until":4000000000}""");
        Assert.NotEqual(seen, now);

        // One of several tags, any, or none at all.
        await one.SiteAsync(HttpMethod.Put, "factors", """{"download_factor":1,"upload_factor":1}""", ("If-Match", $"{seen}, {now}"));
        Assert.Equal(HttpStatusCode.PreconditionFailed, (await one.TrySiteAsync(HttpMethod.Put, "factors", """{"download_factor":2,"upload_factor":1}""", ("If-Match", now))).Status);
        Assert.Equal(HttpStatusCode.PreconditionFailed, (await one.TrySiteAsync(HttpMethod.Put, "factors", """{"download_factor":2,"upload_factor":1}""", ("If-Match", "nonsense"))).Status);
        await one.SiteAsync(HttpMethod.Put, "factors", """{"download_factor":3,"upload_factor":1}""", ("If-Match", "*"));
        await one.SiteAsync(HttpMethod.Put, "factors", """{"download_factor":4,"upload_factor":5}""");
        SiteClient.AssertHas((await GetFactorsAsync(other)).Factors, """{"download_factor":4,"upload_factor":5,"until":null}""");

        static async Task<(string Tag, JsonObject Factors)> GetFactorsAsync(NodeProcess front)
        {
            using var answer = await front.Http.GetAsync("/api/v1/factors");
            return (answer.Headers.ETag!.ToString(), JsonNode.Parse(await answer.Content.ReadAsStringAsync())!.AsObject());
        }
    }

    [Fact]
    public async Task Ten_thousand_torrents_are_set_in_ten_calls_and_what_was_answered_survives_a_kill()
    {
        var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync());
        try
        {
            var taken = Stopwatch.StartNew();
            for (var call = 0; call < 10; call++)
            {
                var torrents = Enumerable.Range(1000 * call, 1000).Select(i => $$"""{"infohash":"{{Hash(i)}}","id":{{i}},"status":"pending","reason":"{{new string('r', 200)}}","download_factor":{{i % 1001}}}""");
                var set = await node.SiteAsync(HttpMethod.Put, "torrents", $$"""{"torrents":[{{string.Join(',', torrents)}}]}""");
                Assert.Equal(1000, set["results"]!.AsArray().Count(result => (string)result!["status"]! == "set"));
            }

            output.WriteLine($"10,000 torrents set in {taken.Elapsed.TotalSeconds:F1} s");
            await node.SiteAsync(HttpMethod.Put, "torrents", $$"""{"torrents":[{"infohash":"{{Hash(5)}}","id":5,"download_factor":33}]}""");
            await node.KillAsync();
            node = await node.StartAgainAsync();
            taken.Restart();
            var (rows, pages) = await node.AllAsync("torrents", "torrents", 999);
            output.WriteLine($"and listed in {pages} pages in {taken.Elapsed.TotalSeconds:F1} s");
            Assert.Equal(11, pages);
            Assert.Equal(Enumerable.Range(0, 10_000), rows.Select(row => (int)row["id"]!).Order());
            Assert.All(rows, row => Assert.Equal((Hash((int)row["id"]!), (int)row["id"]! == 5 ? 33 : (int)row["id"]! % 1001), ((string)row["infohash"]!, (int)row["download_factor"]!)));
            // By infohash, so that each is on one page.
            Assert.Equal(rows.Select(row => (string)row["infohash"]!).Order(StringComparer.Ordinal), rows.Select(row => (string)row["infohash"]!));
            // A last page that is full names the next, which is empty.
            Assert.Equal(11, (await node.AllAsync("torrents", "torrents", 1000)).Pages);
        }
        finally
        {
            await node.DisposeAsync();
        }
    }

    [Fact]
    public async Task Many_calls_at_once_give_a_number_to_one_torrent()
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync());
        for (var round = 0; round < 5; round++)
        {
            var answers = await Task.WhenAll(Enumerable.Range(0, 16).Select(i =>
                node.SiteAsync(HttpMethod.Put, "torrents", $$"""{"torrents":[{"infohash":"{{Hash(100 * round + i)}}","id":{{round}}},{"infohash":"{{Hash(9999)}}","download_factor":{{i}}}]}""")));
            Assert.Equal(["id_taken", "set"], answers.Select(answer => (string)answer["results"]![0]!["status"]!).Distinct().Order());
            Assert.Single(answers, answer => (string)answer["results"]![0]!["status"]! == "set");
        }

        Assert.Equal([0, 1, 2, 3, 4], (await node.AllAsync("torrents", "torrents", 1000)).Rows.Select(row => (int?)row["id"]).OfType<int>().Order());
    }

    [Fact]
    public async Task A_member_that_is_deleted_announces_no_more_on_any_front_end_and_its_name_is_free()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var silo = await NodeProcess.StartSiloAsync(database);
        await using var one = await NodeProcess.StartApiAsync(database);
        await using var other = await NodeProcess.StartApiAsync(database);
        var alice = await Member.RegisteredAsync(one.Http, "alice");
        foreach (var front in (NodeProcess[])[one, other])
            Assert.Null(await FailureAsync(front));
        await one.SiteAsync(HttpMethod.Delete, $"members/{alice.UserId}");
        foreach (var front in (NodeProcess[])[one, other])
        {
            var waited = Stopwatch.StartNew();
            await Wait.UntilAsync(async () => await FailureAsync(front) == "unknown passkey");
            Assert.True(waited.Elapsed < TimeSpan.FromSeconds(3), $"It took {waited.Elapsed.TotalSeconds:F1} s.");
            Assert.Equal(HttpStatusCode.NotFound, (await front.TrySiteAsync(HttpMethod.Get, $"members/{alice.UserId}")).Status);
        }

        Assert.Equal(HttpStatusCode.NotFound, (await other.TrySiteAsync(HttpMethod.Delete, $"members/{alice.UserId}")).Status);
        // With another key: what was signed with the old one stays the old one's.
        Assert.Equal(HttpStatusCode.Conflict, (await alice.RegisterAsync(other.Http)).Status);
        Assert.Equal(HttpStatusCode.OK, (await new Member("again") { UserId = alice.UserId }.RegisterAsync(other.Http)).Status);
        Assert.Equal(HttpStatusCode.OK, (await one.TrySiteAsync(HttpMethod.Get, $"members/{alice.UserId}")).Status);

        async Task<string?> FailureAsync(NodeProcess front) => (await new Announcer(front).GetAsync(Announcer.Target(Announcer.NewTorrent(), 1, 5, path: $"/announce/{alice.Passkey}"))).Failure;
    }

    [Fact]
    public async Task Members_and_history_are_listed_page_by_page_whatever_their_names()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var node = await NodeProcess.StartNodeAsync(database);
        string[] names = ["1", "10", "2", "a:b", "ä+&?%", "Ångström", .. Enumerable.Range(100, 20).Select(i => $"{i}")];
        await node.SiteAsync(HttpMethod.Put, "members", new JsonObject
        {
            ["members"] = new JsonArray([.. names.Select((name, i) => new JsonObject { ["user_id"] = name, ["passkey"] = $"{i:D32}" })]),
        }.ToJsonString());
        foreach (var limit in (int[])[1, 7, 26, 1000])
        {
            var (members, pages) = await node.AllAsync("members", "members", limit);
            Assert.Equal(names.Order(StringComparer.Ordinal), members.Select(member => (string)member["user_id"]!).Order(StringComparer.Ordinal));
            Assert.Equal(names.Length / limit + 1, pages);
        }

        foreach (var name in names)
            SiteClient.AssertHas((await node.SiteAsync(HttpMethod.Get, $"members/{Uri.EscapeDataString(name)}"))["member"]!, new JsonObject { ["user_id"] = name }.ToJsonString());

        await node.SiteAsync(HttpMethod.Put, "torrents", $$"""{"torrents":[{"infohash":"{{Hash(1)}}","id":77}]}""");
        JsonObject Entry(string user, int torrent) => new() { ["user_id"] = user, ["infohash"] = Hash(torrent), ["uploaded"] = torrent, ["downloaded"] = 10 };
        var everything = Entry("a:b", 1);
        foreach (var (name, value) in JsonNode.Parse("""
            {"client_uploaded":4,"client_downloaded":5,"seed_time":86400,"first_seen":1600000000,"last_seen":1700000000.25,"completed_at":1650000000,"client":"-qB4520-","seeder":true}
            """)!.AsObject())
            everything[name] = value!.DeepClone();
        var entries = new JsonArray([everything, .. names.Except(["a:b"]).Select(name => Entry(name, 1)), Entry("a:b", 2), Entry("a:b", 3), Entry("nobody", 1)]);
        var body = new JsonObject { ["entries"] = entries }.ToJsonString();
        Assert.Equal(names.Length + 2, (int)(await node.SiteAsync(HttpMethod.Post, "history", body))["added"]!);
        // What is there stays as it is.
        Assert.Equal(0, (int)(await node.SiteAsync(HttpMethod.Post, "history", body))["added"]!);

        foreach (var limit in (int[])[1, 5, 1000])
        {
            var (all, _) = await node.AllAsync("history", "entries", limit);
            Assert.Equal(names.Select(name => $"{name} {Hash(1)}").Concat([$"a:b {Hash(2)}", $"a:b {Hash(3)}"]).Order(StringComparer.Ordinal),
                all.Select(entry => $"{entry["user_id"]} {entry["infohash"]}").Order(StringComparer.Ordinal));
            Assert.Equal(3, (await node.AllAsync("history?user_id=a:b", "entries", limit)).Rows.Count);
            Assert.Equal(names.Length, (await node.AllAsync($"history?infohash={Hash(1)}", "entries", limit)).Rows.Count);
        }

        var one = Assert.Single((await node.SiteAsync(HttpMethod.Get, $"history?user_id=a:b&infohash={Hash(1).ToUpperInvariant()}"))["entries"]!.AsArray())!;
        SiteClient.AssertHas(one, $$"""
            {"user_id":"a:b","infohash":"{{Hash(1)}}","torrent_id":77,"uploaded":1,"downloaded":10,"credited_uploaded":0,"credited_downloaded":0,"client_uploaded":4,"client_downloaded":5,"seed_time":86400,
             "first_seen":1600000000,"last_seen":1700000000.25,"completed_at":1650000000,"client":"-qB4520-","seeder":true,"active":false}
            """);
        Assert.Empty((await node.SiteAsync(HttpMethod.Get, "history?user_id=nobody"))["entries"]!.AsArray());

        // A page that cannot be found again is not an empty one.
        await node.SiteAsync(HttpMethod.Delete, "members/1");
        var (status, answer) = await node.TrySiteAsync(HttpMethod.Get, $"history?after=1:{Hash(1)}");
        Assert.Equal((HttpStatusCode.BadRequest, "after names a member that is not there any more: begin anew"), (status, (string)answer["error"]!));

        await ExecuteAsync(database, "INSERT INTO unregistered_torrents (member, info_hash, last_seen, times) SELECT id, decode($1, 'hex'), to_timestamp(1700000000 + $2), $2 FROM users WHERE user_id = 'a:b'", Hash(8), 2L);
        await ExecuteAsync(database, "INSERT INTO unregistered_torrents (member, info_hash, last_seen, times) SELECT id, decode($1, 'hex'), to_timestamp(1700000000 + $2), $2 FROM users WHERE user_id = 'a:b'", Hash(9), 3L);
        var unregistered = (await node.SiteAsync(HttpMethod.Get, "unregistered"))["torrents"]!.AsArray();
        Assert.Equal([Hash(9), Hash(8)], unregistered.Select(torrent => (string)torrent!["infohash"]!));
        SiteClient.AssertHas(unregistered[0]!, """{"user_id":"a:b","last_seen":1700000003,"times":3}""");
        Assert.Equal(Hash(9), (string)Assert.Single((await node.SiteAsync(HttpMethod.Get, "unregistered?limit=1"))["torrents"]!.AsArray())!["infohash"]!);
    }

    [Fact]
    public async Task A_token_that_reads_writes_nothing_and_one_of_another_scope_does_neither()
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), ("PBTS_ADMIN_TOKEN", Token), ("Administration__AllowLocal", "false"));
        var tokens = new Dictionary<string, string>();
        foreach (var scope in (string[])["admin", "site:read", "site:write", "stats:read", "evidence:read"])
        {
            var (_, made) = await node.Http.CallAsync(HttpMethod.Post, "/api/v1/tokens", JsonClient.Json($$"""{"name":"{{scope}}","scopes":["{{scope}}"]}"""), ("Authorization", $"Bearer {Token}"));
            tokens[scope] = (string)made["token"]!;
        }

        await node.SiteAsync(HttpMethod.Put, "members", """{"members":[{"user_id":"7","passkey":"00000000000000000000000000000007"}]}""", ("Authorization", $"Bearer {Token}"));
        (HttpMethod Method, string Path, string? Body)[] writes =
        [
            (HttpMethod.Put, "torrents", $$"""{"torrents":[{"infohash":"{{Hash(1)}}"}]}"""), (HttpMethod.Put, $"torrents/{Hash(1)}/featured", """{"featured":true}"""),
            (HttpMethod.Put, "groups", """{"groups":[{"id":1,"name":"x"}]}"""), (HttpMethod.Put, "factors", """{"download_factor":0,"upload_factor":0}"""),
            (HttpMethod.Put, "freeleech-tokens", $$"""{"tokens":[{"user_id":"7","infohash":"{{Hash(1)}}"}]}"""), (HttpMethod.Put, "members", """{"members":[{"user_id":"7"}]}"""),
            (HttpMethod.Put, "members/7/freeleech", """{"until":4000000000}"""), (HttpMethod.Put, "baselines", """{"baselines":[{"user_id":"7","uploaded":1,"downloaded":1}]}"""),
            (HttpMethod.Post, "history", $$"""{"entries":[{"user_id":"7","infohash":"{{Hash(1)}}","uploaded":1,"downloaded":1}]}"""),
        ];
        string[] reads = ["torrents", $"torrents/{Hash(1)}", "groups", "factors", "members", "members/7", "history", "unregistered", "changes"];
        (HttpMethod Method, string Path, string? Body)[] ends = [(HttpMethod.Delete, $"freeleech-tokens/7/{Hash(1)}", null), (HttpMethod.Delete, "groups/1", null), (HttpMethod.Delete, "members/7", null)];
        foreach (var scope in (string[])["site:read", "stats:read", "evidence:read"])
            Assert.All(await Task.WhenAll(writes.Concat(ends).Select(call => CallAsync(call, tokens[scope]))), status => Assert.Equal(HttpStatusCode.Unauthorized, status));
        // Nothing of it was done.
        foreach (var list in (string[])["torrents", "groups"])
            Assert.Empty((await node.SiteAsync(HttpMethod.Get, list, null, ("Authorization", $"Bearer {Token}")))[list]!.AsArray());
        foreach (var call in writes)
            Assert.Equal(HttpStatusCode.OK, await CallAsync(call, tokens["site:write"]));
        foreach (var path in reads)
        {
            foreach (var (scope, token) in tokens)
                Assert.Equal(scope is "admin" or "site:read" or "site:write" ? HttpStatusCode.OK : HttpStatusCode.Unauthorized, await CallAsync((HttpMethod.Get, path, null), token));
        }

        foreach (var call in ends)
            Assert.Equal(HttpStatusCode.OK, await CallAsync(call, tokens["site:write"]));

        // The figures that the console shows, and no more of it.
        foreach (var (path, isFigures) in ((string, bool)[])[("proof", true), ("swarms", true), ("users", false), ("audit", false), ("configuration", false)])
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"/console/api/{path}");
            request.Headers.Authorization = new("Bearer", tokens["stats:read"]);
            using var answer = await node.Http.SendAsync(request);
            Assert.Equal(isFigures ? HttpStatusCode.OK : HttpStatusCode.Unauthorized, answer.StatusCode);
        }

        async Task<HttpStatusCode> CallAsync((HttpMethod Method, string Path, string? Body) call, string token)
        {
            using var request = new HttpRequestMessage(call.Method, $"/api/v1/{call.Path}") { Content = call.Body is null ? null : JsonClient.Json(call.Body) };
            request.Headers.Authorization = new("Bearer", token);
            using var answer = await node.Http.SendAsync(request);
            return answer.StatusCode;
        }
    }

    [Fact]
    public async Task What_is_wrong_is_named_with_its_index()
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync());
        var hash = Hash(1);
        foreach (var (method, path, body, expected) in ((HttpMethod, string, string?, string)[])[
            (HttpMethod.Put, "torrents", "{}", "torrents is missing"), (HttpMethod.Put, "torrents", """{"torrents":[{}]}""", "torrents[0].infohash is missing"),
            (HttpMethod.Put, "torrents", $$"""{"torrents":[{"infohash":"{{hash}}"},{"infohash":"abc"}]}""", "torrents[1].infohash must be 40 hexadecimal digits"),
            (HttpMethod.Put, "torrents", $$"""{"torrents":[{"infohash":"{{hash}}","status":"gone"}]}""", "torrents[0].status must be one of pending, approved, rejected, postponed, deleted"),
            (HttpMethod.Put, "torrents", $$"""{"torrents":[{"infohash":"{{hash}}","download_factor":1001}]}""", "torrents[0].download_factor must be an integer from 0 to 1000"),
            (HttpMethod.Put, "torrents", $$"""{"torrents":[{"infohash":"{{hash}}","upload_factor":-1}]}""", "torrents[0].upload_factor must be an integer from 0 to 1000"),
            (HttpMethod.Put, "torrents", $$"""{"torrents":[{"infohash":"{{hash}}","factors_until":"tomorrow"}]}""", "torrents[0].factors_until must be Unix seconds"),
            (HttpMethod.Put, "torrents", $$"""{"torrents":[{"infohash":"{{hash}}","reason":"{{new string('x', 201)}}"}]}""", "torrents[0].reason is too long"),
            (HttpMethod.Put, "torrents", $$"""{"torrents":[{"infohash":"{{hash}}","id":9223372036854775808}]}""", "torrents[0].id must be an integer"),
            (HttpMethod.Put, "torrents", $$"""{"torrents":[{{string.Join(',', Enumerable.Range(0, 1001).Select(i => $$"""{"infohash":"{{Hash(i)}}"}"""))}}]}""", "torrents has 1001 elements: at most 1000"),
            (HttpMethod.Put, $"torrents/{hash}/featured", "{}", "featured is missing"), (HttpMethod.Put, $"torrents/{hash}/featured", """{"featured":1}""", "featured must be true or false"),
            (HttpMethod.Put, "groups", """{"groups":[{"id":1}]}""", "groups[0].name is missing"), (HttpMethod.Put, "groups", """{"groups":[{"name":"x"}]}""", "groups[0].id is missing"),
            (HttpMethod.Put, "groups", """{"groups":[{"id":1,"name":"x","download_slots":-1}]}""", "groups[0].download_slots must be an integer"),
            (HttpMethod.Put, "groups", $$"""{"groups":[{"id":1,"name":"{{new string('x', 101)}}"}]}""", "groups[0].name is too long"),
            (HttpMethod.Put, "factors", """{"upload_factor":100}""", "download_factor is missing"), (HttpMethod.Put, "factors", """{"upload_factor":100,"download_factor":1e9}""", "download_factor must be an integer from 0 to 1000"),
            (HttpMethod.Put, "freeleech-tokens", $$"""{"tokens":[{"infohash":"{{hash}}"}]}""", "tokens[0].user_id is missing"), (HttpMethod.Put, "freeleech-tokens", """{"tokens":[{"user_id":"a"}]}""", "tokens[0].infohash is missing"),
            (HttpMethod.Put, "members/a/freeleech", "{}", "until is missing"), (HttpMethod.Put, "members/a/freeleech", """{"until":-5}""", "until must be Unix seconds"),
            (HttpMethod.Put, "members", """{"members":[{"user_id":"a","donor":"yes"}]}""", "members[0].donor must be true or false"), (HttpMethod.Put, "members", """{"members":[{"user_id":"a","lifetime":1}]}""", "members[0].lifetime must be true or false"),
            (HttpMethod.Put, "baselines", """{"baselines":[{"user_id":"a","uploaded":1}]}""", "baselines[0].downloaded is missing"), (HttpMethod.Put, "baselines", """{"baselines":[{"user_id":"a","uploaded":-1,"downloaded":1}]}""", "baselines[0].uploaded must be an integer"),
            (HttpMethod.Post, "history", $$"""{"entries":[{"user_id":"a","infohash":"{{hash}}","uploaded":1}]}""", "entries[0].downloaded is missing"),
            (HttpMethod.Post, "history", $$"""{"entries":[{"user_id":"a","infohash":"{{hash}}","uploaded":1,"downloaded":1,"first_seen":2,"last_seen":1}]}""", "entries[0].first_seen is after last_seen"),
            (HttpMethod.Post, "history", $$"""{"entries":[{"user_id":"a","infohash":"{{hash}}","uploaded":1,"downloaded":1,"client":"-qB4520-x"}]}""", "entries[0].client is too long"),
            (HttpMethod.Get, "torrents?limit=0", null, "limit must be an integer from 1 to 1000"), (HttpMethod.Get, "torrents?after=xyz", null, "after must be the next"),
            (HttpMethod.Get, "members?limit=1001", null, "limit must be"), (HttpMethod.Get, "members?after=a/b", null, "after must be the next"), (HttpMethod.Get, "history?after=alice", null, "after must be the next"),
            (HttpMethod.Get, "history?infohash=1", null, "infohash must be 40"), (HttpMethod.Get, "history?user_id=a/b", null, "user_id is no user id"), (HttpMethod.Get, "unregistered?limit=x", null, "limit must be"),
            (HttpMethod.Get, "changes?after=-1", null, "after must be the cursor"), (HttpMethod.Get, "changes?wait=31", null, "wait must be an integer from 0 to 30"), (HttpMethod.Get, "changes?limit=0", null, "limit must be")])
        {
            var (status, answer) = await node.TrySiteAsync(method, path, body);
            Assert.True(status == HttpStatusCode.BadRequest && ((string)answer["error"]!).Contains(expected, StringComparison.Ordinal), $"{method} {path} {body}: {(int)status} {answer.ToJsonString()}");
        }

        Assert.Empty((await node.SiteAsync(HttpMethod.Get, "torrents"))["torrents"]!.AsArray());
        // There are no more groups than every front end can hold.
        await node.SiteAsync(HttpMethod.Put, "groups", $$"""{"groups":[{{string.Join(',', Enumerable.Range(0, 1000).Select(i => $$"""{"id":{{i}},"name":"g"}"""))}}]}""");
        await node.SiteAsync(HttpMethod.Put, "groups", """{"groups":[{"id":999,"name":"h"}]}""");
        Assert.Equal(HttpStatusCode.BadRequest, (await node.TrySiteAsync(HttpMethod.Put, "groups", """{"groups":[{"id":1000,"name":"g"}]}""")).Status);
    }

    private static string Hash(int number) => Convert.ToHexStringLower(System.Security.Cryptography.SHA1.HashData(BitConverter.GetBytes(number)));

    private static async Task ExecuteAsync(string database, string statement, params object[] values)
    {
        await using var source = NpgsqlDataSource.Create(database);
        await using var command = source.CreateCommand(statement);
        foreach (var value in values)
            command.Parameters.Add(new() { Value = value });
        Assert.Equal(1, await command.ExecuteNonQueryAsync());
    }
}
