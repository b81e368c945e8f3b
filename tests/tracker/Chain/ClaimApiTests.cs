using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using Pbts.Protocol.Ethereum;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Chain;

/// <summary>Moves by a root and claims by proofs through the real program, killed on the way.</summary>
public sealed class ClaimApiTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    private const long Given = 5_000_000;

    [Fact]
    public async Task Members_bring_their_proofs_to_another_tracker_which_is_killed_on_the_way()
    {
        await using var anvil = await AnvilNode.StartAsync();
        (string Name, string Value)[] environment = [.. await ContractApiTests.EnvironmentAsync(anvil), ("Chain__AnchorInterval", "00:00:00"), ("MIN_RATIO", "0")];
        Member alice, bob;
        JsonNode first, second;
        string old;
        await using (var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), environment))
        {
            (alice, bob, old) = await TransferAsync(node);
            first = (await node.Http.GetJsonAsync($"/user/{alice.UserId}/proof")).Answer;
            second = (await node.Http.GetJsonAsync($"/user/{bob.UserId}/proof")).Answer;
        }

        // The first tracker is gone for good.
        environment = [.. environment, ("PK0", AnvilNode.SecondKey), ("Chain__SyncSeconds", "1")];
        var database = await postgres.CreateDatabaseAsync();
        JsonNode claim;
        await using (var node = await NodeProcess.StartNodeAsync(database, environment))
        {
            var (status, answer) = await node.Http.PostAsync("/contract/init", new JsonObject { ["referrer_address"] = old });
            Assert.True(status == HttpStatusCode.OK, answer.ToJsonString());
            var forged = first.DeepClone();
            forged["up"] = Given + 1;
            (status, answer) = await alice.RegisterAsync(node.Http, proof: forged);
            Assert.Equal(HttpStatusCode.BadRequest, status);
            Assert.StartsWith("proof: root: ", (string)answer["error"]!, StringComparison.Ordinal);
            (status, answer) = await alice.RegisterAsync(node.Http, proof: second);
            Assert.Equal((HttpStatusCode.BadRequest, $"proof.user_id is {bob.UserId}, not {alice.UserId}"), (status, (string)answer["error"]!));
            forged["up"] = "many";
            Assert.Equal("proof.up is missing or not what it should be", (string)(await alice.RegisterAsync(node.Http, proof: forged)).Answer["error"]!);
            Assert.Equal(HttpStatusCode.BadRequest, (await alice.RegisterAsync(node.Http, signed: false, proof: first)).Status);
            Assert.Equal(HttpStatusCode.NotFound, (await node.Http.GetJsonAsync($"/user/{alice.UserId}")).Status);

            await anvil.CallAsync("evm_setAutomine", false);
            (status, answer) = await alice.RegisterAsync(node.Http, proof: first);
            Assert.True(status == HttpStatusCode.OK && answer["claim"] is not null, answer.ToJsonString());
            claim = answer["claim"]!;
            Assert.Equal(("open", Given, 0L), ((string)claim["state"]!, (long)claim["up"]!, (long)claim["down"]!));
            Assert.Equal(HttpStatusCode.Unauthorized, (await BringAsync(node, alice, first, "")).Status);
            Assert.Equal(HttpStatusCode.Unauthorized, (await BringAsync(node, alice, first, new string('0', 32))).Status);
            (status, answer) = await BringAsync(node, alice, first, alice.Passkey);
            Assert.Equal((HttpStatusCode.Accepted, (string)claim["tx"]!), (status, (string)answer["tx"]!));
            await SentAsync(node, (string)claim["tx"]!);
            Assert.Equal((0, 0), await alice.TotalsAsync(node.Http));
            await node.KillAsync();
        }
        await anvil.CallAsync("evm_setAutomine", true);
        await anvil.MineAsync();

        await using (var node = await NodeProcess.StartNodeAsync(database, environment))
        {
            await TotalsAsync(node, alice, (Given, 0));
            var (status, answer) = await BringAsync(node, alice, first, alice.Passkey);
            Assert.Equal((HttpStatusCode.OK, "credited", (string)claim["tx"]!), (status, (string)answer["state"]!, (string)answer["tx"]!));

            // Who is a member already brings it along later.
            Assert.Equal(HttpStatusCode.OK, (await bob.RegisterAsync(node.Http)).Status);
            Assert.Equal(HttpStatusCode.BadRequest, (await BringAsync(node, bob, first, bob.Passkey)).Status);
            Assert.Equal(HttpStatusCode.Accepted, (await BringAsync(node, bob, second, bob.Passkey)).Status);
            await TotalsAsync(node, bob, (0, Given));
            await Task.Delay(3000);
            Assert.Equal(((Given, 0), (0, Given)), (await alice.TotalsAsync(node.Http), await bob.TotalsAsync(node.Http)));
            Assert.True(EthereumAddress.TryParse((string)claim["contract"]!, out var contract));
            Assert.Equal((Given, 0), MigrationAnchorTests.Totals(await anvil.UserAsync(contract, alice.UserId)));
        }
    }

    [Fact]
    public async Task A_tracker_moves_by_its_own_root_lazily_and_for_all_and_is_killed_on_the_way()
    {
        await using var anvil = await AnvilNode.StartAsync();
        (string Name, string Value)[] environment = [.. await ContractApiTests.EnvironmentAsync(anvil), ("MIN_RATIO", "0"), ("Chain__SyncSeconds", "1")];
        var database = await postgres.CreateDatabaseAsync();
        string moved, id;
        Member alice, bob;
        await using (var node = await NodeProcess.StartNodeAsync(database, environment))
        {
            (alice, bob, var old) = await TransferAsync(node);
            var (status, answer) = await node.Http.PostAsync("/migrations", new JsonObject { ["referrer_address"] = old, ["method"] = "records", ["claims"] = "all" });
            Assert.Equal((HttpStatusCode.BadRequest, "claims is for method anchor"), (status, (string)answer["error"]!));
            (status, answer) = await node.Http.PostAsync("/migrations", new JsonObject { ["referrer_address"] = old, ["retire_referrer"] = true });
            Assert.True(status == HttpStatusCode.Accepted, answer.ToJsonString());
            Assert.Equal(("anchor", "lazy"), ((string)answer["method"]!, (string)answer["claims"]!));
            answer = await CompletedAsync(node, (string)answer["id"]!);
            Assert.Equal((2, 0, 0), ((int)answer["total"]!, (int)answer["migrated"]!, (int)answer["failed_count"]!));
            moved = (string)answer["reputation_address"]!;
            // The new contract has its first root at once.
            for (var waited = Stopwatch.StartNew(); (string)(await node.Http.GetJsonAsync("/contract/anchor")).Answer["contract"]! != moved; await Task.Delay(100))
                Assert.True(waited.Elapsed < TimeSpan.FromSeconds(30), node.Log);
            Assert.Equal(((Given, 0), (0, Given)), (await alice.TotalsAsync(node.Http), await bob.TotalsAsync(node.Http)));

            await anvil.CallAsync("evm_setIntervalMining", 2);
            (status, answer) = await StartAsync(node, new JsonObject { ["referrer_address"] = moved, ["method"] = "anchor", ["claims"] = "all" });
            Assert.True(status == HttpStatusCode.Accepted, answer.ToJsonString());
            id = (string)answer["id"]!;
            for (var waited = Stopwatch.StartNew(); (string)(answer = (await node.Http.GetJsonAsync($"/migrations/{id}")).Answer)["phase"]! != "migrate"; await Task.Delay(20))
                Assert.True(waited.Elapsed < TimeSpan.FromSeconds(60), $"{answer}\n{node.Log}");
            await node.KillAsync();
        }

        await using (var node = await NodeProcess.StartNodeAsync(database, environment))
        {
            var answer = await CompletedAsync(node, id);
            Assert.Equal((2, 2, 0), ((int)answer["total"]!, (int)answer["migrated"]!, (int)answer["failed_count"]!));
            Assert.True(EthereumAddress.TryParse((string)answer["reputation_address"]!, out var contract));
            Assert.True((await anvil.Rpc.LogsAsync(contract, ReputationV2Abi.UserMigrated.Topic, 0, 100_000)).TryGet(out var logs, out _));
            Assert.Equal(2, logs.Length);
            Assert.Equal((Given, 0), MigrationAnchorTests.Totals(await anvil.UserAsync(contract, alice.UserId)));
            Assert.Equal((0, Given), MigrationAnchorTests.Totals(await anvil.UserAsync(contract, bob.UserId)));
            await Task.Delay(3000);
            Assert.Equal(((Given, 0), (0, Given)), (await alice.TotalsAsync(node.Http), await bob.TotalsAsync(node.Http)));
        }
    }

    /// <summary>Alice gives to Bob, and a root of it is anchored.</summary>
    private static async Task<(Member Alice, Member Bob, string Contract)> TransferAsync(NodeProcess node)
    {
        var (_, init) = await node.Http.PostAsync("/contract/init", new JsonObject());
        var (alice, bob) = (await Member.RegisteredAsync(node.Http, "alice"), await Member.RegisteredAsync(node.Http, "bob"));
        Assert.Equal(HttpStatusCode.OK, (await alice.ReportVouchersAsync(node.Http, await bob.VoucherAsync(node.Http, alice, "one", Given))).Status);
        var (status, answer) = await node.Http.PostAsync("/contract/anchor", new JsonObject());
        Assert.True(status == HttpStatusCode.OK, answer.ToJsonString());
        return (alice, bob, (string)init["reputation_address"]!);
    }

    private static Task<(HttpStatusCode Status, JsonObject Answer)> BringAsync(NodeProcess node, Member member, JsonNode proof, string passkey) =>
        node.Http.PostTextAsync($"/user/{member.UserId}/proof", proof.ToJsonString(), headers: ("X-Passkey", passkey));

    /// <summary>The one before may be about to end.</summary>
    private static async Task<(HttpStatusCode Status, JsonObject Answer)> StartAsync(NodeProcess node, JsonObject request)
    {
        for (var waited = Stopwatch.StartNew(); ; await Task.Delay(200))
        {
            var (status, answer) = await node.Http.PostAsync("/migrations", request);
            if (status != HttpStatusCode.Conflict || waited.Elapsed > TimeSpan.FromSeconds(20))
                return (status, answer);
        }
    }

    private static async Task<JsonObject> CompletedAsync(NodeProcess node, string id)
    {
        for (var waited = Stopwatch.StartNew(); ; await Task.Delay(100))
        {
            var (status, answer) = await node.Http.GetJsonAsync($"/migrations/{id}");
            if (status == HttpStatusCode.OK && (string)answer["state"]! == "completed")
                return answer;
            Assert.True(waited.Elapsed < TimeSpan.FromSeconds(120), $"{answer}\n{node.Log}");
        }
    }

    private static async Task SentAsync(NodeProcess node, string tx)
    {
        for (var waited = Stopwatch.StartNew(); ; await Task.Delay(50))
        {
            var (status, answer) = await node.Http.GetJsonAsync($"/contract/tx/{tx}");
            if (status == HttpStatusCode.OK && (string)answer["state"]! == "sent")
                return;
            Assert.True(waited.Elapsed < TimeSpan.FromSeconds(30), $"{answer}\n{node.Log}");
        }
    }

    private static async Task TotalsAsync(NodeProcess node, Member member, (long, long) expected)
    {
        for (var waited = Stopwatch.StartNew(); ; await Task.Delay(100))
        {
            var (status, user) = await node.Http.GetJsonAsync($"/user/{member.UserId}");
            if (status == HttpStatusCode.OK && ((long)user["total_uploaded"]!, (long)user["total_downloaded"]!) == expected)
                return;
            Assert.True(waited.Elapsed < TimeSpan.FromSeconds(90), $"{user}\n{node.Log}");
        }
    }
}
