using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using Npgsql;
using Pbts.Protocol.Ethereum;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Chain;

/// <summary>The operator's word for members, and a chain that was reset, through the real program.</summary>
public sealed class MemberStandingApiTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    [Fact]
    public async Task Members_wait_until_the_operator_approves_or_links_them_and_a_reset_chain_is_named()
    {
        await using var anvil = await AnvilNode.StartAsync();
        (string, string)[] environment = [.. await ContractApiTests.EnvironmentAsync(anvil), ("Chain__Sync", "members"), ("Chain__SyncSeconds", "1"), ("Chain__SyncThreshold", "1")];
        var database = await postgres.CreateDatabaseAsync();
        await using var node = await NodeProcess.StartNodeAsync(database, environment);
        var (_, init) = await node.Http.PostAsync("/contract/init", new JsonObject());
        Assert.True(EthereumAddress.TryParse((string?)init["reputation_address"], out var contract), init.ToJsonString());
        var (alice, bob, carol) = (await Member.RegisteredAsync(node.Http, "alice"), await Member.RegisteredAsync(node.Http, "bob"), await Member.RegisteredAsync(node.Http, "carol"));
        await node.Http.PostAsync("/contract/register", new JsonObject { ["username"] = bob.UserId, ["password_hash"] = "ab" });
        foreach (var (sender, receiver) in ((Member, Member)[])[(alice, bob), (bob, carol), (carol, alice)])
            Assert.Equal(HttpStatusCode.OK, (await sender.ReportAsync(node.Http, [receiver.Receipt(sender, "piece", 0)])).Status);

        var status = await UntilAsync(node, answer => (int)answer["members_waiting"]! == 3);
        Assert.Equal((0, 20_000_000), ((long)status["sync_gas_used"]!, (long)status["sync_gas_per_day"]!));
        Assert.Null(status["sync_paused_since"]);
        Assert.Null(status["problem"]);

        foreach (var verb in (string[])["approve", "link", "revoke"])
        {
            var (code, refused) = await node.Http.PostAsync($"/contract/members/nobody/{verb}", new JsonObject());
            Assert.Equal((HttpStatusCode.NotFound, "no member of this name has proven its key"), (code, (string)refused["error"]!));
            using var forwarded = new HttpRequestMessage(HttpMethod.Post, $"/contract/members/{carol.UserId}/{verb}");
            forwarded.Headers.Add("X-Forwarded-For", "127.0.0.1");
            using var response = await node.Http.SendAsync(forwarded);
            Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        }
        Assert.Equal(HttpStatusCode.OK, (await node.Http.PostAsync($"/contract/members/{alice.UserId}/approve", new JsonObject())).Status);
        Assert.Equal(HttpStatusCode.OK, (await node.Http.PostAsync($"/contract/members/{bob.UserId}/link", new JsonObject())).Status);
        await AuditedAsync(database, $"POST /contract/members/{bob.UserId}/link", node);
        await OnChainAsync(anvil, node, contract, alice, 1000);
        await OnChainAsync(anvil, node, contract, bob, 1000);
        Assert.Null(await anvil.UserAsync(contract, carol.UserId));
        Assert.InRange((long)(await UntilAsync(node, answer => (int)answer["members_waiting"]! == 1))["sync_gas_used"]!, 100_000, 1_000_000);

        // The chain begins anew, as a development node without a state file does: same chain id, no contracts.
        await anvil.StopAsync();
        await anvil.RestartAsync();
        status = await UntilAsync(node, answer => answer["problem"] is not null && (bool)answer["connected"]!);
        Assert.StartsWith($"The active contract: There is no contract at {contract}", (string)status["problem"]!, StringComparison.Ordinal);
        foreach (var (path, body) in ((string, JsonObject)[])[
            ("/contract/update", new() { ["username"] = alice.UserId, ["upload_size"] = 1 }), ("/contract/init", [])])
        {
            var (code, answer) = await node.Http.PostAsync(path, body);
            Assert.Equal(HttpStatusCode.ServiceUnavailable, code);
            Assert.StartsWith("There is no contract at 0x", (string)answer["error"]!, StringComparison.Ordinal);
        }
    }

    private static async Task<JsonObject> UntilAsync(NodeProcess node, Func<JsonObject, bool> holds)
    {
        for (var waited = Stopwatch.StartNew(); ; await Task.Delay(200))
        {
            var (_, answer) = await node.Http.GetJsonAsync("/contract/status");
            if (answer["configured"] is not null && holds(answer)) return answer;
            Assert.True(waited.Elapsed < TimeSpan.FromSeconds(60), $"{answer.ToJsonString()}\n{node.Log}");
        }
    }

    private static async Task AuditedAsync(string database, string action, NodeProcess node)
    {
        await using var source = NpgsqlDataSource.Create(database + ";Pooling=false");
        for (var waited = Stopwatch.StartNew(); ; await Task.Delay(100))
        {
            await using var read = source.CreateCommand("SELECT EXISTS (SELECT FROM audit WHERE action = $1 AND outcome = 'done')");
            read.Parameters.Add(new() { Value = action });
            if ((bool)(await read.ExecuteScalarAsync())!) return;
            Assert.True(waited.Elapsed < TimeSpan.FromSeconds(60), node.Log);
        }
    }

    private static async Task OnChainAsync(AnvilNode anvil, NodeProcess node, EthereumAddress contract, Member member, int uploaded)
    {
        for (var waited = Stopwatch.StartNew(); ; await Task.Delay(100))
        {
            var user = await anvil.UserAsync(contract, member.UserId);
            if (user is not null && user.Uploaded == uploaded && user.PublicKey.AsSpan().SequenceEqual(member.Key.Span)) return;
            Assert.True(waited.Elapsed < TimeSpan.FromSeconds(60), $"{member.UserId} on the chain: {user}.\n{node.Log}");
        }
    }
}
