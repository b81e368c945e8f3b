using System.Net;
using System.Text.Json.Nodes;
using Npgsql;
using Pbts.Grains.Database;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Trust;

/// <summary>Scores of members that report what they gave, on nodes as they run.</summary>
public sealed class TrustNodeTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    private const string Token = "an-administration-token-for-tests";
    private const long Gibibyte = 1L << 30;
    private static readonly (string, string) Administrator = ("Authorization", "Bearer " + Token);
    private static readonly (string, string)[] Settings = [("PBTS_ADMIN_TOKEN", Token), ("MIN_RATIO", "0"), ("Receipts__MaxRate", "100000000000")];

    [Fact]
    public async Task A_ring_gets_nothing_and_is_listed_and_its_members_are_refused_where_a_score_is_asked_for()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var node = await NodeProcess.StartNodeAsync(database, Settings);
        var honest = await Task.WhenAll(Enumerable.Range(0, 4).Select(i => Member.RegisteredAsync(node.Http, $"honest{i}")));
        var ring = await Task.WhenAll(Enumerable.Range(0, 3).Select(i => Member.RegisteredAsync(node.Http, $"ring{i}")));
        var newcomer = await Member.RegisteredAsync(node.Http, "newcomer");
        for (var i = 0; i < 4; i++)
            await GiveAsync(node, honest[i], honest[(i + 1) % 4], 20 * Gibibyte);
        for (var i = 0; i < 3; i++)
            await GiveAsync(node, ring[i], ring[(i + 1) % 3], 500 * Gibibyte);
        // It buys, which brings nothing either; the newcomer has only begun.
        await GiveAsync(node, honest[0], ring[0], Gibibyte);
        await GiveAsync(node, honest[1], newcomer, 1000);

        var (status, before) = await AskAsync(node, HttpMethod.Get, "/trust");
        Assert.Equal((HttpStatusCode.OK, null, false), (status, before["last"], (bool)before["running"]!));
        Assert.Null((await ScoreAsync(node, ring[0]))["trust_score"]);
        foreach (var member in honest[..2])
            Assert.True((bool)(await AskAsync(node, HttpMethod.Put, $"/user/{member.UserId}/trust-seed")).Answer["marked_seed"]!);
        await RunAsync(node);

        foreach (var member in honest)
            Assert.InRange((double)(await ScoreAsync(node, member))["trust_score"]!, 0.03, 1);
        foreach (var member in ring.Append(newcomer))
            Assert.Equal((0, 5L, 8L), ((double)(await ScoreAsync(node, member))["trust_score"]!, (long)(await ScoreAsync(node, member))["rank"]!, (long)(await ScoreAsync(node, member))["scored"]!));
        var (_, after) = await AskAsync(node, HttpMethod.Get, "/trust");
        Assert.Equal((8L, 9L, 2L, true, true), ((long)after["last"]!["members"]!, (long)after["last"]!["edges"]!, (long)after["last"]!["seeds"]!, (bool)after["last"]!["seeds_marked"]!, (bool)after["last"]!["asked"]!));
        Assert.Equal(honest[..2].Select(member => member.UserId), after["marked_seeds"]!.AsArray().Select(name => (string)name!));
        var cluster = Assert.Single(after["clusters"]!.AsArray())!;
        Assert.Equal(ring.Select(member => member.UserId).Order(StringComparer.Ordinal), cluster["user_ids"]!.AsArray().Select(name => (string)name!).Order(StringComparer.Ordinal));
        Assert.Equal((3L, 1500 * Gibibyte, 0L, Gibibyte, 0.0), ((long)cluster["members"]!, (long)cluster["inner"]!, (long)cluster["given"]!, (long)cluster["taken"]!, (double)cluster["trust_score"]!));
        Assert.Equal(1L, (long)(await ScoreAsync(node, ring[1]))["cluster"]!);

        // Off unless it is set.
        Assert.Null(await FailureAsync(node, ring[0]));
        await using var asking = await NodeProcess.StartNodeAsync(database, [.. Settings, ("Ratio__MinTrust", "0.05")]);
        Assert.Equal("Insufficient trust: 0.00 < 0.05", await FailureAsync(asking, ring[0]));
        Assert.Null(await FailureAsync(asking, ring[0], left: 0));
        Assert.Null(await FailureAsync(asking, ring[0], more: "&event=stopped"));
        Assert.Null(await FailureAsync(asking, newcomer));
        Assert.Null(await FailureAsync(asking, honest[2]));
        Assert.Equal(0.05, (double)(await AskAsync(asking, HttpMethod.Get, "/trust")).Answer["min_trust"]!);
        // By its bare name nobody finds out, and who is not scored yet is not refused.
        Assert.Null((await new Announcer(asking).AnnounceAsync(Announcer.NewTorrent(), 1, 5, $"&user_id={ring[0].UserId}")).Failure);
        var late = await Member.RegisteredAsync(node.Http, "late");
        await GiveAsync(node, honest[0], late, 2 * Gibibyte);
        Assert.Null(await FailureAsync(asking, late));
    }

    [Fact]
    public async Task Only_the_administration_sees_scores_and_only_members_with_a_key_are_seeds()
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), Settings);
        var (alice, unproven) = (await Member.RegisteredAsync(node.Http, "alice"), new Member("unproven"));
        await unproven.RegisterAsync(node.Http, signed: false);
        await RunAsync(node);
        foreach (var (method, path) in ((HttpMethod, string)[])[
            (HttpMethod.Get, "/trust"), (HttpMethod.Post, "/trust"), (HttpMethod.Get, $"/user/{alice.UserId}/trust-score"), (HttpMethod.Put, $"/user/{alice.UserId}/trust-seed"), (HttpMethod.Delete, $"/user/{alice.UserId}/trust-seed")])
            Assert.Equal(HttpStatusCode.Unauthorized, (await node.Http.CallAsync(method, path, null, ("X-Passkey", alice.Passkey))).Status);
        Assert.DoesNotContain("trust", (await node.Http.GetJsonAsync($"/user/{alice.UserId}")).Answer.ToJsonString(), StringComparison.Ordinal);

        foreach (var name in (string[])[unproven.UserId, "nobody"])
            Assert.Equal(HttpStatusCode.NotFound, (await AskAsync(node, HttpMethod.Put, $"/user/{name}/trust-seed")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await AskAsync(node, HttpMethod.Get, "/user/nobody/trust-score")).Status);
        Assert.Equal(HttpStatusCode.OK, (await AskAsync(node, HttpMethod.Put, $"/user/{alice.UserId}/trust-seed")).Status);
        Assert.Equal(HttpStatusCode.OK, (await AskAsync(node, HttpMethod.Put, $"/user/{alice.UserId}/trust-seed")).Status);
        await RunAsync(node);
        Assert.True((bool)(await ScoreAsync(node, alice))["seed"]!);
        Assert.False((bool)(await AskAsync(node, HttpMethod.Delete, $"/user/{alice.UserId}/trust-seed")).Answer["marked_seed"]!);
        Assert.Empty((await AskAsync(node, HttpMethod.Get, "/trust")).Answer["marked_seeds"]!.AsArray());
        foreach (var wrong in (string[])["/trust?limit=0", "/trust?limit=1001", "/trust?after=x"])
            Assert.Equal(HttpStatusCode.BadRequest, (await AskAsync(node, HttpMethod.Get, wrong)).Status);
    }

    [Fact]
    public async Task Two_silos_that_are_asked_at_once_compute_once_at_a_time()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var one = await NodeProcess.StartNodeAsync(database, Settings);
        await using var other = await NodeProcess.StartNodeAsync(database, Settings);
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => AskAsync(i % 2 == 0 ? one : other, HttpMethod.Post, "/trust")));
        Assert.All(answers, answer => Assert.True(answer.Status is HttpStatusCode.OK or HttpStatusCode.Accepted, answer.Answer.ToJsonString()));
        await using var data = NpgsqlDataSource.Create(database);
        var runs = await data.QueryAsync("SELECT started_at, finished_at FROM trust_runs ORDER BY started_at", row => (From: row.GetDateTime(0), To: row.GetDateTime(1)));
        Assert.InRange(runs.Count, 1, 20);
        Assert.All(runs.Zip(runs.Skip(1)), pair => Assert.True(pair.First.To <= pair.Second.From, $"{pair}"));
        Assert.Equal(runs.Count, (await AskAsync(other, HttpMethod.Get, "/trust")).Answer["last"]!["id"]!.GetValue<int>());
    }

    [Fact]
    [Trait("suite", "slow")]
    public async Task Scores_are_computed_by_themselves_once_an_interval_whichever_silo_dies()
    {
        var database = await postgres.CreateDatabaseAsync();
        (string, string)[] settings = [.. Settings, ("Trust__Interval", "60")];
        await using var one = await NodeProcess.StartNodeAsync(database, settings);
        await using var other = await NodeProcess.StartNodeAsync(database, settings);
        await using var data = NpgsqlDataSource.Create(database);
        await UntilRunsAsync(1);
        // The first to start had the grain, as a rule.
        await one.KillAsync();
        await UntilRunsAsync(2);
        await UntilRunsAsync(3);
        var starts = await data.QueryAsync("SELECT started_at FROM trust_runs ORDER BY id", row => row.GetDateTime(0));
        Assert.All(starts.Zip(starts.Skip(1)), pair => Assert.True(pair.Second - pair.First >= TimeSpan.FromSeconds(60), $"{pair}"));

        async Task UntilRunsAsync(long count)
        {
            for (var tries = 0; await data.ValueAsync<long>("SELECT count(*) FROM trust_runs") < count; tries++)
            {
                Assert.True(tries < 240, $"Run {count} was not begun:\n{other.Log}");
                await Task.Delay(1000);
            }
        }
    }

    private static async Task GiveAsync(NodeProcess node, Member sender, Member receiver, long bytes)
    {
        var (_, answer) = await sender.ReportVouchersAsync(node.Http, await receiver.VoucherAsync(node.Http, sender, "s", bytes));
        Assert.Equal("accepted", (string)answer["voucher_results"]![0]!["status"]!);
    }

    private static async Task RunAsync(NodeProcess node)
    {
        var (status, answer) = await AskAsync(node, HttpMethod.Post, "/trust");
        Assert.True(status is HttpStatusCode.OK or HttpStatusCode.Accepted, answer.ToJsonString());
        await Wait.UntilAsync(async () => !(bool)(await AskAsync(node, HttpMethod.Get, "/trust")).Answer["running"]!);
    }

    private static async Task<JsonObject> ScoreAsync(NodeProcess node, Member member) => (await AskAsync(node, HttpMethod.Get, $"/user/{member.UserId}/trust-score")).Answer;

    private static Task<(HttpStatusCode Status, JsonObject Answer)> AskAsync(NodeProcess node, HttpMethod method, string path) => node.Http.CallAsync(method, path, null, Administrator);

    private static async Task<string?> FailureAsync(NodeProcess node, Member member, long left = 5, string more = "") =>
        (await new Announcer(node).GetAsync(Announcer.Target(Announcer.NewTorrent(), 1, left, more, "/announce/" + member.Passkey))).Failure;
}
