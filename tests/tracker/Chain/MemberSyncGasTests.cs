using Npgsql;
using Pbts.Grains.Chain.Outbox;
using Pbts.Grains.Chain.Sync;
using Pbts.Protocol.Ethereum;
using Pbts.Tracker.Tests.Support;
using static Pbts.Tracker.Tests.Chain.MemberSyncTests;

namespace Pbts.Tracker.Tests.Chain;

/// <summary>Who may cost the operator gas, and how much of it.</summary>
public sealed class MemberSyncGasTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    private const long Least = 1_000_000;

    [Fact]
    public async Task Forty_made_up_accounts_cost_nothing_and_honest_members_are_added_in_one_batch()
    {
        await using var anvil = await AnvilNode.StartAsync();
        await using var rig = await ChainRig.CreateAsync(postgres);
        var account = rig.Account(anvil.Url);
        var (_, contract) = await rig.DeployAsync(account);
        var standing = new MemberStanding(rig.Database);
        await ExecuteAsync(rig, "CREATE TABLE receipts_of_this_test PARTITION OF receipts FOR VALUES FROM (0) TO (1)");
        for (var i = 0; i < 3; i++) await AddMemberAsync(rig, $"founder{i}", Key(i), 1000, 1000);
        for (var i = 0; i < 5; i++) await AddMemberAsync(rig, $"honest{i}", Key(100 + i), 3000, 0);
        for (var i = 0; i < 40; i++) await AddMemberAsync(rig, $"made-up{i}", Key(200 + i), 100_000, 100_000);
        await AddMemberAsync(rig, "thin", Key(300), 3000, 0);
        for (var i = 0; i < 3; i++) Assert.True(await standing.ApproveAsync($"founder{i}"));
        await ExecuteAsync(rig, """
            INSERT INTO receipts (epoch, id, sender, receiver, info_hash, piece_index, bytes)
            SELECT 0, sha256(convert_to(s.user_id || r.user_id || half, 'UTF8')), s.id, r.id, '', half, 500 FROM users s, users r, generate_series(1, 2) AS half
            WHERE s.id <> r.id AND ((s.user_id LIKE 'honest%' AND r.user_id LIKE 'founder%')
                -- Each made-up account has receipts of all the others, and of two founders whom it served.
                OR (s.user_id LIKE 'made-up%' AND (r.user_id LIKE 'made-up%' OR r.user_id IN ('founder0', 'founder1')))
                -- One piece more or less: the third founder signed for too little.
                OR (s.user_id = 'thin' AND r.user_id LIKE 'founder%' AND (r.user_id <> 'founder2' OR half = 1)))
            """);
        var sync = Sync(rig, account, anvil, 1000, o => o.SyncMinReceivers = 3);

        await RoundAsync(rig, sync, account);
        Assert.Equal(1, await SentAsync(rig));
        Assert.Equal(8, await AddedAsync(anvil, contract));
        for (var i = 0; i < 5; i++)
        {
            var honest = (await anvil.UserAsync(contract, $"honest{i}"))!;
            Assert.Equal((3000, 0), ((int)honest.Uploaded, (int)honest.Downloaded));
            Assert.Equal(Key(100 + i), honest.PublicKey);
        }
        Assert.Equal(41, (await new SyncBudget(rig.Database).ReadAsync()).Waiting);

        // Those who have come in count for others, in their turn.
        await AddMemberAsync(rig, "later", Key(301), 3000, 0);
        await ExecuteAsync(rig, """
            INSERT INTO receipts (epoch, id, sender, receiver, info_hash, piece_index, bytes)
            SELECT 0, sha256(convert_to(s.user_id || r.user_id, 'UTF8')), s.id, r.id, '', 1, 1000 FROM users s, users r
            WHERE s.user_id = 'later' AND r.user_id IN ('honest0', 'honest1')
            """);
        // By voucher, of which so much is credited, as well as by receipt.
        await ExecuteAsync(rig, """
            INSERT INTO voucher_sessions (sender, receiver, bytes, credited, opened, signed_at, id, info_hash, sender_key, receiver_key, session, signature)
            SELECT s.id, r.id, 5000, 1000, 1, 2, sha256('one'), decode(repeat('00', 20), 'hex'), s.key, r.key, decode(repeat('00', 16), 'hex'), decode(repeat('00', 96), 'hex')
            FROM users s, users r WHERE s.user_id = 'later' AND r.user_id = 'honest2'
            """);
        // The operator's word is enough for one, and taken back it is none.
        Assert.True(await standing.ApproveAsync("made-up7"));
        Assert.True(await standing.ApproveAsync("made-up8"));
        Assert.True(await standing.RevokeAsync("made-up8"));
        await RoundAsync(rig, sync, account);
        Assert.Equal(10, await AddedAsync(anvil, contract));
        Assert.NotNull(await anvil.UserAsync(contract, "later"));
        Assert.NotNull(await anvil.UserAsync(contract, "made-up7"));
        Assert.False(await standing.ApproveAsync("nobody"));
    }

    [Fact]
    public async Task The_gas_budget_holds_over_processes_and_restarts_and_what_is_left_follows_when_it_refills()
    {
        await using var anvil = await AnvilNode.StartAsync();
        await using var rig = await ChainRig.CreateAsync(postgres);
        var account = rig.Account(anvil.Url);
        var (_, contract) = await rig.DeployAsync(account);
        for (var i = 0; i < 60; i++) await AddMemberAsync(rig, $"member{i}", Key(i), 1000, 1000);
        var budget = new SyncBudget(rig.Database);

        for (var restart = 0; restart < 6; restart++)
        {
            // Two processes at a time, all of them new; the budget is no larger than that of one.
            MemberSync[] processes = [Limited(rig, account, anvil), Limited(rig, account, anvil)];
            foreach (var process in processes) Assert.Null(await process.ImportAsync());
            foreach (var process in processes) Assert.Contains("Chain:SyncGasPerDay", (await process.ExportAsync())?.Text, StringComparison.Ordinal);
            await MinedAsync(rig, account);
            Assert.InRange(await rig.CountAsync("SELECT sum(gas_used) FROM chain_outbox WHERE kind = 'sync'"), Least / 2, Least);
        }
        var first = await AddedAsync(anvil, contract);
        Assert.InRange(first, 5, 20);
        var state = await budget.ReadAsync();
        Assert.NotNull(state.PausedSince);
        Assert.InRange(state.GasUsed, Least / 2, Least);

        await ExecuteAsync(rig, "UPDATE chain_sync_gas SET at = at - interval '25 hours'");
        Assert.Contains("Chain:SyncGasPerDay", (await Limited(rig, account, anvil).ExportAsync())?.Text, StringComparison.Ordinal);
        await MinedAsync(rig, account);
        Assert.InRange(await AddedAsync(anvil, contract), first + 5, first + 20);

        await RoundAsync(rig, Sync(rig, account, anvil, 1, o => o.SyncGasPerDay = 0), account);
        Assert.Equal(60, await AddedAsync(anvil, contract));
        Assert.Null((await budget.ReadAsync()).PausedSince);
    }

    [Fact]
    public async Task Gas_is_set_aside_once_however_many_ask_at_the_same_moment()
    {
        await using var rig = await ChainRig.CreateAsync(postgres);
        var budget = new SyncBudget(rig.Database);
        var granted = await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => budget.ReserveAsync(Guid.NewGuid(), 100_000, Least)));
        Assert.Equal(10, granted.Count(yes => yes));
        // What was never handed in is given back.
        var id = (Guid)(await rig.Database.CreateCommand("SELECT outbox_id FROM chain_sync_gas LIMIT 1").ExecuteScalarAsync())!;
        await budget.ReleaseAsync(id);
        Assert.True(await budget.ReserveAsync(Guid.NewGuid(), 100_000, Least));
        Assert.False(await budget.ReserveAsync(Guid.NewGuid(), 1, Least));
        Assert.True(await budget.ReserveAsync(Guid.NewGuid(), 1, 0));
    }

    [Fact]
    public async Task A_contract_without_batches_gets_its_members_one_by_one()
    {
        await using var anvil = await AnvilNode.StartAsync();
        await using var rig = await ChainRig.CreateAsync(postgres);
        // As contracts of version 2 are.
        await using var proxy = new RpcProxy(anvil.Url)
        {
            Behaviour = async (method, request, forward) =>
                method == "eth_call" && request["params"]![0]!["data"]!.ToString() == "0xffa1ad74" ? RpcProxy.Result("0x" + "2".PadLeft(64, '0')) : await forward(),
        };
        var account = rig.Account(proxy.Url);
        var (_, contract) = await rig.DeployAsync(account);
        for (var i = 0; i < 3; i++) await AddMemberAsync(rig, $"member{i}", Key(i), 1000, 1000);
        await RoundAsync(rig, Sync(rig, account, anvil, 1, rpc: rig.Connect(proxy.Url).Rpc), account);
        Assert.Equal(3, await SentAsync(rig));
        Assert.Equal(3, await AddedAsync(anvil, contract));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_record_without_the_members_key_is_written_only_when_the_operator_has_linked_it(bool keyed)
    {
        await using var anvil = await AnvilNode.StartAsync();
        await using var rig = await ChainRig.CreateAsync(postgres);
        var account = rig.Account(anvil.Url);
        var (factory, old) = await rig.DeployAsync(account);
        foreach (var name in (string[])["alice", "moved"])
        {
            if (keyed) await AddOnChainAsync(rig, account, old, name, Key(name.Length), 70, 30);
            else Assert.True((await rig.DecideAsync(account, await ChainRig.SubmitAsync(account, "test", old, ChainRig.AddUser(name, 70, 30)))).IsDone);
        }
        // One is held by the active contract, the other only by its referrer.
        var contract = await rig.CreateReputationAsync(account, factory, old);
        Assert.True((await rig.DecideAsync(account, await ChainRig.SubmitAsync(account, "test", contract, ReputationAbi.MigrateUserData.EncodeCall("alice")))).IsDone);
        await AddMemberAsync(rig, "alice", Key(1), 5000, 4000);
        await AddMemberAsync(rig, "moved", Key(2), 5000, 4000);
        var sync = Sync(rig, account, anvil, 1);
        for (var round = 0; round < 3; round++) await RoundAsync(rig, sync, account);
        Assert.Equal(0, await SentAsync(rig));
        Assert.Null(await anvil.UserAsync(contract, "moved"));

        var standing = new MemberStanding(rig.Database);
        Assert.True(await standing.LinkAsync("alice"));
        Assert.True(await standing.LinkAsync("moved"));
        for (var round = 0; round < 4; round++) await RoundAsync(rig, sync, account);
        foreach (var (name, key) in ((string, byte[])[])[("alice", Key(1)), ("moved", Key(2))])
        {
            var user = (await anvil.UserAsync(contract, name))!;
            Assert.Equal((5000, 4000), ((int)user.Uploaded, (int)user.Downloaded));
            Assert.Equal(key, user.PublicKey);
            Assert.Equal((5000, 4000), await LedgerAsync(rig, name));
        }
    }

    [Fact]
    public async Task A_record_with_a_key_that_the_member_has_replaced_is_still_the_members_on_the_next_contract()
    {
        await using var anvil = await AnvilNode.StartAsync();
        await using var rig = await ChainRig.CreateAsync(postgres);
        var account = rig.Account(anvil.Url);
        var (factory, old) = await rig.DeployAsync(account);
        await AddMemberAsync(rig, "alice", Key(1), 500, 400);
        var sync = Sync(rig, account, anvil, 1);
        await RoundAsync(rig, sync, account);
        Assert.Equal(500, (int)(await anvil.UserAsync(old, "alice"))!.Uploaded);
        await using (var rotate = rig.Database.CreateCommand("UPDATE users SET key = $1, uploaded = 600 WHERE user_id = 'alice'"))
        {
            rotate.Parameters.Add(new NpgsqlParameter { Value = Key(2) });
            await rotate.ExecuteNonQueryAsync();
        }
        var contract = await rig.CreateReputationAsync(account, factory, old);
        for (var round = 0; round < 4; round++) await RoundAsync(rig, sync, account);
        var alice = (await anvil.UserAsync(contract, "alice"))!;
        Assert.Equal(600, (int)alice.Uploaded);
        Assert.Equal(Key(2), alice.PublicKey);
    }

    private static MemberSync Limited(ChainRig rig, ChainAccount account, AnvilNode anvil) => Sync(rig, account, anvil, 1, o => o.SyncGasPerDay = Least);

    private static async Task<int> AddedAsync(AnvilNode anvil, EthereumAddress contract)
    {
        Assert.True((await anvil.Rpc.LogsAsync(contract, ReputationV2Abi.UserAdded.Topic, 0, 100_000)).TryGet(out var logs, out var error), error?.Text);
        return logs.Length;
    }
}
