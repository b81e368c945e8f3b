using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using Pbts.Tracker.Tests.Support;
using Xunit.Abstractions;

namespace Pbts.Tracker.Tests.Policy;

/// <summary>What is said of members and clients holds on every front end within a second, whoever was told, and survives every process.</summary>
public sealed class PolicyTests(PostgresServer postgres, ITestOutputHelper output) : IClassFixture<PostgresServer>
{
    [Fact]
    public async Task What_is_said_to_one_front_end_holds_on_all_within_a_second_and_survives_them()
    {
        var database = await postgres.CreateDatabaseAsync();
        var silo = await NodeProcess.StartSiloAsync(database);
        var fronts = await Task.WhenAll(NodeProcess.StartApiAsync(database), NodeProcess.StartApiAsync(database));
        try
        {
            var alice = await Member.RegisteredAsync(fronts[0].Http, "alice");
            var torrent = Announcer.NewTorrent();
            foreach (var front in fronts)
                Assert.Null(await FailureAsync(front, torrent, alice.Passkey));

            await SetMembersAsync(fronts[0], new JsonObject { ["user_id"] = alice.UserId, ["disabled"] = "shared the account" });
            await WithinASecondAsync("disabled", fronts, async front => await FailureAsync(front, torrent, alice.Passkey) == "this account is disabled: shared the account");
            // Who leaves may say so.
            Assert.Null(await FailureAsync(fronts[1], torrent, alice.Passkey, more: "&event=stopped"));
            Assert.Equal("this account is disabled: shared the account", (await new Announcer(fronts[1]).GetAsync($"/scrape/{alice.Passkey}?info_hash={Announcer.Escape(torrent)}")).Failure);
            // Others are told that it is so, and not why.
            Assert.Equal("this account is disabled", (await new Announcer(fronts[1]).AnnounceAsync(torrent, 1, 5, $"&user_id={alice.UserId}")).Failure);

            await SetMembersAsync(fronts[1], new JsonObject { ["user_id"] = alice.UserId, ["can_download"] = false });
            await WithinASecondAsync("seeds only", fronts, async front => await FailureAsync(front, torrent, alice.Passkey) == "this account may seed, not download");
            Assert.Null(await FailureAsync(fronts[0], torrent, alice.Passkey, left: 0));

            await SetMembersAsync(fronts[1], new JsonObject { ["user_id"] = alice.UserId });
            await WithinASecondAsync("as others", fronts, async front => await FailureAsync(front, torrent, alice.Passkey) is null);

            // A new passkey ends the old one everywhere.
            var rotated = await alice.RotateAsync(fronts[0].Http);
            await WithinASecondAsync("old passkey", fronts, async front => await FailureAsync(front, torrent, alice.Passkey) == "unknown passkey");
            Assert.Null(await FailureAsync(fronts[1], torrent, rotated.Passkey));

            await SetClientsAsync(fronts[0], new JsonObject { ["prefix"] = "-XX0001", ["reason"] = "too old" });
            await WithinASecondAsync("client", fronts, async front => await FailureAsync(front, torrent, rotated.Passkey) == "client -XX0001- is not allowed here: too old");

            // All that was answered is there when everything has been killed.
            await SetMembersAsync(fronts[0], new JsonObject { ["user_id"] = rotated.UserId, ["disabled"] = "again" });
            await Task.WhenAll(silo.KillAsync(), fronts[0].KillAsync(), fronts[1].KillAsync());
            silo = await silo.StartAgainAsync();
            fronts = await Task.WhenAll(fronts.Select(front => front.StartAgainAsync()));
            await WithinASecondAsync("client, after a restart", fronts, async front => await FailureAsync(front, torrent, rotated.Passkey) == "client -XX0001- is not allowed here: too old");
            Assert.Equal(HttpStatusCode.OK, (await fronts[1].Http.CallAsync(HttpMethod.Delete, "/api/v1/clients/-XX0001", null)).Status);
            await WithinASecondAsync("member, after a restart", fronts, async front => await FailureAsync(front, torrent, rotated.Passkey) == "this account is disabled: again");
        }
        finally
        {
            foreach (var front in fronts)
                await front.DisposeAsync();
            await silo.DisposeAsync();
        }
    }

