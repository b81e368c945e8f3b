using System.Diagnostics;
using System.Globalization;
using System.Numerics;
using System.Text.Json.Nodes;
using Pbts.GrainInterfaces.Chain;
using Pbts.Protocol.Ethereum;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Chain;

/// <summary>The outbox against a real node and a real database.</summary>
public sealed class ChainAccountTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    [Fact]
    public async Task A_contract_is_deployed_written_and_becomes_active()
    {
        await using var anvil = await AnvilNode.StartAsync();
        await using var rig = await ChainRig.CreateAsync(postgres);
        var account = rig.Account(anvil.Url);
        var (_, reputation) = await rig.DeployAsync(account);
        Assert.Equal(reputation, await rig.Contracts.ReadActiveAsync());

        var added = await rig.DecideAsync(account, await ChainRig.SubmitAsync(account, "register", reputation, ChainRig.AddUser("alice", 100, 50)));
        Assert.True(added.IsDone, added.Error);
        Assert.True(added.GasUsed > 21_000);
        Assert.Equal((100, 50), await TotalsAsync(anvil, reputation, "alice"));
    }

    [Fact]
    public async Task A_call_that_would_revert_is_not_sent_and_its_reason_is_told()
    {
        await using var anvil = await AnvilNode.StartAsync();
        await using var rig = await ChainRig.CreateAsync(postgres);
        var account = rig.Account(anvil.Url);
        var (_, reputation) = await rig.DeployAsync(account);
        var before = await anvil.Rpc.TransactionCountAsync(account.Address, pending: true);

        var update = ReputationAbi.UpdateUser.EncodeCall("nobody", BigInteger.One, BigInteger.One);
        var result = await rig.DecideAsync(account, await ChainRig.SubmitAsync(account, "update", reputation, update));
        Assert.Equal(ChainTransactionState.Failed, result.State);
        Assert.Equal("User does not exist", result.Error);
        var after = await anvil.Rpc.TransactionCountAsync(account.Address, pending: true);
        Assert.True(before.TryGet(out var first, out _) && after.TryGet(out var second, out _) && first == second);
    }

    [Fact]
    public async Task A_transaction_that_reverts_in_its_block_is_no_success()
    {
        await using var anvil = await AnvilNode.StartAsync();
        await using var rig = await ChainRig.CreateAsync(postgres);
        var account = rig.Account(anvil.Url);
        var (_, reputation) = await rig.DeployAsync(account);
        // The estimate is a lie, so the revert only shows in the block.
        await using var proxy = new RpcProxy(anvil.Url)
        {
            Behaviour = async (method, _, forward) => method == "eth_estimateGas" ? RpcProxy.Result("0x30d40") : await forward(),
        };
        var liar = rig.Account(proxy.Url);
        var update = ReputationAbi.UpdateUser.EncodeCall("nobody", BigInteger.One, BigInteger.One);
        var result = await rig.DecideAsync(liar, await ChainRig.SubmitAsync(liar, "update", reputation, update));
        Assert.Equal((ChainTransactionState.Mined, false, "User does not exist"), (result.State, result.Succeeded, result.Error));
    }

    [Fact]
    public async Task Two_hundred_concurrent_writes_through_two_pumps_use_every_nonce_once()
    {
        await using var anvil = await AnvilNode.StartAsync("--block-time", "1");
        await using var rig = await ChainRig.CreateAsync(postgres);
        var first = rig.Account(anvil.Url);
        var second = rig.Account(anvil.Url);
        var (_, reputation) = await rig.DeployAsync(first);

        var ids = await Task.WhenAll(Enumerable.Range(0, 200).Select(i =>
            ChainRig.SubmitAsync(i % 2 == 0 ? first : second, "register", reputation, ChainRig.AddUser($"user{i}", (ulong)i))));
        for (var waited = Stopwatch.StartNew(); await rig.CountAsync("SELECT count(*) FROM chain_outbox WHERE state IN ('queued', 'sent')") > 0;)
        {
            Assert.True(waited.Elapsed < TimeSpan.FromSeconds(120), "Not all were mined.");
            await Task.WhenAll(first.PumpAsync(), second.PumpAsync());
        }

        foreach (var id in ids) Assert.True((await rig.Outbox.FindAsync(id))!.IsDone);
        Assert.Equal(202, await rig.CountAsync("SELECT count(DISTINCT nonce) FROM chain_outbox"));
        Assert.Equal(201, await rig.CountAsync("SELECT max(nonce) FROM chain_outbox"));
        Assert.Equal((199, 0), await TotalsAsync(anvil, reputation, "user199"));
        Assert.True((await anvil.Rpc.TransactionCountAsync(first.Address, pending: false)).TryGet(out var count, out _));
        Assert.Equal(202ul, count);
    }

    [Fact]
    public async Task A_crash_at_any_point_neither_loses_nor_repeats_a_transaction()
    {
        await using var anvil = await AnvilNode.StartAsync("--block-time", "1");
        await using var rig = await ChainRig.CreateAsync(postgres);
        var (_, reputation) = await rig.DeployAsync(rig.Account(anvil.Url));
        await using var proxy = new RpcProxy(anvil.Url);
        var sends = 0;
        // The first hand-over never reaches the node; the second does, but its answer is lost.
        proxy.Behaviour = async (method, _, forward) =>
        {
            if (method != "eth_sendRawTransaction" || ++sends > 2) return await forward();
            if (sends == 2) await forward();
            return null;
        };
        var id = Guid.NewGuid();
        var submission = new ChainSubmission(id, "register", "alice", reputation.ToString(), ChainRig.AddUser("alice", 7));
        for (var crash = 0; crash < 2; crash++)
        {
            var doomed = rig.Account(proxy.Url, o => o.RpcTimeoutSeconds = 1);
            Assert.Null(await doomed.SubmitAsync(submission));
            await doomed.PumpAsync();
            await Task.Delay(1100);
        }
        var result = await rig.DecideAsync(rig.Account(anvil.Url), id);
        Assert.True(result.IsDone, result.Error);
        Assert.Equal(1, await rig.CountAsync("SELECT count(*) FROM chain_attempt a JOIN chain_outbox o ON o.id = a.outbox_id WHERE o.kind = 'register'"));
        Assert.True((await anvil.Rpc.TransactionCountAsync(EthereumAddressOfFirstKey, pending: true)).TryGet(out var count, out _));
        Assert.Equal(3ul, count);
    }

    [Fact]
    public async Task A_stuck_transaction_is_replaced_with_a_higher_fee_and_the_same_nonce()
    {
        await using var anvil = await AnvilNode.StartAsync();
        await using var rig = await ChainRig.CreateAsync(postgres);
        var (_, reputation) = await rig.DeployAsync(rig.Account(anvil.Url));
        await anvil.CallAsync("evm_setAutomine", false);
        var account = rig.Account(anvil.Url, o => o.StuckSeconds = 1);
        var id = await ChainRig.SubmitAsync(account, "register", reputation, ChainRig.AddUser("alice", 7));
        await account.PumpAsync();
        var original = (await rig.Outbox.FindAsync(id))!;
        await Task.Delay(1500);
        await account.PumpAsync();
        await account.PumpAsync();
        var attempts = await rig.Outbox.ReadAttemptsAsync(id);
        Assert.True(attempts.Count >= 2, $"{attempts.Count} attempts");
        Assert.True(attempts[^2].MaxFee * 8 >= attempts[^1].MaxFee * 9);
        await anvil.MineAsync();
        var result = await rig.DecideAsync(account, id);
        Assert.True(result.IsDone, result.Error);
        Assert.Equal(original.Nonce, result.Nonce);
        Assert.NotEqual(original.Hash, result.Hash);
        Assert.Equal(id, (await rig.Outbox.FindAsync(null, original.Hash))!.Id);
    }

    [Fact]
    public async Task Another_chain_is_refused()
    {
        await using var rig = await ChainRig.CreateAsync(postgres);
        await using (var anvil = await AnvilNode.StartAsync()) await rig.DeployAsync(rig.Account(anvil.Url));
        await using var other = await AnvilNode.StartAsync("--chain-id", "4711");
        var account = rig.Account(other.Url);
        var refusal = await account.SubmitAsync(new ChainSubmission(Guid.NewGuid(), "x", "", account.Address.ToString(), []));
        Assert.Contains("on chain 4711, but this tracker's contracts and transactions are on chain 31337", refusal?.Text, StringComparison.Ordinal);
        Assert.Contains("4711", (await account.PumpAsync())?.Text, StringComparison.Ordinal);
        Assert.True((await other.Rpc.TransactionCountAsync(account.Address, pending: true)).TryGet(out var count, out _));
        Assert.Equal(0ul, count);
    }

    [Fact]
    public async Task A_chain_without_base_fee_gets_legacy_transactions()
    {
        await using var anvil = await AnvilNode.StartAsync();
        await using var rig = await ChainRig.CreateAsync(postgres);
        await using var proxy = new RpcProxy(anvil.Url)
        {
            Behaviour = async (method, _, forward) =>
            {
                var answer = await forward();
                if (method == "eth_getBlockByNumber") answer["result"]!.AsObject().Remove("baseFeePerGas");
                return answer;
            },
        };
        var account = rig.Account(proxy.Url);
        var (factory, _) = await rig.DeployAsync(account);
        Assert.Equal(0, await rig.CountAsync("SELECT count(*) FROM chain_attempt WHERE tip IS NOT NULL"));
        var hash = (await rig.Database.CreateCommand("SELECT hash FROM chain_outbox WHERE nonce = 0").ExecuteScalarAsync())!;
        Assert.Equal("0x0", (string?)(await anvil.CallAsync("eth_getTransactionByHash", (string)hash))!["type"]);
        Assert.NotEqual(EthereumAddress.Zero, factory);
    }

    [Theory]
    [InlineData(5)]
    [InlineData(60)]
    public async Task A_nonce_claimed_too_high_leaves_a_gap_that_is_filled(int claimed)
    {
        await using var anvil = await AnvilNode.StartAsync();
        await using var rig = await ChainRig.CreateAsync(postgres);
        var honest = rig.Account(anvil.Url);
        var (_, reputation) = await rig.DeployAsync(honest);
        await using var proxy = new RpcProxy(anvil.Url)
        {
            Behaviour = async (method, request, forward) => method == "eth_getTransactionCount" ? RpcProxy.Result($"0x{claimed:x}") : await forward(),
        };
        var id = await ChainRig.SubmitAsync(honest, "register", reputation, ChainRig.AddUser("alice", 7));
        await rig.Account(proxy.Url).PumpAsync();
        Assert.Equal(claimed, (await rig.Outbox.FindAsync(id))!.Nonce);

        var result = await rig.DecideAsync(honest, id);
        Assert.True(result.IsDone, result.Error);
        Assert.Equal(claimed - 2, await rig.CountAsync("SELECT count(*) FROM chain_outbox WHERE kind = 'filler'"));
        Assert.Equal((7, 0), await TotalsAsync(anvil, reputation, "alice"));
    }

    [Theory]
    [InlineData("0x28")]
    [InlineData("0xf4240")]
    [InlineData("0x7fffffffffffffff")]
    public async Task A_lie_about_the_first_nonce_of_all_only_costs_time(string lie)
    {
        await using var anvil = await AnvilNode.StartAsync();
        await using var rig = await ChainRig.CreateAsync(postgres);
        await using var proxy = new RpcProxy(anvil.Url)
        {
            Behaviour = async (method, _, forward) => method == "eth_getTransactionCount" ? RpcProxy.Result(lie) : await forward(),
        };
        var account = rig.Account(proxy.Url);
        Guid[] ids = [await ChainRig.SubmitAsync(account, "deploy", null, ChainRig.FactoryCode()), await ChainRig.SubmitAsync(account, "deploy", null, ChainRig.FactoryCode())];
        for (var i = 0; i < 3; i++) await account.PumpAsync();
        proxy.Behaviour = async (_, _, forward) => await forward();
        foreach (var id in ids) Assert.True((await rig.DecideAsync(account, id)).IsDone);
    }

    [Fact]
    public async Task A_nonce_far_above_all_we_know_is_not_believed()
    {
        await using var anvil = await AnvilNode.StartAsync();
        await using var rig = await ChainRig.CreateAsync(postgres);
        var honest = rig.Account(anvil.Url);
        var (_, reputation) = await rig.DeployAsync(honest);
        await using var proxy = new RpcProxy(anvil.Url)
        {
            Behaviour = async (method, request, forward) => method == "eth_getTransactionCount" ? RpcProxy.Result("0xf4240") : await forward(),
        };
        var id = await ChainRig.SubmitAsync(honest, "register", reputation, ChainRig.AddUser("alice", 7));
        Assert.Contains("not believed", (await rig.Account(proxy.Url).PumpAsync())?.Text, StringComparison.Ordinal);
        Assert.True((await rig.DecideAsync(honest, id)).IsDone);
    }

    [Theory]
    [InlineData("0x1")] // less than any transaction burns
    [InlineData("0x5208")] // less than this one does before it begins: the node itself refuses it
    public async Task An_estimate_that_is_too_low_only_costs_time(string lie)
    {
        await using var anvil = await AnvilNode.StartAsync();
        await using var rig = await ChainRig.CreateAsync(postgres);
        var (_, reputation) = await rig.DeployAsync(rig.Account(anvil.Url));
        var lies = 3;
        await using var proxy = new RpcProxy(anvil.Url)
        {
            Behaviour = async (method, _, forward) => method == "eth_estimateGas" && lies-- > 0 ? RpcProxy.Result(lie) : await forward(),
        };
        var account = rig.Account(proxy.Url, o => (o.StuckSeconds, o.MaxInFlight, o.GasMarginPercent) = (1, 1, 0));
        Guid[] ids = [await ChainRig.SubmitAsync(account, "register", reputation, ChainRig.AddUser("alice", 7)), await ChainRig.SubmitAsync(account, "register", reputation, ChainRig.AddUser("bob", 8))];
        foreach (var id in ids)
        {
            var result = await rig.DecideAsync(account, id);
            Assert.True(result.IsDone, result.Error);
        }
        Assert.Equal((7, 0), await TotalsAsync(anvil, reputation, "alice"));
        Assert.Equal((8, 0), await TotalsAsync(anvil, reputation, "bob"));
    }

    [Fact]
    public async Task An_estimate_that_no_block_holds_fails_the_transaction_and_holds_up_no_other()
    {
        await using var anvil = await AnvilNode.StartAsync();
        await using var rig = await ChainRig.CreateAsync(postgres);
        var (_, reputation) = await rig.DeployAsync(rig.Account(anvil.Url));
        var lies = 1;
        await using var proxy = new RpcProxy(anvil.Url)
        {
            Behaviour = async (method, _, forward) => method == "eth_estimateGas" && lies-- > 0 ? RpcProxy.Result("0xffffffffffffffff") : await forward(),
        };
        var account = rig.Account(proxy.Url);
        var first = await ChainRig.SubmitAsync(account, "register", reputation, ChainRig.AddUser("alice", 7));
        var second = await ChainRig.SubmitAsync(account, "register", reputation, ChainRig.AddUser("bob", 8));
        var failed = await rig.DecideAsync(account, first);
        Assert.Equal((ChainTransactionState.Failed, "It needs 18446744073709551615 gas, and a block holds 30000000."), (failed.State, failed.Error));
        Assert.True((await rig.DecideAsync(account, second)).IsDone);
    }

    [Fact]
    public async Task A_stale_nonce_and_transactions_of_another_program_do_no_harm()
    {
        await using var anvil = await AnvilNode.StartAsync();
        await using var rig = await ChainRig.CreateAsync(postgres);
        var account = rig.Account(anvil.Url, o => o.Confirmations = 1);
        var (_, reputation) = await rig.DeployAsync(account);
        // Another program with the same key uses nonces 2 and 3, and a lagging node does not tell.
        for (var i = 0; i < 2; i++)
        {
            await anvil.CallAsync("eth_sendTransaction", new JsonObject { ["from"] = account.Address.ToString(), ["to"] = account.Address.ToString(), ["value"] = "0x1" });
        }
        var lagging = true;
        await using var proxy = new RpcProxy(anvil.Url)
        {
            Behaviour = async (method, request, forward) => method == "eth_getTransactionCount" && lagging ? RpcProxy.Result("0x2") : await forward(),
        };
        var throughProxy = rig.Account(proxy.Url, o => o.Confirmations = 1);
        var id = await ChainRig.SubmitAsync(throughProxy, "register", reputation, ChainRig.AddUser("alice", 7));
        await throughProxy.PumpAsync();
        Assert.Equal(2, (await rig.Outbox.FindAsync(id))!.Nonce);
        lagging = false;
        var result = await rig.DecideAsync(throughProxy, id);
        Assert.True(result.IsDone, result.Error);
        Assert.Equal(4, result.Nonce);
    }

    [Fact]
    public async Task What_a_reorganisation_took_out_is_sent_again()
    {
        await using var anvil = await AnvilNode.StartAsync();
        await using var rig = await ChainRig.CreateAsync(postgres);
        var account = rig.Account(anvil.Url);
        var (_, reputation) = await rig.DeployAsync(account);
        await anvil.MineAsync(5);
        await account.PumpAsync();
        var snapshot = await anvil.CallAsync("evm_snapshot");
        var id = await ChainRig.SubmitAsync(account, "register", reputation, ChainRig.AddUser("alice", 7));
        Assert.Equal(ChainTransactionState.Mined, (await rig.DecideAsync(account, id)).State);
        Assert.Equal((7, 0), await TotalsAsync(anvil, reputation, "alice"));

        await anvil.CallAsync("evm_revert", snapshot!.DeepClone());
        await anvil.MineAsync(2);
        Assert.Equal((0, 0), await TotalsAsync(anvil, reputation, "alice"));
        await account.PumpAsync();
        var result = await rig.DecideAsync(account, id);
        Assert.True(result.IsDone, result.Error);
        Assert.Equal((7, 0), await TotalsAsync(anvil, reputation, "alice"));

        await anvil.MineAsync(3);
        await account.PumpAsync();
        Assert.Equal(ChainTransactionState.Confirmed, (await rig.Outbox.FindAsync(id))!.State);
    }

    [Fact]
    public async Task What_a_node_restored_from_older_data_has_lost_is_sent_again_though_it_was_final()
    {
        await using var anvil = await AnvilNode.StartAsync();
        await using var rig = await ChainRig.CreateAsync(postgres);
        var account = rig.Account(anvil.Url, o => o.Confirmations = 1);
        var (_, reputation) = await rig.DeployAsync(account);
        var snapshot = await anvil.CallAsync("evm_snapshot");
        var id = await ChainRig.SubmitAsync(account, "register", reputation, ChainRig.AddUser("alice", 7));
        await rig.DecideAsync(account, id);
        await account.PumpAsync();
        Assert.Equal(ChainTransactionState.Confirmed, (await rig.Outbox.FindAsync(id))!.State);

        await anvil.CallAsync("evm_revert", snapshot!.DeepClone());
        Assert.Equal((0, 0), await TotalsAsync(anvil, reputation, "alice"));
        var restarted = rig.Account(anvil.Url, o => o.Confirmations = 1);
        for (var i = 0; i < 5; i++) await restarted.PumpAsync();
        Assert.Equal((7, 0), await TotalsAsync(anvil, reputation, "alice"));
        Assert.True((await rig.Outbox.FindAsync(id))!.IsDone);
    }

    [Theory]
    [InlineData("silent")]
    [InlineData("error")]
    [InlineData("garbage")]
    public async Task A_node_that_fails_now_and_then_only_costs_time(string fault)
    {
        await using var anvil = await AnvilNode.StartAsync();
        await using var rig = await ChainRig.CreateAsync(postgres);
        var (_, reputation) = await rig.DeployAsync(rig.Account(anvil.Url));
        var random = new Random(1);
        await using var proxy = new RpcProxy(anvil.Url)
        {
            Behaviour = async (_, _, forward) => Chance(random) ? await forward() : fault switch
            {
                "silent" => null,
                "error" => RpcProxy.Error(-32005, "limit exceeded"),
                _ => RpcProxy.Result(new JsonObject { ["what"] = "is this" }),
            },
        };
        var account = rig.Account(proxy.Url, o => o.RpcTimeoutSeconds = 1);
        var ids = new List<Guid>();
        for (var i = 0; i < 5; i++)
        {
            var id = Guid.NewGuid();
            Assert.Null(await account.SubmitAsync(new ChainSubmission(id, "register", "", reputation.ToString(), ChainRig.AddUser($"user{i}", 1))));
            ids.Add(id);
        }
        foreach (var id in ids) Assert.True((await rig.DecideAsync(account, id, 90)).IsDone);
        Assert.True((await anvil.Rpc.TransactionCountAsync(account.Address, pending: true)).TryGet(out var count, out _));
        Assert.Equal(7ul, count);
    }

    [Fact]
    public async Task Without_funds_the_transaction_waits_and_says_so()
    {
        await using var anvil = await AnvilNode.StartAsync();
        await using var rig = await ChainRig.CreateAsync(postgres);
        var (factory, _) = await rig.DeployAsync(rig.Account(anvil.Url));
        var poor = rig.Account(anvil.Url, o => o.PrivateKey = "0x" + new string('1', 64));
        var id = await ChainRig.SubmitAsync(poor, "init", factory, ReputationAbi.CreateReputation.EncodeCall(EthereumAddress.Zero, Array.Empty<byte>()));
        for (var i = 0; i < 3; i++) await poor.PumpAsync();
        var waiting = (await rig.Outbox.FindAsync(id))!;
        Assert.False(waiting.IsDecided);
        Assert.Contains("funds", waiting.Error, StringComparison.OrdinalIgnoreCase);
        await anvil.CallAsync("anvil_setBalance", poor.Address.ToString(), "0xde0b6b3a7640000");
        Assert.True((await rig.DecideAsync(poor, id)).IsDone);
    }

    private static bool Chance(Random random)
    {
        lock (random) return random.Next(6) != 0;
    }

    private static EthereumAddress EthereumAddressOfFirstKey =>
        EthereumPrivateKey.TryParse(AnvilNode.FirstKey, out var key) ? key.Address : throw new InvalidOperationException();

    private static async Task<(int Uploaded, int Downloaded)> TotalsAsync(AnvilNode anvil, EthereumAddress reputation, string user)
    {
        var result = await anvil.Rpc.CallAsync(null, reputation, ReputationAbi.GetUserData.EncodeCall(user));
        Assert.True(result.TryGet(out var data, out var error), error?.Text);
        Assert.True(ReputationAbi.GetUserData.TryDecodeResult(data, out var values), Convert.ToHexString(data));
        var tuple = (object[])values[0];
        return (int.Parse(tuple[4].ToString()!, CultureInfo.InvariantCulture), int.Parse(tuple[3].ToString()!, CultureInfo.InvariantCulture));
    }
}
