using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Policy;

/// <summary>Tokens for programs: each does what its scopes say and no more, until it is revoked.</summary>
public sealed class ApiTokenTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    private const string Token = "an-administration-token-for-tests";

    private static readonly (string Name, string Value)[] Settings = [("PBTS_ADMIN_TOKEN", Token), ("Administration__AllowLocal", "false")];

    [Fact]
    public async Task A_token_does_what_its_scopes_say_on_every_front_end_until_it_is_revoked()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var silo = await NodeProcess.StartSiloAsync(database, Settings);
        await using var one = await NodeProcess.StartApiAsync(database, Settings);
        await using var other = await NodeProcess.StartApiAsync(database, Settings);
        var alice = await Member.RegisteredAsync(one.Http, "alice");
        var tokens = new Dictionary<string, (long Id, string Text)>();
        foreach (var scope in (string[])["admin", "site:read", "site:write", "evidence:read"])
        {
            var (status, made) = await CallAsync(one, HttpMethod.Post, "/api/v1/tokens", Token, new JsonObject { ["name"] = $"for {scope}", ["scopes"] = new JsonArray(scope) });
            Assert.Equal(HttpStatusCode.Created, status);
            tokens[scope] = ((long)made["id"]!, (string)made["token"]!);
        }

        (string What, HttpMethod Method, string Path, JsonNode? Body, string[] Scopes)[] calls =
        [
            ("read rules", HttpMethod.Get, "/api/v1/clients", null, ["admin", "site:read", "site:write"]),
            ("write rules", HttpMethod.Put, "/api/v1/clients", JsonNode.Parse("""{"clients":[{"prefix":"-ZZ"}]}"""), ["admin", "site:write"]),
            ("set members", HttpMethod.Put, "/api/v1/members", JsonNode.Parse($$"""{"members":[{"user_id":"{{alice.UserId}}"}]}"""), ["admin", "site:write"]),
            ("list tokens", HttpMethod.Get, "/api/v1/tokens", null, ["admin"]),
            ("change settings", HttpMethod.Post, "/config", JsonNode.Parse("""{"receipt_window":3600}"""), ["admin"]),
            ("set trust", HttpMethod.Put, $"/user/{alice.UserId}/trust", JsonNode.Parse("""{"trust":null}"""), ["admin"]),
        ];
        foreach (var front in new[] { one, other })
        {
            // On the one it was made at once, on the other within a second.
            await UntilAsync(async () => (await CallAsync(front, HttpMethod.Get, "/api/v1/tokens", tokens["admin"].Text)).Status == HttpStatusCode.OK, "the token is known");
            foreach (var call in calls)
            {
                foreach (var (scope, token) in tokens)
                    Assert.True((call.Scopes.Contains(scope) ? HttpStatusCode.OK : HttpStatusCode.Unauthorized) == (await CallAsync(front, call.Method, call.Path, token.Text, call.Body)).Status, $"{call.What} with {scope}");
                Assert.Equal(HttpStatusCode.Unauthorized, (await CallAsync(front, call.Method, call.Path, new string('0', 64), call.Body)).Status);
                Assert.Equal(HttpStatusCode.Unauthorized, (await CallAsync(front, call.Method, call.Path, null, call.Body)).Status);
            }

            foreach (var (scope, token) in tokens)
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, $"/user/{alice.UserId}/evidence");
                request.Headers.Authorization = new("Bearer", token.Text);
                using var evidence = await front.Http.SendAsync(request);
                Assert.Equal(scope is "admin" or "evidence:read" ? HttpStatusCode.OK : HttpStatusCode.Unauthorized, evidence.StatusCode);
            }
        }

        // The audit trail names the program, never the token.
        var trail = "";
        await UntilAsync(async () => (trail = (await CallAsync(one, HttpMethod.Get, "/console/api/audit", Token)).Answer.ToJsonString()).Contains("by token for site:write", StringComparison.Ordinal), "audited");
        Assert.All(tokens.Values, token => Assert.DoesNotContain(token.Text, trail, StringComparison.Ordinal));
        var (_, listed) = await CallAsync(one, HttpMethod.Get, "/api/v1/tokens", Token);
        Assert.All(tokens.Values, token => Assert.DoesNotContain(token.Text, listed.ToJsonString(), StringComparison.Ordinal));

        Assert.Equal(HttpStatusCode.OK, (await CallAsync(other, HttpMethod.Delete, $"/api/v1/tokens/{tokens["admin"].Id}", Token)).Status);
        foreach (var front in new[] { other, one })
            await UntilAsync(async () => (await CallAsync(front, HttpMethod.Get, "/api/v1/tokens", tokens["admin"].Text)).Status == HttpStatusCode.Unauthorized, "revoked");
        Assert.Equal(HttpStatusCode.NotFound, (await CallAsync(other, HttpMethod.Delete, $"/api/v1/tokens/{tokens["admin"].Id}", Token)).Status);
        Assert.Equal(HttpStatusCode.OK, (await CallAsync(one, HttpMethod.Get, "/api/v1/clients", tokens["site:read"].Text)).Status);
    }

    [Fact]
    public async Task The_command_makes_lists_and_revokes_them_and_what_is_wrong_is_named()
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), Settings);
        foreach (var (body, expected) in ((string, string)[])[
            ("{}", "name is missing"), ("""{"name":"x"}""", "scopes is missing"), ("""{"name":"x","scopes":[]}""", "scopes is missing"), ("""{"name":"x","scopes":["root"]}""", "scopes must be of admin, site:read"),
            ("""{"name":"x","scopes":[7]}""", "scopes must be of"), ($$"""{"name":"{{new string('x', 65)}}","scopes":["admin"]}""", "name is too long")])
        {
            var (status, answer) = await CallAsync(node, HttpMethod.Post, "/api/v1/tokens", Token, JsonNode.Parse(body));
            Assert.Equal(HttpStatusCode.BadRequest, status);
            Assert.Contains(expected, (string)answer["error"]!, StringComparison.Ordinal);
        }

        var made = await RunAsync("create", "the site", "--scope", "site:read", "--scope", "evidence:read");
        Assert.Equal(HttpStatusCode.OK, (await CallAsync(node, HttpMethod.Get, "/api/v1/clients", made.GetProperty("token").GetString())).Status);
        var listed = (await RunAsync("list")).GetProperty("tokens")[0];
        Assert.Equal(("the site", made.GetProperty("id").GetInt64()), (listed.GetProperty("name").GetString(), listed.GetProperty("id").GetInt64()));
        await RunAsync("revoke", $"{made.GetProperty("id")}");
        await UntilAsync(async () => (await CallAsync(node, HttpMethod.Get, "/api/v1/clients", made.GetProperty("token").GetString())).Status == HttpStatusCode.Unauthorized, "revoked");

        async Task<System.Text.Json.JsonElement> RunAsync(params string[] words)
        {
            await using var command = CliProcess.Start(null, [("PBTS_ADMIN_TOKEN", Token)], ["token", .. words, "--tracker", $"{node.Url}", "--json"]);
            return await command.SucceedAsync(TimeSpan.FromSeconds(60));
        }
    }

    private static async Task UntilAsync(Func<Task<bool>> condition, string what)
    {
        for (var waited = Stopwatch.StartNew(); !await condition(); await Task.Delay(20))
            Assert.True(waited.Elapsed < TimeSpan.FromSeconds(5), what);
    }

    private static Task<(HttpStatusCode Status, JsonObject Answer)> CallAsync(NodeProcess front, HttpMethod method, string path, string? token, JsonNode? body = null) =>
        front.Http.CallAsync(method, path, body is null ? null : JsonClient.Json(body.ToJsonString()), token is null ? [] : [("Authorization", $"Bearer {token}")]);
}
