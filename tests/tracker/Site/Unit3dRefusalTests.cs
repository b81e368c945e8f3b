using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Pbts.Tracker.Tests.Support;
using Xunit.Abstractions;
using static Pbts.Tracker.Tests.Site.Unit3dSite;

namespace Pbts.Tracker.Tests.Site;

/// <summary>What a site gets to hear whose bodies are wrong, who has not its key, and who has it and says much at once.</summary>
public sealed class Unit3dRefusalTests(PostgresServer postgres, ITestOutputHelper output) : IClassFixture<PostgresServer>
{
    [Fact]
    public async Task What_is_wrong_with_a_body_is_named()
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), Setting);
        foreach (var (path, body, error) in ((string, string, string)[])[
            ("users", """{"id":"7","group_id":3,"passkey":"aZ09bY18cX27dW36eV45fU54gT63hS72","can_download":true,"is_donor":false,"is_lifetime":false}""", "id must be an integer"),
            ("users", """{"id":7,"passkey":"aZ09bY18cX27dW36eV45fU54gT63hS72","can_download":true,"is_donor":false,"is_lifetime":false}""", "group_id is missing"),
            ("users", """{"id":7,"group_id":3,"passkey":"short","can_download":true,"is_donor":false,"is_lifetime":false}""", "passkey must be 32 letters and digits"),
            ("users", """{"id":7,"group_id":3,"passkey":"aZ09bY18cX27dW36eV45fU54gT63hS72","new_passkey":"x","can_download":true,"is_donor":false,"is_lifetime":false}""", "new_passkey must be 32 letters and digits"),
            ("users", """{"id":7,"group_id":3,"passkey":"aZ09bY18cX27dW36eV45fU54gT63hS72","can_download":1,"is_donor":false,"is_lifetime":false}""", "can_download must be true or false"),
            ("users", """{"id":7,"group_id":3,"passkey":"aZ09bY18cX27dW36eV45fU54gT63hS72","can_download":true,"is_donor":false,"is_lifetime":false,"num_seeding":"1"}""", "num_seeding must be an integer"),
            ("torrents", """{"id":5,"status":4,"info_hash":"0123456789abcdef0123456789abcdef01234567","is_deleted":false,"times_completed":0,"download_factor":100,"upload_factor":100}""", "status must be an integer from 0 to 3"),
            ("torrents", """{"id":5,"status":1,"info_hash":"0123","is_deleted":false,"times_completed":0,"download_factor":100,"upload_factor":100}""", "info_hash must be 40 hexadecimal digits"),
            ("torrents", """{"id":5,"status":1,"info_hash":"0123456789abcdef0123456789abcdef01234567","is_deleted":0,"times_completed":0,"download_factor":100,"upload_factor":100}""", "is_deleted must be true or false"),
            ("torrents", """{"id":5,"status":1,"info_hash":"0123456789abcdef0123456789abcdef01234567","is_deleted":false,"times_completed":-1,"download_factor":100,"upload_factor":100}""", "times_completed must be an integer"),
            ("torrents", """{"id":5,"status":1,"info_hash":"0123456789abcdef0123456789abcdef01234567","is_deleted":false,"times_completed":0,"download_factor":1001,"upload_factor":100}""", "download_factor must be an integer from 0 to 1000"),
            ("groups", """{"id":3,"slug":"","is_immune":false,"is_freeleech":false,"is_double_upload":false}""", "slug is empty"),
            ("groups", """{"id":3,"slug":"a","download_slots":2.5,"is_immune":false,"is_freeleech":false,"is_double_upload":false}""", "download_slots must be an integer"),
            ("groups", """{"id":3,"slug":"a","is_immune":false,"is_freeleech":"no","is_double_upload":false}""", "is_freeleech must be true or false"),
            ("blacklisted-agents", """{}""", "peer_id_prefix is missing"),
            ("blacklisted-agents", """{"peer_id_prefix":[45,256]}""", "peer_id_prefix must be text or a list of bytes"),
            ("blacklisted-agents", """{"peer_id_prefix":"123456789012345678901"}""", "peer_id_prefix must be 1 to 20 bytes"),
            ("freeleech-tokens", """{"user_id":7}""", "torrent_id is missing"),
            ("personal-freeleech", """{"user_id":true}""", "user_id must be an integer"),
            ("featured-torrents", """[]""", "body is not a JSON object"),
        ])
        {
            var (status, answer) = await CallAsync(node, HttpMethod.Put, path, body);
            Assert.Equal(HttpStatusCode.BadRequest, status);
            Assert.StartsWith(error, (string)answer["error"]!, StringComparison.Ordinal);
        }

        foreach (var (path, body, error) in ((string, string, string)[])[
            ("users", """{"id":7}""", "passkey is missing"), ("torrents", """{"id":7,"info_hash":5}""", "info_hash must be text"), ("groups", "{}", "id is missing"), ("groups", "", "body is missing"),
            ("freeleech-tokens", """{"torrent_id":7}""", "user_id is missing"), ("featured-torrents", """{"torrent_id":"7"}""", "torrent_id must be an integer")])
        {
            var (status, answer) = await CallAsync(node, HttpMethod.Delete, path, body);
            Assert.Equal(HttpStatusCode.BadRequest, status);
            Assert.StartsWith(error, (string)answer["error"]!, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Without_the_key_there_is_nothing_and_the_key_is_no_passkey_and_in_no_log()
    {
        // As short as it may be, and of the characters of a passkey.
        const string short32 = "0123456789abcdefghijklmnopqrstuv";
        var database = await postgres.CreateDatabaseAsync();
        await using var node = await NodeProcess.StartNodeAsync(database, ("Site__Unit3dKey", short32), ("PBTS_ADMIN_TOKEN", "administrators-own-token"));
        Assert.Equal(HttpStatusCode.OK, (await CallAsync(node, HttpMethod.Get, "stats", key: short32)).Status);
        foreach (var wrong in (string[])[short32[..31] + "w", short32 + "w", short32.ToUpperInvariant(), new string('0', 64)])
        {
            foreach (var (method, path) in ((HttpMethod, string)[])[
                (HttpMethod.Get, "stats"), (HttpMethod.Get, "users/1"), (HttpMethod.Get, "torrents/1"), (HttpMethod.Put, "users"), (HttpMethod.Delete, "torrents"), (HttpMethod.Post, "config/reload")])
            {
                var (status, answer) = await CallAsync(node, method, path, method == HttpMethod.Get ? null : "{}", wrong);
                Assert.Equal((HttpStatusCode.NotFound, "not found"), (status, (string)answer["error"]!));
            }
        }

        // A member that was given the key as its passkey by other ways announces with it nowhere.
        var members = new JsonObject { ["members"] = new JsonArray(new JsonObject { ["user_id"] = "thief", ["passkey"] = short32 }) };
        await node.Http.CallAsync(HttpMethod.Put, "/api/v1/members", JsonClient.Json(members.ToJsonString()), ("Authorization", "Bearer administrators-own-token"));
        foreach (var path in (string[])[$"/announce/{short32}", $"/{short32}/announce", $"/announce?passkey={short32}&"])
            Assert.Equal("unknown passkey", (await new Announcer(node).GetAsync(Announcer.Target(Announcer.NewTorrent(), 1, 5, path: path).Replace("&?", "&", StringComparison.Ordinal))).Failure);
        var (refused, reason) = await CallAsync(node, HttpMethod.Put, "users", User(7, short32), short32);
        Assert.Equal((HttpStatusCode.BadRequest, "passkey must be 32 letters and digits, and no key of a site"), (refused, (string)reason["error"]!));
        Assert.Equal("PONG", await node.Http.GetStringAsync("/announce/health/ping"));

        // Attempts are on record, and neither they nor failures tell the key; nor does what the operator sees.
        var bearer = ("Authorization", "Bearer administrators-own-token");
        await Wait.UntilAsync(async () => (await node.Http.GetJsonAsync("/console/api/audit?limit=100", bearer)).Answer.ToJsonString().Contains("GET /announce/KEY/stats", StringComparison.Ordinal));
        Assert.DoesNotContain(short32, (await node.Http.GetJsonAsync("/console/api/audit?limit=100", bearer)).Answer.ToJsonString(), StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(short32, (await node.Http.GetJsonAsync("/console/api/configuration", bearer)).Answer.ToJsonString(), StringComparison.Ordinal);
        Assert.DoesNotContain(short32, node.Log, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Where_no_key_is_set_there_is_nothing_for_anybody()
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync());
        Assert.Equal(HttpStatusCode.NotFound, (await CallAsync(node, HttpMethod.Get, "stats")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await CallAsync(node, HttpMethod.Put, "users", User(7, First))).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await node.Http.GetAsync($"/{Key}/update?action=info_torrent")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await node.Http.GetAsync($"/{Key}/report?get=stats")).StatusCode);
    }

    [Theory]
    [InlineData("Site__Unit3dKey", "0123456789abcdefghijklmnopqrstu", "Site:Unit3dKey is too short: it must have at least 32 characters.")]
    [InlineData("Site__OcelotKey", "short", "Site:OcelotKey is too short: it must have at least 32 characters.")]
    [InlineData("Site__OcelotKey", "0123456789abcdef/0123456789abcdef", "Site:OcelotKey must be of letters, digits, - and _")]
    public async Task A_key_that_could_be_guessed_or_is_no_part_of_a_path_is_refused_at_start(string name, string value, string error)
    {
        await using var node = NodeProcess.Launch("Pbts.Silo.dll", await postgres.CreateDatabaseAsync(), (name, value));
        await node.WaitForExitAsync();
        Assert.Contains(error, node.Log, StringComparison.Ordinal);
    }

    /// <summary>As when a site's staff change a whole group: with the limits that others have, who would be told to come back.</summary>
    [Fact]
    public async Task Thousands_of_calls_at_once_are_answered()
    {
        const int members = 3000;
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), Setting, NodeProcess.WithLimits);
        using var site = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 200 }) { BaseAddress = node.Url, Timeout = TimeSpan.FromSeconds(100) };
        var started = Stopwatch.StartNew();
        var statuses = await Task.WhenAll(Enumerable.Range(1, members).Select(async id =>
        {
            using var body = new StringContent(User(id, $"{id:D8}abcdefghijklmnopqrstuvwx"), Encoding.UTF8, "application/json");
            using var answer = await site.PutAsync($"/announce/{Key}/users", body);
            return answer.StatusCode;
        }));
        output.WriteLine($"{members} members in {started.Elapsed}");
        Assert.Equal(members, statuses.Count(status => status == HttpStatusCode.OK));
        var last = await GetAsync(node, $"users/{members}");
        Assert.Equal($"{members:D8}abcdefghijklmnopqrstuvwx", (string)last["passkey"]!);
        // Others have their limits still.
        var strangers = await Task.WhenAll(Enumerable.Range(0, 1200).Select(async _ =>
        {
            using var answer = await site.GetAsync($"/announce/{Key}x/stats");
            return answer.StatusCode;
        }));
        Assert.Contains(HttpStatusCode.TooManyRequests, strangers);
    }
}