    [Fact]
    public async Task Clients_are_refused_by_prefix_or_some_are_allowed_and_no_others()
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync());
        var torrent = Announcer.NewTorrent();
        await SetClientsAsync(node, Rule("-XX", allowed: false), Rule("-UT3", allowed: false), Rule("-UT35", allowed: true));
        foreach (var (client, refusal) in ((string, string?)[])[
            ("-XX0001-", "client -XX0001- is not allowed here"), ("-UT3500-", "client -UT3500- is not allowed here"), ("-qB4520-", "client -qB4520- is not one of those allowed here")])
            await WithinASecondAsync(client, [node], async front => await FailureAsync(front, torrent, client: client) == refusal);
        await SetClientsAsync(node, Rule("-qB4", allowed: true));
        await WithinASecondAsync("allowed", [node], async front => await FailureAsync(front, torrent, client: "-qB4520-") is null);
        // Whatever bytes a client calls itself by.
        Assert.Equal("client 00ff2d51424f5f31 is not one of those allowed here", await FailureAsync(node, torrent, client: "%00%ff-QBO_1"));
        var (_, listed) = await node.Http.GetJsonAsync("/api/v1/clients");
        Assert.Equal(["-UT3", "-UT35", "-XX", "-qB4"], listed["clients"]!.AsArray().Select(rule => (string)rule!["prefix"]!));
        foreach (var prefix in (string[])["-UT3", "-UT35", "-XX", "-qB4"])
            Assert.Equal(HttpStatusCode.OK, (await node.Http.CallAsync(HttpMethod.Delete, $"/api/v1/clients/{prefix}", null)).Status);
        await WithinASecondAsync("all", [node], async front => await FailureAsync(front, torrent, client: "-XX0001-") is null);
        Assert.Equal(HttpStatusCode.NotFound, (await node.Http.CallAsync(HttpMethod.Delete, "/api/v1/clients/-XX", null)).Status);

        static JsonObject Rule(string prefix, bool allowed) => new() { ["prefix"] = prefix, ["allowed"] = allowed };
    }

    [Fact]
    public async Task Blocked_ports_are_refused_with_the_reason_and_a_list_that_is_none_at_start()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using (var node = await NodeProcess.StartNodeAsync(database, ("Tracker__BlockedPorts", "22; 1001-1003")))
        {
            foreach (var (peer, isBlocked) in ((int, bool)[])[(0, false), (1, true), (3, true), (4, false)])
                Assert.Equal(isBlocked ? $"port {1000 + peer} is not allowed here: let your client listen on another" : null, (await new Announcer(node).AnnounceAsync(Announcer.NewTorrent(), peer, 5)).Failure);
        }

        foreach (var wrong in (string[])["0", "70000", "10-5", "a", "1-2-3"])
        {
            await using var node = NodeProcess.Launch("Pbts.Silo.dll", database, ("PBTS_ROLE", "node"), ("Tracker__BlockedPorts", wrong));
            await node.WaitForExitAsync();
            Assert.Contains($"Tracker:BlockedPorts is \"{wrong}\": give ports", node.Log, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Thousands_are_set_at_once_and_what_is_wrong_is_named()
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync());
        var (alice, bob) = (await Member.RegisteredAsync(node.Http, "alice"), await Member.RegisteredAsync(node.Http, "bob"));
        var many = Enumerable.Range(0, 998).Select(i => new JsonObject { ["user_id"] = $"nobody{i}", ["disabled"] = "x" });
        // Of one given twice the last counts.
        var (status, answer) = await PutAsync(node, "members", [new() { ["user_id"] = alice.UserId, ["disabled"] = "first" }, .. many, new() { ["user_id"] = alice.UserId, ["can_download"] = false }]);
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal(["set", .. Enumerable.Repeat("unknown_user", 998), "set"], answer["results"]!.AsArray().Select(result => (string)result!["status"]!));
        await WithinASecondAsync("last counts", [node], async front => await FailureAsync(front, Announcer.NewTorrent(), alice.Passkey) == "this account may seed, not download");
        Assert.Null(await FailureAsync(node, Announcer.NewTorrent(), bob.Passkey));

        foreach (var (path, body, expected) in ((string, string, string)[])[
            ("members", "{}", "members is missing"), ("members", """{"members":[]}""", "members is missing"), ("members", """{"members":[7]}""", "members[0] must be an object"),
            ("members", """{"members":[{"user_id":"a"},{"user_id":"a/b"}]}""", "members[1].user_id must be"), ("members", """{"members":[{"user_id":"a","can_download":"no"}]}""", "members[0].can_download must be true or false"),
            ("members", """{"members":[{"user_id":"a","disabled":""}]}""", "members[0].disabled is empty"), ("members", $$"""{"members":[{"user_id":"a","disabled":"{{new string('x', 201)}}"}]}""", "members[0].disabled is too long"),
            ("clients", """{"clients":[{"allowed":true}]}""", "clients[0].prefix is missing"), ("clients", """{"clients":[{"prefix":"123456789012345678901"}]}""", "clients[0].prefix must be 1 to 20"),
            ("clients", """{"clients":[{"prefix":"a b"}]}""", "clients[0].prefix must be"), ("clients", """{"clients":[{"prefix":"-é"}]}""", "clients[0].prefix must be")])
        {
            (status, answer) = await node.Http.CallAsync(HttpMethod.Put, $"/api/v1/{path}", JsonClient.Json(body));
            Assert.Equal(HttpStatusCode.BadRequest, status);
            Assert.Contains(expected, (string)answer["error"]!, StringComparison.Ordinal);
        }

        (status, answer) = await PutAsync(node, "members", [.. Enumerable.Range(0, 1001).Select(i => new JsonObject { ["user_id"] = $"n{i}" })]);
        Assert.Equal((HttpStatusCode.BadRequest, "members has 1001 elements: at most 1000"), (status, (string)answer["error"]!));
    }

    private async Task WithinASecondAsync(string what, NodeProcess[] fronts, Func<NodeProcess, Task<bool>> holds)
    {
        var waited = Stopwatch.StartNew();
        await Task.WhenAll(fronts.Select(async front =>
        {
            while (!await holds(front))
            {
                Assert.True(waited.Elapsed < TimeSpan.FromSeconds(10), what);
                await Task.Delay(20);
            }
        }));
        output.WriteLine($"{what}: {waited.Elapsed.TotalMilliseconds:F0} ms");
        // A second is what is promised; a busy machine may take its time over asking.
        Assert.True(waited.Elapsed < TimeSpan.FromSeconds(3), $"{what} took {waited.Elapsed.TotalSeconds:F1} s");
    }

    private static async Task<string?> FailureAsync(NodeProcess front, byte[] torrent, string? passkey = null, long left = 5, string more = "", string client = "-XX0001-") =>
        (await new Announcer(front).GetAsync(Announcer.Target(torrent, 1, left, more, passkey is null ? "/announce" : $"/announce/{passkey}").Replace("-XX0001-", client, StringComparison.Ordinal))).Failure;

    private static async Task SetMembersAsync(NodeProcess front, params JsonObject[] members)
    {
        var (status, answer) = await PutAsync(front, "members", members);
        Assert.True(status == HttpStatusCode.OK && answer["results"]!.AsArray().All(result => (string)result!["status"]! == "set"), answer.ToJsonString());
    }

    private static async Task SetClientsAsync(NodeProcess front, params JsonObject[] clients)
    {
        var (status, answer) = await PutAsync(front, "clients", clients);
        Assert.True(status == HttpStatusCode.OK, answer.ToJsonString());
    }

    private static Task<(HttpStatusCode Status, JsonObject Answer)> PutAsync(NodeProcess front, string what, JsonObject[] items) =>
        front.Http.CallAsync(HttpMethod.Put, $"/api/v1/{what}", JsonClient.Json(new JsonObject { [what] = new JsonArray([.. items.Select(item => item.DeepClone())]) }.ToJsonString()));
}
