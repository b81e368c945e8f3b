using System.Diagnostics;
using System.Numerics;
using System.Text.Json.Nodes;
using Npgsql;
using Pbts.GrainInterfaces.Chain;
using Pbts.Grains.Chain.Contracts;
using Pbts.Grains.Chain.Migrations;
using Pbts.Grains.Chain.Outbox;
using Pbts.Protocol;
using Pbts.Protocol.Ethereum;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Chain;

/// <summary>Migrations against a real node, stopped and restarted where it hurts.</summary>
public sealed class MigrationTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    [Fact]
    public async Task Everybody_moves_once_and_the_predecessor_retires()
    {
        await using var anvil = await AnvilNode.StartAsync();
        await using var rig = await ChainRig.CreateAsync(postgres);
        var account = rig.Account(anvil.Url, o => o.MaxInFlight = 200);
        var (factory, old) = await rig.DeployAsync(account);
        await AddUsersAsync(rig, account, old, 25);

        var (store, runner) = Runner(rig, account, anvil, factory);
        var id = await StartAsync(store, old, null, batchSize: 10, retire: true);
        var view = await RunAsync(rig, account, store, runner, id);

        Assert.Equal((MigrationState.Completed, 25, 25, 0), (view.State, view.Total, view.Migrated, view.FailedCount));
        Assert.Null(view.Problem);
        Assert.True(view.GasUsed > 25 * 5_000);
        Assert.True(EthereumAddress.TryParse(view.ReputationAddress, out var contract));
        Assert.Equal(contract, await rig.Contracts.ReadActiveAsync());
        for (var i = 0; i < 25; i++) Assert.Equal(i, (int)(await anvil.UserAsync(contract, $"user{i}"))!.Uploaded);
        Assert.True((await anvil.Rpc.CallAsync(null, old, ReputationV2Abi.Retired.EncodeCall())).TryGet(out var data, out _));
        Assert.True(ReputationV2Abi.Retired.TryDecodeResult(data, out var retired));
        Assert.Equal(true, retired[0]);
        Assert.Equal(3, await rig.CountAsync("SELECT count(*) FROM chain_outbox WHERE kind = 'migration-batch'"));

        // Running it again, as a new migration over the same contracts, sends nothing.
        await rig.Contracts.ActivateAsync(contract, old);
        var again = await StartAsync(store, old, null, batchSize: 10, retire: false);
        view = await RunAsync(rig, account, store, runner, again);
        Assert.Equal((MigrationState.Completed, 25, 25), (view.State, view.Total, view.Migrated));
        Assert.Equal(contract.ToString(), view.ReputationAddress);
        Assert.Equal(3, await rig.CountAsync("SELECT count(*) FROM chain_outbox WHERE kind = 'migration-batch'"));
    }

    [Fact]
    public async Task A_crash_after_every_step_moves_nobody_twice()
    {
        await using var anvil = await AnvilNode.StartAsync();
        await using var rig = await ChainRig.CreateAsync(postgres);
        var (factory, old) = await rig.DeployAsync(rig.Account(anvil.Url));
        await AddUsersAsync(rig, rig.Account(anvil.Url), old, 12);
        var (store, _) = Runner(rig, rig.Account(anvil.Url), anvil, factory);
        var id = await StartAsync(store, old, null, batchSize: 3, retire: false);
        var crashes = 0;
        for (var waited = Stopwatch.StartNew(); !(await store.ViewAsync(id))!.IsFinished; crashes++)
        {
            Assert.True(waited.Elapsed < TimeSpan.FromSeconds(90), (await store.ViewAsync(id))!.ToString());
            // Everything in memory is new each time; every second one dies between noting a batch and handing it in.
            var account = rig.Account(anvil.Url);
            var (_, runner) = Runner(rig, account, anvil, factory, dies: crashes % 2 == 1);
            try
            {
                await runner.StepAsync(id);
            }
            catch (InvalidOperationException e) when (e.Message == "crash")
            {
            }
            await account.PumpAsync();
        }
        var view = (await store.ViewAsync(id))!;
        Assert.Equal((MigrationState.Completed, 12, 12, 0), (view.State, view.Total, view.Migrated, view.FailedCount));
        Assert.True(crashes > 10);
        Assert.Equal(1, await rig.CountAsync("SELECT count(*) FROM chain_outbox WHERE kind = 'migration-deploy'"));
        Assert.Equal(4, await rig.CountAsync("SELECT count(*) FROM chain_outbox WHERE kind = 'migration-batch'"));
        Assert.True(EthereumAddress.TryParse(view.ReputationAddress, out var contract));
        Assert.True((await anvil.Rpc.LogsAsync(contract, ReputationV2Abi.UserMigrated.Topic, 0, 100_000)).TryGet(out var logs, out _));
        Assert.Equal(12, logs.Length);
    }

    [Fact]
    public async Task Two_runners_at_once_move_nobody_twice()
    {
        await using var anvil = await AnvilNode.StartAsync();
        await using var rig = await ChainRig.CreateAsync(postgres);
        var account = rig.Account(anvil.Url);
        var (factory, old) = await rig.DeployAsync(account);
        await AddUsersAsync(rig, account, old, 20);
        var (store, first) = Runner(rig, account, anvil, factory);
        var (_, second) = Runner(rig, rig.Account(anvil.Url), anvil, factory);
        var id = await StartAsync(store, old, null, batchSize: 4, retire: false);
        for (var waited = Stopwatch.StartNew(); !(await store.ViewAsync(id))!.IsFinished;)
        {
            Assert.True(waited.Elapsed < TimeSpan.FromSeconds(90), (await store.ViewAsync(id))!.ToString());
            await Task.WhenAll(first.StepAsync(id), second.StepAsync(id), account.PumpAsync());
        }
        var view = (await store.ViewAsync(id))!;
        Assert.Equal((MigrationState.Completed, 20, 20, 0), (view.State, view.Total, view.Migrated, view.FailedCount));
        Assert.True(EthereumAddress.TryParse(view.ReputationAddress, out var contract));
        Assert.True((await anvil.Rpc.LogsAsync(contract, ReputationV2Abi.UserMigrated.Topic, 0, 100_000)).TryGet(out var logs, out _));
        Assert.Equal(20, logs.Length);
    }

    [Fact]
    public async Task A_batch_that_reverts_is_halved_until_the_bad_user_is_named()
    {
        await using var anvil = await AnvilNode.StartAsync();
        await using var rig = await ChainRig.CreateAsync(postgres);
        var honest = rig.Account(anvil.Url);
        var (factory, old) = await rig.DeployAsync(honest);
        await AddUsersAsync(rig, honest, old, 8);
        // The node reverts whatever carries user5.
        var mark = Convert.ToHexStringLower("user5"u8);
        await using var proxy = new RpcProxy(anvil.Url)
        {
            Behaviour = async (method, request, forward) =>
                method == "eth_estimateGas" && ((string)request["params"]![0]!["data"]!).Contains(mark, StringComparison.Ordinal)
                    ? RpcProxy.Error(3, "execution reverted: bad user") : await forward(),
        };
        var account = rig.Account(proxy.Url);
        var (store, runner) = Runner(rig, account, anvil, factory);
        var id = await StartAsync(store, old, null, batchSize: 8, retire: false);
        var view = await RunAsync(rig, account, store, runner, id);
        Assert.Equal((MigrationState.Completed, 8, 7, 1), (view.State, view.Total, view.Migrated, view.FailedCount));
        var failure = Assert.Single(view.Failed);
        Assert.Equal("user5", failure.Username);
        Assert.Contains("bad user", failure.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_first_generation_contract_without_events_gives_up_the_members_we_know()
    {
        await using var anvil = await AnvilNode.StartAsync();
        await using var rig = await ChainRig.CreateAsync(postgres);
        var account = rig.Account(anvil.Url);
        var (factory, _) = await rig.DeployAsync(account);
        var constructor = ChainRig.Encode("address creator, address referrer", account.Address, EthereumAddress.Zero);
        var deployed = await rig.DecideAsync(account, await ChainRig.SubmitAsync(account, "deploy", null, [.. ChainRig.Artifact("test/LegacyReputation", ""), .. constructor]));
        Assert.True(EthereumAddress.TryParse(deployed.ContractAddress, out var legacy), deployed.Error);
        await AddUsersAsync(rig, account, legacy, 3);
        await using (var insert = rig.Database.CreateCommand(
            "INSERT INTO users (user_id, public_key, passkey, registered_at) SELECT name, '', md5(name), now() FROM unnest(ARRAY['user0', 'user1', 'stranger']) AS name"))
        {
            await insert.ExecuteNonQueryAsync();
        }
        var (store, runner) = Runner(rig, account, anvil, factory);
        var id = await StartAsync(store, legacy, null, batchSize: 50, retire: true);
        var view = await RunAsync(rig, account, store, runner, id);
        Assert.Equal((MigrationState.Completed, 2, 2, 0), (view.State, view.Total, view.Migrated, view.FailedCount));
        Assert.Equal("The referrer is of a kind that cannot be retired.", view.Problem);
    }

    [Theory]
    [InlineData(0)] // returns no data
    [InlineData(1)] // reverts
    [InlineData(2)] // a record cut short
    [InlineData(3)] // wild offset
    [InlineData(4)] // wild length
    [InlineData(5)] // somebody else's record
    [InlineData(6)] // a flag where a record is expected
    [InlineData(7)] // burns all gas
    [InlineData(8)] // returns 2 MB
    [InlineData(10)] // record over the limits
    public async Task A_hostile_referrer_stops_nothing(int mode)
    {
        await using var anvil = await AnvilNode.StartAsync();
        await using var rig = await ChainRig.CreateAsync(postgres);
        var account = rig.Account(anvil.Url);
        var (factory, honest) = await rig.DeployAsync(account);
        await AddUsersAsync(rig, account, honest, 3);
        var hostile = await HostileAsync(rig, account, mode, honest);
        var (store, runner) = Runner(rig, account, anvil, factory);
        var id = await StartAsync(store, hostile, null, batchSize: 3, retire: false);
        var view = await RunAsync(rig, account, store, runner, id);
        Assert.Equal(MigrationState.Completed, view.State);
        Assert.Equal(3, view.Total);
        // What lies behind the hostile contract is reached, unless that claims to have the users itself.
        Assert.Equal(mode == 10 ? (0, 3) : (3, 0), (view.Migrated, view.FailedCount));
        Assert.All(view.Failed, failure => Assert.Equal("Size is too large", failure.Reason));
    }

    [Fact]
    public async Task Rings_of_referrers_and_endless_chains_stop_nothing()
    {
        await using var anvil = await AnvilNode.StartAsync();
        await using var rig = await ChainRig.CreateAsync(postgres);
        var account = rig.Account(anvil.Url);
        var (factory, honest) = await rig.DeployAsync(account);
        await AddUsersAsync(rig, account, honest, 3);
        // Behind the new contract stand one that names itself, then a ring of three, then 63 and 64 between it and the users.
        var selfish = await HostileAsync(rig, account, 0, EthereumAddress.Zero);
        await RedirectAsync(rig, account, selfish, selfish);
        Assert.Equal((0, 0), await OutcomeAsync(selfish));
        var last = await HostileAsync(rig, account, 0, EthereumAddress.Zero);
        var first = await HostileAsync(rig, account, 0, await HostileAsync(rig, account, 0, last));
        await RedirectAsync(rig, account, last, first);
        Assert.Equal((0, 0), await OutcomeAsync(first));
        var far = honest;
        for (var i = 0; i < 63; i++) far = await HostileAsync(rig, account, 0, far);
        Assert.Equal((3, 0), await OutcomeAsync(far));
        Assert.Equal((0, 0), await OutcomeAsync(await HostileAsync(rig, account, 0, far)));

        // Looking at the chain of the active contract ends, too.
        var links = new List<EthereumAddress>();
        await foreach (var link in new ReputationReader(anvil.Rpc).ChainAsync(first))
        {
            Assert.True(link.TryGet(out var address, out var error), error?.Text);
            links.Add(address);
        }
        Assert.Equal(3, links.Distinct().Count());
        Assert.Equal(3, links.Count);

        async Task<(int Migrated, int Failed)> OutcomeAsync(EthereumAddress referrer)
        {
            var (store, runner) = Runner(rig, account, anvil, factory);
            var view = await RunAsync(rig, account, store, runner, await StartAsync(store, referrer, null, batchSize: 3, retire: false));
            Assert.Equal(MigrationState.Completed, view.State);
            return (view.Migrated, view.FailedCount);
        }
    }

    [Fact]
    public async Task Listed_users_move_and_unknown_ones_are_reported()
    {
        await using var anvil = await AnvilNode.StartAsync();
        await using var rig = await ChainRig.CreateAsync(postgres);
        var account = rig.Account(anvil.Url);
        var (factory, old) = await rig.DeployAsync(account);
        await AddUsersAsync(rig, account, old, 3);
        var (store, runner) = Runner(rig, account, anvil, factory);
        var id = await StartAsync(store, old, ["user1", "nobody"], batchSize: 10, retire: false);
        Assert.False(await store.AddAsync(Guid.NewGuid(), old, new MigrationRequest(old.ToString(), null, 10, false), MigrationPlan.ByRecords));
        var view = await RunAsync(rig, account, store, runner, id);
        Assert.Equal((MigrationState.Completed, 2, 1), (view.State, view.Total, view.Migrated));
        Assert.Equal(new MigrationFailure("nobody", "User does not exist"), Assert.Single(view.Failed));
    }

    [Fact]
    public async Task A_paused_migration_sends_nothing_and_a_cancelled_one_ends()
    {
        await using var anvil = await AnvilNode.StartAsync();
        await using var rig = await ChainRig.CreateAsync(postgres);
        var account = rig.Account(anvil.Url);
        var (factory, old) = await rig.DeployAsync(account);
        var (store, runner) = Runner(rig, account, anvil, factory);
        var id = await StartAsync(store, old, ["user1"], batchSize: 10, retire: false);
        Assert.True(await store.ChangeStateAsync(id, MigrationState.Paused, MigrationState.Pending, MigrationState.Running));
        var before = await rig.CountAsync("SELECT count(*) FROM chain_outbox");
        Assert.False(await runner.StepAsync(id));
        Assert.Equal(before, await rig.CountAsync("SELECT count(*) FROM chain_outbox"));
        Assert.True(await store.ChangeStateAsync(id, MigrationState.Cancelled, MigrationState.Paused));
        Assert.False(await store.ChangeStateAsync(id, MigrationState.Running, MigrationState.Paused));
        Assert.Equal(old, await rig.Contracts.ReadActiveAsync());
    }

    [Fact]
    public async Task Events_are_read_from_the_contracts_first_block_in_ranges_the_node_puts_up_with()
    {
        await using var anvil = await AnvilNode.StartAsync();
        await using var rig = await ChainRig.CreateAsync(postgres);
        var account = rig.Account(anvil.Url);
        await anvil.MineAsync(500);
        var (factory, old) = await rig.DeployAsync(account);
        await AddUsersAsync(rig, account, old, 4);
        await anvil.MineAsync(300);
        await AddUsersAsync(rig, account, old, 5);
        var ranges = new List<(long From, long To)>();
        await using var proxy = new RpcProxy(anvil.Url)
        {
            Behaviour = async (method, request, forward) =>
            {
                if (method != "eth_getLogs") return await forward();
                var filter = request["params"]![0]!;
                var range = (From: Convert.ToInt64((string)filter["fromBlock"]!, 16), To: Convert.ToInt64((string)filter["toBlock"]!, 16));
                if (range.To - range.From >= 60) return RpcProxy.Error(-32005, "query returned more than 10000 results");
                ranges.Add(range);
                return await forward();
            },
        };
        var (store, runner) = Runner(rig, account, anvil, factory, rpc: rig.Connect(proxy.Url).Rpc);
        var id = await StartAsync(store, old, null, batchSize: 10, retire: false);
        var view = await RunAsync(rig, account, store, runner, id);
        Assert.Equal((MigrationState.Completed, 5, 5, 0), (view.State, view.Total, view.Migrated, view.FailedCount));
        Assert.InRange(ranges.Min(range => range.From), 501, 503);
        Assert.InRange(ranges.Count, 2 * 300 / 60, 40);
    }

    [Fact]
    public async Task An_overloaded_node_loses_nobody()
    {
        await using var anvil = await AnvilNode.StartAsync();
        await using var rig = await ChainRig.CreateAsync(postgres);
        var account = rig.Account(anvil.Url);
        var (factory, old) = await rig.DeployAsync(account);
        await AddUsersAsync(rig, account, old, 20);
        var calls = 0;
        await using var proxy = new RpcProxy(anvil.Url)
        {
            Behaviour = async (_, _, forward) => Interlocked.Increment(ref calls) % 5 == 0 ? RpcProxy.Error(-32005, "limit exceeded") : await forward(),
        };
        var (store, runner) = Runner(rig, account, anvil, factory, rpc: rig.Connect(proxy.Url).Rpc);
        var id = await StartAsync(store, old, null, batchSize: 2, retire: true);
        var view = await RunAsync(rig, account, store, runner, id);
        Assert.Equal((MigrationState.Completed, 20, 20, 0), (view.State, view.Total, view.Migrated, view.FailedCount));
        Assert.Null(view.Problem);
        Assert.True(calls > 50);
    }

    [Fact]
    public async Task Users_of_a_batch_that_a_reorganisation_took_out_are_not_counted_until_it_is_mined_again()
    {
        await using var anvil = await AnvilNode.StartAsync();
        await using var rig = await ChainRig.CreateAsync(postgres);
        var account = rig.Account(anvil.Url);
        var (factory, old) = await rig.DeployAsync(account);
        await AddUsersAsync(rig, account, old, 20);
        var (store, runner) = Runner(rig, account, anvil, factory);
        var id = await StartAsync(store, old, null, batchSize: 5, retire: false);
        JsonNode? snapshot = null;
        for (MigrationView view; (view = (await store.ViewAsync(id))!).Migrated < 10; await account.PumpAsync())
        {
            if (view.Phase == MigrationPhase.Migrate) snapshot ??= await anvil.CallAsync("evm_snapshot");
            await runner.StepAsync(id);
        }
        var before = (await store.ViewAsync(id))!;
        Assert.True(EthereumAddress.TryParse(before.ReputationAddress, out var contract));

        await anvil.CallAsync("evm_revert", snapshot!.DeepClone());
        await anvil.CallAsync("evm_setAutomine", false);
        await account.PumpAsync();
        await runner.StepAsync(id);
        Assert.Equal((0, 0), ((await store.ViewAsync(id))!.Migrated, await MovedAsync(anvil, contract)));

        await anvil.CallAsync("evm_setAutomine", true);
        await anvil.MineAsync();
        var final = await RunAsync(rig, account, store, runner, id);
        Assert.Equal((MigrationState.Completed, 20, 20, 0), (final.State, final.Total, final.Migrated, final.FailedCount));
        Assert.Equal(20, await MovedAsync(anvil, contract));
    }

    [Fact]
    public async Task Numbers_and_names_of_a_view_are_of_one_moment()
    {
        await using var rig = await ChainRig.CreateAsync(postgres);
        var store = new MigrationStore(rig.Database);
        string[] users = [.. Enumerable.Range(0, 20).Select(i => $"user{i}")];
        var id = await StartAsync(store, EthereumAddress.Zero, users, batchSize: 1, retire: false);
        var turning = Task.Run(async () =>
        {
            for (var i = 0; i < 300; i++) await store.MarkAsync(id, users[..(i % 20)], i % 2 == 0 ? MigrationUserState.Failed : MigrationUserState.Pending, "because");
        });
        for (var seen = 0; !turning.IsCompleted || seen == 0; seen++)
        {
            var view = (await store.ViewAsync(id))!;
            Assert.Equal(view.FailedCount, view.Failed.Count);
        }
        await turning;
    }

    private static async Task<EthereumAddress> HostileAsync(ChainRig rig, ChainAccount account, int mode, EthereumAddress next)
    {
        var constructor = ChainRig.Encode("uint256 mode, address next", (BigInteger)mode, next);
        var deployed = await rig.DecideAsync(account, await ChainRig.SubmitAsync(account, "deploy", null, [.. ChainRig.Artifact("test/HostileReferrer", ""), .. constructor]));
        return EthereumAddress.TryParse(deployed.ContractAddress, out var hostile) ? hostile : throw new InvalidOperationException(deployed.Error);
    }

    private static async Task RedirectAsync(ChainRig rig, ChainAccount account, EthereumAddress hostile, EthereumAddress next)
    {
        var call = new AbiFunction("function setReferrer(address next)").EncodeCall(next);
        Assert.True((await rig.DecideAsync(account, await ChainRig.SubmitAsync(account, "test", hostile, call))).IsDone);
    }

    private static async Task<int> MovedAsync(AnvilNode anvil, EthereumAddress contract)
    {
        Assert.True((await anvil.Rpc.LogsAsync(contract, ReputationV2Abi.UserMigrated.Topic, 0, 100_000)).TryGet(out var logs, out var error), error?.Text);
        return logs.Length;
    }

    private static async Task AddUsersAsync(ChainRig rig, ChainAccount account, EthereumAddress contract, int count)
    {
        var ids = new List<Guid>();
        for (var i = 0; i < count; i++) ids.Add(await ChainRig.SubmitAsync(account, "test", contract, ChainRig.AddUser($"user{i}", (ulong)i)));
        foreach (var id in ids) Assert.True((await rig.DecideAsync(account, id, 60)).IsDone);
    }

    private static (MigrationStore Store, MigrationRunner Runner) Runner(ChainRig rig, ChainAccount account, AnvilNode anvil, EthereumAddress factory, bool dies = false, EthereumRpcClient? rpc = null)
    {
        var store = new MigrationStore(rig.Database);
        rpc ??= anvil.Rpc;
        var (reader, submitter) = (new ReputationReader(rpc), new Submitter(account, dies));
        return (store, new MigrationRunner(rpc, reader, account.Address, factory, 2000, store, rig.Outbox, rig.Contracts, submitter, MigrationRig.Anchors(rig, rpc, account.Address, submitter)));
    }

    private static async Task<Guid> StartAsync(MigrationStore store, EthereumAddress referrer, IReadOnlyList<string>? users, int batchSize, bool retire)
    {
        var id = Guid.NewGuid();
        Assert.True(await store.AddAsync(id, referrer, new MigrationRequest(referrer.ToString(), users, batchSize, retire), MigrationPlan.ByRecords));
        return id;
    }

    private static async Task<MigrationView> RunAsync(ChainRig rig, ChainAccount account, MigrationStore store, MigrationRunner runner, Guid id)
    {
        for (var waited = Stopwatch.StartNew(); ;)
        {
            while (await runner.StepAsync(id))
            {
            }
            await account.PumpAsync();
            var view = (await store.ViewAsync(id))!;
            if (view.IsFinished) return view;
            Assert.True(waited.Elapsed < TimeSpan.FromSeconds(90), view.ToString());
        }
    }

    /// <summary>Hands in to the account at once, or dies on the way.</summary>
    private sealed class Submitter(ChainAccount account, bool dies) : IChainSubmitter
    {
        public Task<Problem?> SubmitAsync(ChainSubmission submission) =>
            dies ? throw new InvalidOperationException("crash") : account.SubmitAsync(submission);

        public Task ResumeAsync() => Task.CompletedTask;
    }
}
