using System.Net;
using System.Text.Json.Nodes;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Operations;

/// <summary>What members' clients claim in announces beside what is signed for it, as the operator sees it.</summary>
public sealed class ProofTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    [Fact]
    public async Task What_is_claimed_and_not_proven_is_counted_to_the_byte_and_who_claims_most_of_it_comes_first()
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync());
        var (honest, cheater) = (await Member.RegisteredAsync(node.Http, "honest"), await Member.RegisteredAsync(node.Http, "cheater"));
        var (half, receiver) = (await Member.RegisteredAsync(node.Http, "half"), await Member.RegisteredAsync(node.Http, "receiver"));
        var nothing = await node.Http.GetJsonAsync("/console/api/proof");
        Assert.Equal((0L, null, 4L, 0L), ((long)nothing.Answer["claimed"]!, (double?)nothing.Answer["share"], (long)nothing.Answer["members"]!, (long)nothing.Answer["members_proving"]!));

        var tracker = new Announcer(node);
        await tracker.ClaimAsync(honest, 5000);
        await tracker.ClaimAsync(cheater, 70_000);
        await tracker.ClaimAsync(half, 3000);
        var voucher = await receiver.VoucherAsync(node.Http, honest, "a", 5000);
        await honest.ReportVouchersAsync(node.Http, voucher);
        await half.ReportAsync(node.Http, receiver.Receipt(half, "piece", size: 1000));

        // What counts nothing is no credit: what was reported before, and what nobody signed.
        await honest.ReportVouchersAsync(node.Http, voucher);
        voucher["bytes"] = 9000;
        await honest.ReportVouchersAsync(node.Http, voucher);
        var metrics = await Metrics.ReadAsync(node);
        Assert.Equal((78_000, 5000, 1000), (metrics.Value("pbts_claimed_bytes_total"), metrics.Value("pbts_credited_bytes_total", "kind=\"voucher\""), metrics.Value("pbts_credited_bytes_total", "kind=\"receipt\"")));

        var proof = new JsonObject();
        await Wait.UntilAsync(async () => (long)(proof = (await node.Http.GetJsonAsync("/console/api/proof")).Answer)["claimed"]! == 78_000);
        Assert.Equal((6000L, 6000.0 / 78_000, 4L, 3L), ((long)proof["credited"]!, (double)proof["share"]!, (long)proof["members"]!, (long)proof["members_proving"]!));
        (string, long)[] expected = [(cheater.UserId, 70_000), (half.UserId, 2000), (honest.UserId, 0), (receiver.UserId, 0)];
        Assert.Equal(expected, await ListAsync(node, "sort=unproven&limit=100"));
        Assert.Equal(expected, await ListAsync(node, "sort=unproven&limit=1"));
        Assert.Equal(expected.Where(user => user.Item1.StartsWith('h')), await ListAsync(node, "sort=unproven&search=h&limit=1"));
        Assert.Equal(expected.OrderBy(user => user.Item1, StringComparer.Ordinal), await ListAsync(node, "limit=3"));
    }

    [Fact]
    public async Task A_list_of_users_names_what_is_wrong_with_its_order_and_its_page()
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync());
        foreach (var (query, problem) in ((string, string)[])[("sort=size", "sort"), ("sort=unproven&before=12", "before"), ("before=:name", "before"), ("before=1:a/b", "before")])
        {
            var (status, answer) = await node.Http.GetJsonAsync("/console/api/users?" + query);
            Assert.Equal(HttpStatusCode.BadRequest, status);
            Assert.StartsWith(problem, (string)answer["error"]!, StringComparison.Ordinal);
        }
    }

    /// <summary>All users of the list, page by page.</summary>
    private static async Task<List<(string, long)>> ListAsync(NodeProcess node, string query)
    {
        var users = new List<(string, long)>();
        for (string? before = ""; before is not null;)
        {
            var (status, answer) = await node.Http.GetJsonAsync($"/console/api/users?{query}{before}");
            Assert.Equal(HttpStatusCode.OK, status);
            users.AddRange(answer["users"]!.AsArray().Select(user => ((string)user!["user_id"]!, (long)user["unproven"]!)));
            before = (string?)answer["next_before"] is { } next ? "&before=" + Uri.EscapeDataString(next) : null;
        }

        return users;
    }
}
