using System.Text.Json.Nodes;
using Pbts.GrainInterfaces.Chain;
using Pbts.Grains.Chain.Outbox;
using Pbts.Protocol.Ethereum;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Chain;

/// <summary>Writes to contracts that are not there, or that do not say that they did anything: the chain takes them for successes.</summary>
public sealed class MissingContractTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    private static readonly EthereumAddress Nowhere = new([.. Enumerable.Repeat((byte)0xaa, 20)]);

    [Fact]
    public async Task A_write_to_where_no_contract_is_fails_unsent_and_holds_up_no_other()
    {
        await using var anvil = await AnvilNode.StartAsync();
        await using var rig = await ChainRig.CreateAsync(postgres);
        var account = rig.Account(anvil.Url);
        var (_, contract) = await rig.DeployAsync(account);
        var lost = await ChainRig.SubmitAsync(account, "register", Nowhere, ChainRig.AddUser("alice"));
        var good = await ChainRig.SubmitAsync(account, "register", contract, ChainRig.AddUser("bob"));
        var failed = await rig.DecideAsync(account, lost);
        Assert.Equal(ChainTransactionState.Failed, failed.State);
        Assert.StartsWith($"There is no contract at {Nowhere}", failed.Error, StringComparison.Ordinal);
        Assert.True((await rig.DecideAsync(account, good)).IsDone);
    }

    [Fact]
    public async Task A_write_whose_contract_is_gone_when_it_is_mined_is_no_success()
    {
        await using var anvil = await AnvilNode.StartAsync();
        await using var rig = await ChainRig.CreateAsync(postgres);
        await rig.DeployAsync(rig.Account(anvil.Url));
        // There was code while it was sent.
        var looks = 0;
        await using var proxy = new RpcProxy(anvil.Url)
        {
            Behaviour = async (method, _, forward) => method == "eth_getCode" && looks++ == 0 ? RpcProxy.Result("0x60") : await forward(),
        };
        var account = rig.Account(proxy.Url);
        var result = await rig.DecideAsync(account, await ChainRig.SubmitAsync(account, "register", Nowhere, ChainRig.AddUser("alice")));
        Assert.Equal((ChainTransactionState.Mined, false), (result.State, result.Succeeded));
        Assert.StartsWith($"There is no contract at {Nowhere}", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_kind_of_write_without_its_event_is_no_success()
    {
        await using var anvil = await AnvilNode.StartAsync();
        await using var rig = await ChainRig.CreateAsync(postgres);
        var honest = rig.Account(anvil.Url);
        var (factory, old) = await rig.DeployAsync(honest);
        Assert.True((await rig.DecideAsync(honest, await ChainRig.SubmitAsync(honest, "test", old, ChainRig.AddUser("alice")))).IsDone);
        Assert.True((await rig.DecideAsync(honest, await ChainRig.SubmitAsync(honest, "test", old, ChainRig.AddUser("bob")))).IsDone);
        var contract = await rig.CreateReputationAsync(honest, factory, old);
        await using var proxy = new RpcProxy(anvil.Url)
        {
            Behaviour = async (method, _, forward) =>
            {
                var answer = await forward();
                if (method == "eth_getTransactionReceipt" && answer["result"] is JsonObject receipt) receipt["logs"] = new JsonArray();
                return answer;
            },
        };
        var account = rig.Account(proxy.Url);
        byte[] key = [0x81, .. new byte[47]];
        object[] none = [System.Numerics.BigInteger.Zero];
        foreach (var (to, call) in ((EthereumAddress, byte[])[])[
            (contract, ChainRig.AddUser("carol")),
            (contract, ReputationV2Abi.AddUserWithKey.EncodeCall("dave", "", new byte[32].Select(_ => (byte)1).ToArray(), none[0], none[0], key)),
            (contract, ReputationV2Abi.AddMembers.EncodeCall(new[] { "eve" }, new[] { System.Numerics.BigInteger.Zero }, new[] { System.Numerics.BigInteger.Zero }, new[] { key })),
            (contract, ReputationV2Abi.SetUserKey.EncodeCall("carol", key)),
            (contract, ReputationAbi.UpdateUser.EncodeCall("carol", none[0], none[0])),
            (contract, ReputationV2Abi.UpdateUsers.EncodeCall(new[] { "carol" }, new[] { System.Numerics.BigInteger.Zero }, new[] { System.Numerics.BigInteger.Zero })),
            (contract, ReputationAbi.MigrateUserData.EncodeCall("alice")),
            (contract, ReputationV2Abi.MigrateUsers.EncodeCall(new List<string> { "bob" })),
            (old, ReputationV2Abi.Retire.EncodeCall(contract))])
        {
            Assert.False(await IsDoneAsync(account, to, call, "The contract did not report the write."), Convert.ToHexString(call[..4]));
        }
        // The same, seen as it was: the node had only not told.
        Assert.True((await rig.DecideAsync(honest, await ChainRig.SubmitAsync(honest, "test", contract, ReputationAbi.UpdateUser.EncodeCall("eve", none[0], none[0])))).IsDone);

        async Task<bool> IsDoneAsync(ChainAccount by, EthereumAddress to, byte[] call, string error)
        {
            var result = await rig.DecideAsync(by, await ChainRig.SubmitAsync(by, "test", to, call));
            Assert.Equal((ChainTransactionState.Mined, error), (result.State, result.Error));
            return result.IsDone;
        }
    }

    [Fact]
    public async Task A_contract_of_the_first_generation_reports_nothing_and_is_believed()
    {
        await using var anvil = await AnvilNode.StartAsync();
        await using var rig = await ChainRig.CreateAsync(postgres);
        var account = rig.Account(anvil.Url);
        var constructor = ChainRig.Encode("address creator, address referrer", account.Address, EthereumAddress.Zero);
        var deployed = await rig.DecideAsync(account, await ChainRig.SubmitAsync(account, "deploy", null, [.. ChainRig.Artifact("test/LegacyReputation", ""), .. constructor]));
        Assert.True(EthereumAddress.TryParse(deployed.ContractAddress, out var legacy), deployed.Error);
        var added = await rig.DecideAsync(account, await ChainRig.SubmitAsync(account, "register", legacy, ChainRig.AddUser("alice", 5)));
        Assert.True(added.IsDone, added.Error);
        Assert.Equal(5, (int)(await anvil.UserAsync(legacy, "alice"))!.Uploaded);
    }
}
