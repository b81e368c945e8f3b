using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Pbts.Protocol.Attestation;
using Pbts.Protocol.Dstack;
using Pbts.Protocol.Ethereum;
using Pbts.Tracker.Tests.Chain;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Tee;

/// <summary>Trackers in other modes and with other settings.</summary>
public sealed class TeeNodeTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    /// <summary>8.5: tee_mode_disabled_prevents_tee_ops, initialization; 9.G4, 9.G8: verification needs no trusted machine.</summary>
    [Fact]
    public async Task G8_without_any_TEE_keys_and_quotes_are_503_and_verification_works()
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), ("Tee__AcceptedTcb", "UpToDate,Unknown"));
        var (_, told) = await node.Http.GetJsonAsync("/tee/status");
        Assert.Equal((false, "disabled", 0), ((bool)told["tee_available"]!, (string)told["tee_mode"]!, (int)told["statistics"]!["key_generations"]!));
        var config = (await node.Http.GetJsonAsync("/config")).Answer;
        Assert.Equal((false, "disabled"), ((bool)config["tee_available"]!, (string)config["tee_mode"]!));
        foreach (var (path, body) in new[] { ("/keygen-tee", "{}"), ("/keygen-tee", ""), ("/generate-attestation", """{"payload":"x"}""") })
        {
            var (status, answer) = await node.Http.PostTextAsync(path, body);
            Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
            Assert.StartsWith("TEE not available: the TEE mode is disabled", (string)answer["error"]!, StringComparison.Ordinal);
        }

        var quotes = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "vectors", "tdx_quotes.json")))!["quotes"]!.AsArray();
        string Hex(string name) => (string)quotes.Single(quote => (string)quote!["name"]! == name)!["hex"]!;
        var complete = Hex("complete");
        var good = (await node.Http.PostAsync("/verify-attestation", new JsonObject { ["quote"] = complete, ["expected_report_data"] = complete.Substring(2 * 568, 128) })).Answer;
        Assert.True((bool)good["is_valid"]!, good.ToJsonString());
        Assert.Equal(("Unknown", complete.Substring(2 * 184, 96)), ((string)good["tcb_status"]!, (string)good["measurements"]!["mrtd"]!));
        Assert.True((double)good["verification_time_ms"]! > 0);
        // 9.G1: the payload is not what the quote is over, and that is what fails.
        var payload = (await node.Http.PostAsync("/verify-attestation", new JsonObject { ["quote"] = complete, ["expected_payload"] = "PBTS" })).Answer;
        Assert.StartsWith("report_data:", (string)payload["error"]!, StringComparison.Ordinal);
        var damaged = (await node.Http.PostAsync("/verify-attestation", new JsonObject { ["quote"] = Hex("damaged"), ["expected_payload"] = "PBTS" })).Answer;
        Assert.Equal((true, false), ((bool)damaged["success"]!, (bool)damaged["is_valid"]!));
        Assert.StartsWith("format:", (string)damaged["error"]!, StringComparison.Ordinal);

        // Asked for at run time, with no socket there: a 503 that says so, and the tracker goes on.
        Assert.Equal(HttpStatusCode.OK, (await node.Http.PostAsync("/config", new JsonObject { ["tee_mode"] = "enabled" })).Status);
        var missing = await node.Http.PostTextAsync("/keygen-tee", "{}");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, missing.Status);
        Assert.Contains("cannot be reached", (string)missing.Answer["error"]!, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await node.Http.GetAsync("/health")).StatusCode);
    }

    /// <summary>9.G3: cluster-wide, and kept.</summary>
    [Fact]
    public async Task G3_the_mode_changes_on_every_silo_and_survives_a_restart()
    {
        await using var agent = await DstackAgent.StartAsync();
        var database = await postgres.CreateDatabaseAsync();
        await using var first = await NodeProcess.StartNodeAsync(database, agent.Environment);
        await using var second = await NodeProcess.StartNodeAsync(database, agent.Environment);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await second.Http.PostTextAsync("/keygen-tee", "{}")).Status);
        Assert.Equal(HttpStatusCode.OK, (await first.Http.PostAsync("/config", new JsonObject { ["tee_mode"] = "benchmark" })).Status);
        Assert.Equal(HttpStatusCode.OK, (await second.Http.PostTextAsync("/keygen-tee", "{}")).Status);
        Assert.Equal(("benchmark", true), ((string)(await second.Http.GetJsonAsync("/tee/status")).Answer["tee_mode"]!, (bool)(await second.Http.GetJsonAsync("/config")).Answer["tee_available"]!));
        // Counters are the cluster's, whichever node is asked.
        Assert.Equal(1, (int)(await first.Http.GetJsonAsync("/tee/status")).Answer["statistics"]!["key_generations"]!);
        await second.StopAsync();
        await first.StopAsync();
        await using var third = await NodeProcess.StartNodeAsync(database, [.. agent.Environment, ("TEE_MODE", "disabled")]);
        Assert.Equal("benchmark", (string)(await third.Http.GetJsonAsync("/tee/status")).Answer["tee_mode"]!);
    }

    /// <summary>9.G4: asked for without an agent, it starts all the same; G3: and what comes later is taken up, the account too.</summary>
    [Fact]
    public async Task G4_a_tracker_that_starts_before_its_agent_takes_the_machine_up_when_it_answers()
    {
        await using var agent = await DstackAgent.StartAsync();
        await agent.StopAsync();
        (string, string)[] environment = [.. agent.Environment, ("RPC", "http://127.0.0.1:9"), ("FACTORY", "0x" + new string('1', 40))];
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), [.. environment, ("TEE_MODE", "enabled")]);
        var refused = await node.Http.PostTextAsync("/keygen-tee", "{}");
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "TEE not available: GetKey: the dstack agent cannot be reached"), (refused.Status, (string?)refused.Answer["error"]));
        Assert.Null(await AccountAsync(node));
        Assert.Contains("The chain is only read until the trusted machine gives a key", node.Log, StringComparison.Ordinal);
        await agent.ListenAsync();
        Assert.Equal(HttpStatusCode.OK, (await node.Http.PostTextAsync("/keygen-tee", "{}")).Status);
        var account = await AccountAsync(node, wait: true);
        Assert.NotNull(account);

        // Switched on at run time it is the same machine, and so the same account.
        await using var other = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), environment);
        Assert.Null(await AccountAsync(other));
        Assert.Equal(HttpStatusCode.OK, (await other.Http.PostAsync("/config", new JsonObject { ["tee_mode"] = "enabled" })).Status);
        Assert.Equal(account, await AccountAsync(other, wait: true));
    }

    /// <summary>9.B6: neither what the agent gives nor what is made of it is in the log, however much is logged.</summary>
    [Fact]
    public async Task No_secret_is_logged_however_much_is_logged()
    {
        await using var agent = await DstackAgent.StartAsync();
        string[] categories = ["Default", "Orleans", "Microsoft", "Microsoft.AspNetCore", "System", "Npgsql"];
        await using var node = await NodeProcess.StartNodeAsync(
            await postgres.CreateDatabaseAsync(), [.. agent.Environment, ("TEE_MODE", "enabled"), ("RPC", "http://127.0.0.1:9"), .. categories.Select(name => ($"Logging__LogLevel__{name}", "Trace"))]);
        var made = await node.Http.PostAsync("/keygen-tee", new JsonObject { ["salt"] = "a" });
        Assert.Equal(HttpStatusCode.OK, made.Status);
        Assert.Equal(HttpStatusCode.OK, (await node.Http.PostAsync("/generate-attestation", new JsonObject { ["payload"] = "x" })).Status);
        Assert.NotNull(await AccountAsync(node));
        Assert.True((bool)(await node.Http.GetJsonAsync("/tee/status")).Answer["tee_available"]!);
        byte[][] secrets =
        [
            .. new[] { TeeKeys.PathOf("a"), TeeKeys.TrackerPath, TeeKeys.EthereumPath }.Select(agent.Secret), Convert.FromBase64String((string)made.Answer["private_key"]!),
            HKDF.DeriveKey(HashAlgorithmName.SHA256, agent.Secret(TeeKeys.EthereumPath), 32, "PBTS-ETHEREUM-KEY"u8.ToArray(), [.. Encoding.UTF8.GetBytes(TeeKeys.EthereumPath), 0]),
        ];
        Assert.Contains(" dbug: ", node.Log, StringComparison.Ordinal);
        Assert.Contains("a key of the trusted machine", node.Log, StringComparison.Ordinal);
        foreach (var secret in secrets)
        {
            Assert.DoesNotContain(Convert.ToHexString(secret), node.Log, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain(Convert.ToBase64String(secret), node.Log, StringComparison.Ordinal);
        }
    }

    /// <summary>9.G4: a setting that cannot work is named at the start.</summary>
    [Fact]
    public async Task G4_a_mode_that_does_not_exist_is_named_at_the_start()
    {
        await using var node = NodeProcess.Launch("Pbts.Silo.dll", await postgres.CreateDatabaseAsync(), ("TEE_MODE", "maybe"));
        await node.WaitForExitAsync();
        Assert.Contains("Configuration: TEE_MODE", node.Log, StringComparison.Ordinal);
    }

    /// <summary>9.G2, 9.G7: the contract's event carries an attestation that others verify, of an account that is the machine's; and the policy asks for measurements.</summary>
    [Fact]
    public async Task G2_the_contract_carries_an_attestation_of_the_account_that_made_it()
    {
        await using var agent = await DstackAgent.StartAsync();
        await using var anvil = await AnvilNode.StartAsync();
        var factory = await DeployFactoryAsync(anvil);
        var database = await postgres.CreateDatabaseAsync();
        (string, string)[] environment = [.. agent.Environment, ("TEE_MODE", "enabled"), ("RPC", anvil.Url.ToString()), ("FACTORY", factory)];
        string account;
        await using (var node = await NodeProcess.StartNodeAsync(database, environment))
        {
            var status = (await node.Http.GetJsonAsync("/contract/status")).Answer;
            account = (string)status["account_address"]!;
            Assert.Equal((true, true), ((bool)status["configured"]!, (bool)status["connected"]!));
            await anvil.CallAsync("anvil_setBalance", account, "0x8ac7230489e80000");
            var (made, init) = await node.Http.PostTextAsync("/contract/init", "");
            Assert.True(made == HttpStatusCode.OK, init.ToJsonString());

            var receipt = (await anvil.CallAsync("eth_getTransactionReceipt", (string)init["tx_hash"]!))!;
            var log = Convert.FromHexString(((string)receipt["logs"]!.AsArray().Single(entry => ((string)entry!["address"]!).Equals(factory, StringComparison.OrdinalIgnoreCase))!["data"]!)[2..]);
            // newReputationAddress, owner, referrer, offset of the attestation, its length, the attestation.
            var length = (int)System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(log.AsSpan((5 * 32) - 4));
            var attestation = log.AsSpan(5 * 32, length).ToArray();
            Assert.True(AttestationDocument.TryParse(attestation, out var document));
            Assert.Equal(
                (AttestationPurpose.Contract, account[2..].ToLowerInvariant()), (document.Claims.Purpose, Convert.ToHexStringLower(document.Claims.EthereumAddress)));
            var verdict = (await node.Http.PostAsync("/verify-attestation", new JsonObject
            {
                ["attestation"] = Convert.ToBase64String(attestation), ["expected_payload"] = $"createReputation:{factory}:{EthereumAddress.Zero}",
            })).Answer;
            Assert.True((bool)verdict["is_valid"]!, verdict.ToJsonString());

            // Without the machine there is no attestation, and so no contract that would pretend to have one.
            await agent.StopAsync();
            var (refused, why) = await node.Http.PostTextAsync("/contract/init", "");
            Assert.Equal(HttpStatusCode.ServiceUnavailable, refused);
            Assert.Contains("attestation", (string)why["error"]!, StringComparison.Ordinal);
            await agent.ListenAsync();
        }

        // The same machine gives the same account again; and only programs the operator names are accepted.
        var other = new string('0', 96);
        await using var strict = await NodeProcess.StartNodeAsync(database, [.. environment, ("Tee__Measurements__mrtd", other)]);
        Assert.Equal(account, (string)(await strict.Http.GetJsonAsync("/contract/status")).Answer["account_address"]!);
        var (_, fresh) = await strict.Http.PostAsync("/generate-attestation", new JsonObject { ["payload"] = "x" });
        var judged = (await strict.Http.PostAsync("/verify-attestation", new JsonObject { ["attestation"] = (string)fresh["attestation"]! })).Answer;
        Assert.StartsWith("measurements: mrtd is 1010", (string)judged["error"]!, StringComparison.Ordinal);
    }

    /// <summary>The account the tracker writes to the chain with; null for none.</summary>
    private static async Task<string?> AccountAsync(NodeProcess node, bool wait = false)
    {
        for (var tries = 0; ; tries++)
        {
            var account = (string?)(await node.Http.GetJsonAsync("/contract/status")).Answer["account_address"];
            if (account is not null || !wait || tries == 100)
                return account;
            await Task.Delay(100);
        }
    }

    private static async Task<string> DeployFactoryAsync(AnvilNode anvil) =>
        (await ContractApiTests.EnvironmentAsync(anvil)).Single(entry => entry.Name == "FACTORY").Value;
}
