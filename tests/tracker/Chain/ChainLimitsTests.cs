using System.Numerics;
using System.Text.Json.Nodes;
using Pbts.GrainInterfaces.Chain;
using Pbts.Protocol.Ethereum;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Chain;

/// <summary>What an account never does: pay more than its limit, give up a nonce too early, or undo a later choice of contract.</summary>
public sealed class ChainLimitsTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    private static readonly string[] Dear = ["--block-base-fee-per-gas", "100000000000"];

    [Fact]
    public async Task Nothing_is_sent_while_gas_costs_more_than_the_limit_and_never_for_more()
    {
        await using var anvil = await AnvilNode.StartAsync(Dear);
        await using var rig = await ChainRig.CreateAsync(postgres);
        var (_, contract) = await rig.DeployAsync(rig.Account(anvil.Url));
        await SetBaseFeeAsync(anvil, 100);
        var account = rig.Account(anvil.Url, o => o.MaxFeeGwei = 50);
        var id = await ChainRig.SubmitAsync(account, "register", contract, ChainRig.AddUser("alice"));
        Assert.Equal("Gas costs more than the limit of 50 gwei (Chain:MaxFeeGwei)", (await account.PumpAsync())?.Text);
        var waiting = (await rig.Outbox.FindAsync(id))!;
        Assert.Equal((ChainTransactionState.Queued, "Gas costs more than the limit of 50 gwei (Chain:MaxFeeGwei)"), (waiting.State, waiting.Error));

        // Cheaper, but not so cheap that twice the base fee, which is offered otherwise, would be within the limit.
        await SetBaseFeeAsync(anvil, 40);
        Assert.True((await rig.DecideAsync(account, id)).IsDone);
        Assert.Equal(Gwei(50), Assert.Single(await rig.Outbox.ReadAttemptsAsync(id)).MaxFee);
    }

    [Fact]
    public async Task A_stuck_transaction_is_not_replaced_for_more_than_the_limit()
    {
        await using var anvil = await AnvilNode.StartAsync(Dear);
        await using var rig = await ChainRig.CreateAsync(postgres);
        var (_, contract) = await rig.DeployAsync(rig.Account(anvil.Url));
        await SetBaseFeeAsync(anvil, 100);
        await anvil.CallAsync("evm_setAutomine", false);
        var account = rig.Account(anvil.Url, o => (o.MaxFeeGwei, o.StuckSeconds, o.ResendSeconds) = (205, 1, 3600));
        var id = await ChainRig.SubmitAsync(account, "register", contract, ChainRig.AddUser("alice"));
        for (var tries = 0; (await rig.Outbox.FindAsync(id))!.Error?.StartsWith("Waits for cheaper gas: the next fee would exceed 205 gwei", StringComparison.Ordinal) != true; tries++)
        {
            Assert.True(tries < 300 && (await rig.Outbox.ReadAttemptsAsync(id)).Count <= 1, "It was replaced.");
            await account.PumpAsync();
            await Task.Delay(50);
        }
        Assert.True(Assert.Single(await rig.Outbox.ReadAttemptsAsync(id)).MaxFee <= Gwei(205));
    }

    [Fact]
    public async Task No_more_wait_for_a_block_than_may()
    {
        await using var anvil = await AnvilNode.StartAsync();
        await using var rig = await ChainRig.CreateAsync(postgres);
        var (_, contract) = await rig.DeployAsync(rig.Account(anvil.Url));
        await anvil.CallAsync("evm_setAutomine", false);
        var account = rig.Account(anvil.Url, o => o.MaxInFlight = 2);
        var ids = new List<Guid>();
        foreach (var name in (string[])["alice", "bob", "carol"])
            ids.Add(await ChainRig.SubmitAsync(account, "register", contract, ChainRig.AddUser(name)));
        for (var i = 0; i < 3; i++)
            Assert.Null(await account.PumpAsync());
        Assert.Equal((2, 1), (await rig.CountAsync("SELECT count(*) FROM chain_outbox WHERE state = 'sent'"), await rig.CountAsync("SELECT count(*) FROM chain_outbox WHERE state = 'queued'")));
        await anvil.CallAsync("evm_setAutomine", true);
        await anvil.MineAsync();
        foreach (var id in ids)
            Assert.True((await rig.DecideAsync(account, id)).IsDone);
    }

    [Fact]
    public async Task What_ran_out_of_gas_says_so()
    {
        await using var anvil = await AnvilNode.StartAsync();
        await using var rig = await ChainRig.CreateAsync(postgres);
        var (_, contract) = await rig.DeployAsync(rig.Account(anvil.Url));
        // The estimate is too low by half; called again with all the gas there is, it does not fail.
        await using var proxy = new RpcProxy(anvil.Url)
        {
            Behaviour = async (method, _, forward) => method == "eth_estimateGas" ? RpcProxy.Result("0x9c40") : await forward(),
        };
        var account = rig.Account(proxy.Url, o => o.GasMarginPercent = 0);
        var result = await rig.DecideAsync(account, await ChainRig.SubmitAsync(account, "register", contract, ChainRig.AddUser("alice")));
        Assert.Equal((ChainTransactionState.Mined, false, "ran out of gas"), (result.State, result.Succeeded, result.Error));
    }

    [Fact]
    public async Task A_gap_is_not_filled_for_more_than_the_limit()
    {
        await using var anvil = await AnvilNode.StartAsync(Dear);
        await using var rig = await ChainRig.CreateAsync(postgres);
        var honest = rig.Account(anvil.Url);
        var (_, contract) = await rig.DeployAsync(honest);
        await using var proxy = new RpcProxy(anvil.Url)
        {
            Behaviour = async (method, _, forward) => method == "eth_getTransactionCount" ? RpcProxy.Result("0x5") : await forward(),
        };
        var id = await ChainRig.SubmitAsync(honest, "register", contract, ChainRig.AddUser("alice", 7));
        await rig.Account(proxy.Url).PumpAsync();
        Assert.Equal(5, (await rig.Outbox.FindAsync(id))!.Nonce);
        await SetBaseFeeAsync(anvil, 100);
        for (var i = 0; i < 3; i++) await rig.Account(anvil.Url, o => o.MaxFeeGwei = 50).PumpAsync();
        Assert.Equal(0, await rig.CountAsync("SELECT count(*) FROM chain_outbox WHERE kind = 'filler'"));
        Assert.True((await rig.DecideAsync(honest, id)).IsDone);
    }

    [Fact]
    public async Task A_nonce_that_another_program_used_is_given_up_only_when_that_is_final()
    {
        await using var anvil = await AnvilNode.StartAsync();
        await using var rig = await ChainRig.CreateAsync(postgres);
        var (_, contract) = await rig.DeployAsync(rig.Account(anvil.Url));
        var (lagging, resent) = (true, 0);
        await using var proxy = new RpcProxy(anvil.Url)
        {
            Behaviour = async (method, _, forward) =>
            {
                if (method == "eth_getTransactionCount" && lagging) return RpcProxy.Result("0x2");
                if (method == "eth_sendRawTransaction") resent++;
                return await forward();
            },
        };
        var account = rig.Account(proxy.Url, o => o.Confirmations = 5);
        await anvil.CallAsync("eth_sendTransaction", new JsonObject { ["from"] = account.Address.ToString(), ["to"] = account.Address.ToString(), ["value"] = "0x1" });
        var id = await ChainRig.SubmitAsync(account, "register", contract, ChainRig.AddUser("alice", 7));
        await account.PumpAsync();
        Assert.Equal(2, (await rig.Outbox.FindAsync(id))!.Nonce);

        // The block with the other transaction is the newest: a reorganisation may yet take it out, and then this one is valid.
        (lagging, resent) = (false, 0);
        for (var tries = 0; resent < 3; tries++)
        {
            Assert.True(tries < 600);
            await account.PumpAsync();
            await Task.Delay(20);
        }
        var held = (await rig.Outbox.FindAsync(id))!;
        Assert.Equal((ChainTransactionState.Sent, 2L), (held.State, held.Nonce));

        // One block short of final, then final.
        await anvil.MineAsync(3);
        for (var tries = 0; resent < 6; tries++)
        {
            Assert.True(tries < 600);
            await account.PumpAsync();
            await Task.Delay(20);
        }
        Assert.Equal(2, (await rig.Outbox.FindAsync(id))!.Nonce);
        await anvil.MineAsync();
        var result = await rig.DecideAsync(account, id);
        Assert.True(result.IsDone, result.Error);
        Assert.Equal(3, result.Nonce);
    }

    [Fact]
    public async Task An_old_init_that_is_mined_again_after_a_reorganisation_does_not_become_active_over_a_newer_contract()
    {
        await using var anvil = await AnvilNode.StartAsync();
        await using var rig = await ChainRig.CreateAsync(postgres);
        var account = rig.Account(anvil.Url, o => o.ResendSeconds = 3600);
        var (factory, _) = await rig.DeployAsync(account);
        var snapshot = await anvil.CallAsync("evm_snapshot");
        var call = ReputationAbi.CreateReputation.EncodeCall(EthereumAddress.Zero, Array.Empty<byte>());
        var first = await ChainRig.SubmitAsync(account, "init", factory, call);
        Assert.True((await rig.DecideAsync(account, first)).IsDone);
        var second = await ChainRig.SubmitAsync(account, "init", factory, call);
        var newer = await rig.DecideAsync(account, second);
        Assert.Equal(newer.ContractAddress, (await rig.Contracts.ReadActiveAsync()).ToString());

        await anvil.CallAsync("evm_revert", snapshot!.DeepClone());
        await anvil.CallAsync("evm_setAutomine", false);
        await anvil.MineAsync();
        await account.PumpAsync();
        Assert.Equal(2, await rig.CountAsync("SELECT count(*) FROM chain_outbox WHERE state = 'sent'"));
        // Only the older of the two is in a block again.
        await anvil.CallAsync("anvil_dropTransaction", newer.Hash!);
        await anvil.MineAsync();
        Assert.True((await rig.DecideAsync(account, first)).IsDone);
        Assert.Equal(ChainTransactionState.Sent, (await rig.Outbox.FindAsync(second))!.State);
        Assert.Equal(newer.ContractAddress, (await rig.Contracts.ReadActiveAsync()).ToString());
    }

    private static BigInteger Gwei(int gwei) => (BigInteger)gwei * 1_000_000_000;

    /// <summary>Mines a block with this base fee, which is what the account then reads.</summary>
    private static async Task SetBaseFeeAsync(AnvilNode anvil, int gwei)
    {
        await anvil.CallAsync("anvil_setNextBlockBaseFeePerGas", $"0x{Gwei(gwei):x}");
        await anvil.MineAsync();
    }
}
