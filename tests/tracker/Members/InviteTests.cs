using System.Net;
using System.Text.Json.Nodes;
using Npgsql;
using Pbts.Peer;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Members;

/// <summary>Invites: who makes them, who comes by them, and how often.</summary>
public sealed class InviteTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    private const string Token = "an-administration-token-for-tests";
    private static readonly (string, string) Administrator = ("Authorization", "Bearer " + Token);

    [Fact]
    public async Task Of_fifty_who_register_at_once_by_an_invite_of_ten_uses_ten_are_members_whatever_node_they_ask()
    {
        var database = await postgres.CreateDatabaseAsync();
        (string, string)[] settings = [("PBTS_ADMIN_TOKEN", Token), ("Members__Registration", "invite")];
        await using var node = await NodeProcess.StartNodeAsync(database, settings);
        await using var other = await NodeProcess.StartNodeAsync(database, settings);
        var (id, invite) = await MakeAsync(node, uses: 10, Administrator);
        var members = Enumerable.Range(0, 50).Select(_ => new Member("guest")).ToArray();
        var answers = await Task.WhenAll(members.Select((member, i) => member.RegisterAsync(i % 2 == 0 ? node.Http : other.Http, invite: invite)));

        Assert.Equal(10, answers.Count(answer => answer.Status == HttpStatusCode.OK));
        Assert.All(answers.Where(answer => answer.Status != HttpStatusCode.OK), answer => Assert.Equal(HttpStatusCode.Forbidden, answer.Status));
        Assert.All(answers.Where(answer => answer.Status == HttpStatusCode.OK), answer => Assert.Equal("invite", (string)answer.Answer["origin"]!));
        var listed = Assert.Single(await ListAsync(node, Administrator))!;
        Assert.Equal((id, 10, 10, (string?)null), ((long)listed["id"]!, (int)listed["uses"]!, (int)listed["used"]!, (string?)listed["maker"]));
        var came = members.Where((_, i) => answers[i].Status == HttpStatusCode.OK).Select(member => member.UserId);
        Assert.Equal(came.Order(StringComparer.Ordinal), listed["used_by"]!.AsArray().Select(name => (string)name!).Order(StringComparer.Ordinal));
        Assert.Equal(10L, await CountAsync(database, "SELECT count(*) FROM users"));
    }

    [Fact]
    public async Task A_registration_that_fails_spends_nothing_and_a_proof_of_the_same_member_needs_no_other_invite()
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), ("PBTS_ADMIN_TOKEN", Token), ("Members__Registration", "invite"));
        var (_, invite) = await MakeAsync(node, uses: 2, Administrator);
        var identity = MemberIdentity.Generate();
        var alice = new Member("alice", identity);
        Assert.Equal(HttpStatusCode.OK, (await alice.RegisterAsync(node.Http, signed: false, invite: invite)).Status);
        Assert.Equal(HttpStatusCode.Conflict, (await new Member("other") { UserId = alice.UserId }.RegisterAsync(node.Http, invite: invite)).Status);

        // The proof is the same member's: no use, no other origin, even when the administration hands it in.
        var (status, answer) = await alice.RegisterAsync(node.Http, administrator: Token);
        Assert.Equal((HttpStatusCode.OK, true, "invite"), (status, (bool)answer["proof_of_possession"]!, (string)answer["origin"]!));
        Assert.Equal(HttpStatusCode.Conflict, (await alice.RegisterAsync(node.Http, invite: invite)).Status);
        Assert.Equal(HttpStatusCode.Conflict, (await new Member("thief", identity).RegisterAsync(node.Http, invite: invite)).Status);
        var forged = new Member("forged");
        Assert.Equal(HttpStatusCode.Unauthorized, (await node.Http.PostAsync("/register", new JsonObject
        {
            ["user_id"] = forged.UserId, ["public_key"] = forged.PublicKey, ["signature"] = forged.Sign([1]), ["invite"] = invite,
        })).Status);
        Assert.Equal(1, (int)(await ListAsync(node, Administrator))[0]!["used"]!);
        Assert.Equal(HttpStatusCode.OK, (await new Member("bob").RegisterAsync(node.Http, invite: invite)).Status);
    }

    [Fact]
    public async Task A_stranger_is_not_told_what_is_wrong_with_an_invite()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var node = await NodeProcess.StartNodeAsync(database, ("PBTS_ADMIN_TOKEN", Token));
        var (_, spent) = await MakeAsync(node, uses: 1, Administrator);
        Assert.Equal(HttpStatusCode.OK, (await new Member("first").RegisterAsync(node.Http, invite: spent)).Status);
        var (_, expired) = await MakeAsync(node, uses: 1, Administrator);
        await CountAsync(database, "WITH late AS (UPDATE invites SET expires_at = now() WHERE used = 0 RETURNING 1) SELECT count(*) FROM late");
        var (id, revoked) = await MakeAsync(node, uses: 2, Administrator);
        Assert.Equal(HttpStatusCode.OK, (await new Member("second").RegisterAsync(node.Http, invite: revoked)).Status);
        Assert.Equal(HttpStatusCode.OK, (await node.Http.CallAsync(HttpMethod.Delete, $"/invites/{id}", null, Administrator)).Status);

        // On an open tracker too: who gives an invite means to come by it.
        var answers = new HashSet<string>();
        foreach (var invite in (string[])[spent, expired, revoked, "wrong", new string('0', 32), spent.ToUpperInvariant()])
        {
            var (status, answer) = await new Member("late").RegisterAsync(node.Http, invite: invite);
            Assert.Equal(HttpStatusCode.Forbidden, status);
            answers.Add(answer.ToJsonString());
        }

        Assert.Contains("invite is not valid", Assert.Single(answers), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.BadRequest, (await node.Http.PostAsync("/register", new JsonObject
        {
            ["user_id"] = "x", ["public_key"] = new Member("x").PublicKey, ["invite"] = 7,
        })).Status);
        Assert.NotNull((await ListAsync(node, Administrator)).Single(invite => (long)invite!["id"]! == id)!["revoked_at"]);
        // What the table holds lets nobody in.
        Assert.Equal(0L, await CountAsync(database, $"SELECT count(*) FROM invites WHERE token_hash = '\\x{spent}'::bytea OR invites::text LIKE '%{spent}%'"));
    }

    [Fact]
    public async Task Members_give_as_many_as_the_operator_lets_them_and_see_and_end_their_own_alone()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var node = await NodeProcess.StartNodeAsync(database, ("PBTS_ADMIN_TOKEN", Token), ("Members__Registration", "invite"), ("Members__InvitesPerMember", "3"));
        var (alice, bob, unproven) = (new Member("alice"), new Member("bob"), new Member("unproven"));
        foreach (var member in (Member[])[alice, bob])
            Assert.Equal(HttpStatusCode.OK, (await member.RegisterAsync(node.Http, administrator: Token)).Status);
        Assert.Equal(HttpStatusCode.OK, (await unproven.RegisterAsync(node.Http, signed: false, administrator: Token)).Status);
        var key = ("X-Passkey", alice.Passkey);

        var (id, invite) = await MakeAsync(node, uses: 2, key);
        Assert.Contains("uses is more than this member has invites to give: 1", await RefusedAsync(node, 2, key), StringComparison.Ordinal);
        // All at once they are no more.
        var made = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => node.Http.CallAsync(HttpMethod.Post, "/invites", JsonClient.Json("{}"), key)));
        Assert.Equal(1, made.Count(answer => answer.Status == HttpStatusCode.Created));
        Assert.Contains("has no invites to give", await RefusedAsync(node, 1, key), StringComparison.Ordinal);
        Assert.Contains("proved their key", await RefusedAsync(node, 1, ("X-Passkey", unproven.Passkey)), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Unauthorized, (await node.Http.CallAsync(HttpMethod.Post, "/invites", JsonClient.Json("{}"))).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await node.Http.CallAsync(HttpMethod.Post, "/invites", JsonClient.Json("{}"), ("X-Passkey", new string('0', 32)))).Status);

        var carol = new Member("carol");
        Assert.Equal(HttpStatusCode.OK, (await carol.RegisterAsync(node.Http, invite: invite)).Status);
        var listed = await ListAsync(node, key);
        Assert.Equal(2, listed.Count);
        Assert.Equal([carol.UserId], listed.Single(one => (long)one!["id"]! == id)!["used_by"]!.AsArray().Select(name => (string)name!));
        Assert.DoesNotContain(invite, listed.ToJsonString(), StringComparison.Ordinal);
        Assert.Empty(await ListAsync(node, ("X-Passkey", bob.Passkey)));
        Assert.Equal(2, (await ListAsync(node, Administrator)).Count);
        Assert.Equal(alice.UserId, (string)(await ListAsync(node, Administrator))[0]!["maker"]!);

        // Another's is not there for him; an ended one gives back what was not used of it.
        Assert.Equal(HttpStatusCode.NotFound, (await node.Http.CallAsync(HttpMethod.Delete, $"/invites/{id}", null, ("X-Passkey", bob.Passkey))).Status);
        Assert.Equal(HttpStatusCode.OK, (await node.Http.CallAsync(HttpMethod.Delete, $"/invites/{id}", null, key)).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await new Member("dave").RegisterAsync(node.Http, invite: invite)).Status);
        await MakeAsync(node, uses: 1, key);
        await RefusedAsync(node, 1, key);

        // Making and ending, or letting expire, leaves nothing behind.
        for (var i = 0; i < 5; i++)
        {
            var (passing, _) = await MakeAsync(node, uses: 3, ("X-Passkey", bob.Passkey));
            if (i % 2 == 0)
                Assert.Equal(HttpStatusCode.OK, (await node.Http.CallAsync(HttpMethod.Delete, $"/invites/{passing}", null, ("X-Passkey", bob.Passkey))).Status);
            else
                await CountAsync(database, $"WITH late AS (UPDATE invites SET expires_at = now() WHERE id = {passing} RETURNING 1) SELECT count(*) FROM late");
        }

        Assert.InRange(await CountAsync(database, $"SELECT count(*) FROM invites JOIN users ON users.id = maker WHERE user_id = '{bob.UserId}'"), 0, 1);
    }

    [Theory]
    [InlineData("""{"uses":0}""", "uses must be an integer from 1 to 10000")]
    [InlineData("""{"uses":10001}""", "uses must be")]
    [InlineData("""{"uses":1.5}""", "uses must be")]
    [InlineData("""{"uses":"1"}""", "uses must be")]
    [InlineData("""{"expires":59}""", "expires must be an integer from 60 to 31622400")]
    [InlineData("""{"expires":-1}""", "expires must be")]
    [InlineData("""[]""", "JSON object")]
    public async Task What_makes_no_sense_is_named(string body, string expected)
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), ("PBTS_ADMIN_TOKEN", Token));
        var (status, answer) = await node.Http.CallAsync(HttpMethod.Post, "/invites", JsonClient.Json(body), Administrator);
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains(expected, (string)answer["error"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_list_comes_in_pages_and_what_the_administration_does_is_on_record()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var node = await NodeProcess.StartNodeAsync(database, ("PBTS_ADMIN_TOKEN", Token));
        var ids = new List<long>();
        for (var i = 0; i < 5; i++)
            ids.Add((await MakeAsync(node, uses: 1, Administrator)).Id);
        var (_, first) = await node.Http.GetJsonAsync("/invites?limit=3", Administrator);
        var (_, second) = await node.Http.GetJsonAsync($"/invites?limit=3&before={first["next_before"]}", Administrator);
        Assert.Equal(Enumerable.Reverse(ids), first["invites"]!.AsArray().Concat(second["invites"]!.AsArray()).Select(invite => (long)invite!["id"]!));
        Assert.Null(second["next_before"]);
        Assert.Equal(HttpStatusCode.BadRequest, (await node.Http.GetJsonAsync("/invites?limit=0", Administrator)).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await node.Http.GetJsonAsync("/invites?before=x", Administrator)).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await node.Http.CallAsync(HttpMethod.Delete, "/invites/999999", null, Administrator)).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await node.Http.CallAsync(HttpMethod.Delete, $"/invites/{ids[0]}", null)).Status);

        for (var tries = 0; await CountAsync(database, "SELECT count(*) FROM audit WHERE action = 'POST /invites' AND outcome = 'done'") < 5; tries++)
        {
            Assert.True(tries < 100, "It is not in the audit table.");
            await Task.Delay(100);
        }

        Assert.Equal(1L, await CountAsync(database, "SELECT count(*) FROM audit WHERE action LIKE 'DELETE /invites/%' AND outcome = 'answered 404'"));
        Assert.Equal(0L, await CountAsync(database, "SELECT count(*) FROM audit WHERE action LIKE 'GET /invites%'"));
    }

    internal static async Task<(long Id, string Token)> MakeAsync(NodeProcess node, int uses, (string, string) caller)
    {
        var (status, answer) = await node.Http.CallAsync(HttpMethod.Post, "/invites", JsonClient.Json($$"""{"uses":{{uses}},"expires":600}"""), caller);
        Assert.True(status == HttpStatusCode.Created, answer.ToJsonString());
        Assert.Matches("^[0-9a-f]{32}$", (string)answer["token"]!);
        Assert.InRange((double)answer["expires_at"]!, Member.Now + 500, Member.Now + 700);
        return ((long)answer["id"]!, (string)answer["token"]!);
    }

    private static async Task<string> RefusedAsync(NodeProcess node, int uses, (string, string) caller)
    {
        var (status, answer) = await node.Http.CallAsync(HttpMethod.Post, "/invites", JsonClient.Json($$"""{"uses":{{uses}}}"""), caller);
        Assert.Equal(HttpStatusCode.Forbidden, status);
        return (string)answer["error"]!;
    }

    private static async Task<JsonArray> ListAsync(NodeProcess node, (string, string) caller)
    {
        var (status, answer) = await node.Http.GetJsonAsync("/invites", caller);
        Assert.True(status == HttpStatusCode.OK, answer.ToJsonString());
        return answer["invites"]!.AsArray();
    }

    private static async Task<long> CountAsync(string database, string sql)
    {
        await using var source = NpgsqlDataSource.Create(database);
        await using var command = source.CreateCommand(sql);
        return (long)(await command.ExecuteScalarAsync())!;
    }
}
