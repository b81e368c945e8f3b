using System.Net;
using System.Text.Json.Nodes;
using Pbts.Cli;
using Pbts.Cli.Commands;
using Pbts.Protocol.Proofs;
using Pbts.Tracker.Tests.Chain;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Proofs;

/// <summary>Anchors and proofs through the real program and the command line.</summary>
public sealed class ProofApiTests(PostgresServer postgres) : IClassFixture<PostgresServer>, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("pbts-proofs").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_member_fetches_its_proof_and_anybody_checks_it_without_the_tracker()
    {
        await using var anvil = await AnvilNode.StartAsync();
        (string, string)[] environment = [.. await ContractApiTests.EnvironmentAsync(anvil), ("Chain__AnchorInterval", "00:00:00"), ("MIN_RATIO", "0")];
        var database = await postgres.CreateDatabaseAsync();
        Member alice, bob;
        string contract;
        await using (var node = await NodeProcess.StartNodeAsync(database, environment))
        {
            (alice, bob) = (await Member.RegisteredAsync(node.Http, "alice"), await Member.RegisteredAsync(node.Http, "bob"));
            var (status, answer) = await node.Http.PostAsync("/contract/anchor", new JsonObject());
            Assert.Equal((HttpStatusCode.BadRequest, "No Reputation contract initialized. Call /contract/init first."), (status, (string)answer["error"]!));
            Assert.Equal(HttpStatusCode.NotFound, (await node.Http.GetJsonAsync("/contract/anchor")).Status);
            (_, answer) = await node.Http.PostAsync("/contract/init", new JsonObject());
            contract = (string)answer["reputation_address"]!;
            (status, answer) = await Prove(node, alice, alice.Passkey);
            Assert.Equal(HttpStatusCode.NotFound, status);
            Assert.Contains("no root on the chain yet", (string)answer["error"]!, StringComparison.Ordinal);

            Assert.Equal(HttpStatusCode.OK, (await alice.ReportVouchersAsync(node.Http, await bob.VoucherAsync(node.Http, alice, "one", 5_000_000))).Status);
            Assert.Equal(HttpStatusCode.BadRequest, (await node.Http.PostAsync("/contract/anchor?wait=121", new JsonObject())).Status);
            (status, answer) = await node.Http.PostAsync("/contract/anchor", new JsonObject());
            Assert.Equal((HttpStatusCode.OK, 1, 2, 1, "mined"), (status, (int)answer["sequence"]!, (int)answer["members"]!, (int)answer["depth"]!, (string)answer["state"]!));
            Assert.Equal((5_000_000, 5_000_000, contract), ((long)answer["total_up"]!, (long)answer["total_down"]!, (string)answer["contract"]!));
            Assert.InRange((long)answer["gas_used"]!, 30_000, 60_000);
            Assert.Equal((string)answer["root"]!, (string)(await node.Http.GetJsonAsync("/contract/anchor")).Answer["root"]!);

            Assert.Equal(HttpStatusCode.Unauthorized, (await Prove(node, alice, bob.Passkey)).Status);
            Assert.Equal(HttpStatusCode.NotFound, (await node.Http.GetJsonAsync("/user/nobody/proof")).Status);
            using (var forwarded = new HttpRequestMessage(HttpMethod.Get, $"/user/{alice.UserId}/proof") { Headers = { { "X-Forwarded-For", "127.0.0.1" } } })
            using (var refused = await node.Http.SendAsync(forwarded))
                Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
            Assert.Equal(HttpStatusCode.OK, (await node.Http.GetJsonAsync($"/user/{alice.UserId}/proof")).Status);

            var (code, output, error) = await RunAsync("proof", alice.UserId, "--out", Path.Combine(_folder, "alice.json"), "--tracker", $"{node.Url}announce/{alice.Passkey}", "--json");
            Assert.True(code == ExitCodes.Success, error);
            Assert.Equal(5_000_000, (long)output["up"]!);
            Assert.Equal(ExitCodes.Refused, (await RunAsync("proof", alice.UserId, "--out", Path.Combine(_folder, "x"), "--tracker", $"{node.Url}announce/{bob.Passkey}", "--json")).Code);

            // A total that rises, and a node that is killed before the next root: what is anchored is what was.
            Assert.Equal(HttpStatusCode.OK, (await alice.ReportVouchersAsync(node.Http, await bob.VoucherAsync(node.Http, alice, "one", 6_000_000))).Status);
            await node.KillAsync();
        }

        // The tracker is away.
        var file = Path.Combine(_folder, "alice.json");
        var proof = MemberProofJson.Read(await File.ReadAllBytesAsync(file)).Proof!;
        var (offline, found, _) = await RunAsync("verify-proof", file, "--json");
        Assert.Equal((ExitCodes.Success, 5_000_000, true), (offline, (long)found["up"]!, (bool)found["valid"]!));
        Assert.StartsWith("the root that the file names itself", (string)found["rests_on"]!, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Success, (await RunAsync("verify-proof", file, "--root", proof.Root.HashText, "--json")).Code);
        (offline, found, _) = await RunAsync("verify-proof", file, "--rpc", anvil.Url.ToString(), "--contract", contract, "--json");
        Assert.Equal((ExitCodes.Success, true), (offline, (bool)found["kept"]!));
        Assert.EndsWith("minutes", (string)found["age"]!, StringComparison.Ordinal);
        foreach (var (step, arguments) in ((string, string[])[])[
            ("anchor", ["--root", "0x" + new string('1', 64)]), ("anchor", ["--contract", "0x5FbDB2315678afecb367f032d93F642f64180aa3"])])
        {
            (offline, found, _) = await RunAsync(["verify-proof", file, .. arguments, "--json"]);
            Assert.Equal((ExitCodes.Refused, step), (offline, (string)found["step"]!));
        }
        await File.WriteAllBytesAsync(file, MemberProofJson.Write(proof with { Up = proof.Up + 1 }));
        (offline, found, _) = await RunAsync("verify-proof", file, "--json");
        Assert.Equal((ExitCodes.Refused, "root"), (offline, (string)found["step"]!));
        await File.WriteAllBytesAsync(file, MemberProofJson.Write(proof with { Block = proof.Block + 1 }));
        (offline, found, _) = await RunAsync("verify-proof", file, "--rpc", anvil.Url.ToString(), "--json");
        Assert.Equal((ExitCodes.Refused, "transaction"), (offline, (string)found["step"]!));
        Assert.Equal(ExitCodes.Usage, (await RunAsync("verify-proof", file, "--rpc", "nothing")).Code);
        Assert.Equal(ExitCodes.Unreachable, (await RunAsync("verify-proof", file, "--rpc", "http://127.0.0.1:1")).Code);
        Assert.Equal(ExitCodes.File, (await RunAsync("verify-proof", Path.Combine(_folder, "none"))).Code);

        await using (var node = await NodeProcess.StartNodeAsync(database, environment))
        {
            for (var i = 0; i < 60 && (await node.Http.GetAsync("/contract/anchor")).StatusCode == HttpStatusCode.ServiceUnavailable; i++) await Task.Delay(1000);
            Assert.Equal(proof.Up, MemberProofJson.Read(System.Text.Encoding.UTF8.GetBytes((await Prove(node, alice, alice.Passkey)).Answer.ToJsonString())).Proof!.Up);
            var (status, answer) = await node.Http.PostAsync("/contract/anchor", new JsonObject());
            Assert.True(status == HttpStatusCode.OK, answer.ToJsonString());
            Assert.Equal(2, (int)answer["sequence"]!);
        }
    }

    [Fact]
    public async Task Roots_are_anchored_by_themselves_once_in_the_interval()
    {
        await using var anvil = await AnvilNode.StartAsync();
        (string, string)[] environment = [.. await ContractApiTests.EnvironmentAsync(anvil), ("Chain__AnchorInterval", "00:00:01")];
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), environment);
        await node.Http.PostAsync("/contract/init", new JsonObject());
        var alice = await Member.RegisteredAsync(node.Http, "alice");
        for (var i = 0; (await Prove(node, alice, alice.Passkey)).Status != HttpStatusCode.OK; i++)
        {
            Assert.True(i < 120, node.Log);
            await Task.Delay(500);
        }
    }

    private static Task<(HttpStatusCode Status, JsonObject Answer)> Prove(NodeProcess node, Member member, string? passkey) =>
        node.Http.GetJsonAsync($"/user/{member.UserId}/proof", ("X-Passkey", passkey!));

    private static async Task<(int Code, JsonObject Output, string Error)> RunAsync(params string[] arguments)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        var code = await PbtsCommand.RunAsync(arguments, output, error);
        return (code, output.ToString() is { Length: > 0 } text ? JsonNode.Parse(text)!.AsObject() : [], error.ToString());
    }
}
