using System.Numerics;
using System.Security.Cryptography;
using Nethereum.Util;
using Npgsql;
using Pbts.GrainInterfaces.Chain;
using Pbts.Grains.Chain;
using Pbts.Grains.Chain.Contracts;
using Pbts.Grains.Chain.Migrations;
using Pbts.Grains.Chain.Outbox;
using Pbts.Grains.Chain.Sync;
using Pbts.Hosting.Configuration;
using Pbts.Protocol;
using Pbts.Protocol.Ethereum;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Chain;

/// <summary>Ledger and contract in step, with the real ledger tables and a real node.</summary>
public sealed class MemberSyncTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    private static readonly byte[] AliceKey = Key(1);

    [Fact]
    public async Task Totals_reach_the_contract_in_batches_and_only_when_they_have_changed()
    {
        await using var anvil = await AnvilNode.StartAsync();
        await using var rig = await ChainRig.CreateAsync(postgres);
        var account = rig.Account(anvil.Url, o => o.SyncThreshold = 100);
        var (_, contract) = await rig.DeployAsync(account);
        for (var i = 0; i < 5; i++) await AddMemberAsync(rig, $"member{i}", Key(i + 1), 1000 + i, 500);
        await AddMemberAsync(rig, "idle", Key(99), 0, 0);
        var sync = Sync(rig, account, anvil, 100);

        await RoundAsync(rig, sync, account);
        for (var i = 0; i < 5; i++)
        {
            var user = await anvil.UserAsync(contract, $"member{i}");
            Assert.Equal((1000 + i, 500), ((int)user!.Uploaded, (int)user.Downloaded));
            Assert.Equal(Key(i + 1), user.PublicKey);
        }
        Assert.Null(await anvil.UserAsync(contract, "idle"));
        var sent = await SentAsync(rig);

        await RoundAsync(rig, sync, account);
        Assert.Equal(sent, await SentAsync(rig));

        await ExecuteAsync(rig, "UPDATE users SET uploaded = uploaded + 50 WHERE user_id LIKE 'member%'");
        await RoundAsync(rig, sync, account);
        Assert.Equal(sent, await SentAsync(rig));

        await ExecuteAsync(rig, "UPDATE users SET uploaded = uploaded + 50 WHERE user_id IN ('member1', 'member2', 'member3')");
        await RoundAsync(rig, sync, account);
        Assert.Equal(sent + 1, await SentAsync(rig));
        Assert.Equal(1102, (int)(await anvil.UserAsync(contract, "member2"))!.Uploaded);
        Assert.Equal(1004, (int)(await anvil.UserAsync(contract, "member4"))!.Uploaded);
    }

    [Fact]
    public async Task A_member_with_the_key_brings_its_totals_along_once()
    {
        await using var anvil = await AnvilNode.StartAsync();
        await using var rig = await ChainRig.CreateAsync(postgres);
        var account = rig.Account(anvil.Url);
        var (factory, old) = await rig.DeployAsync(account);
        await AddOnChainAsync(rig, account, old, "alice", AliceKey, 7000, 3000);
        await AddOnChainAsync(rig, account, old, "bob", Key(2), 7000, 3000);
        var contract = await rig.CreateReputationAsync(account, factory, old);
        await AddMemberAsync(rig, "alice", AliceKey, 10, 20);
        // Bob's name, but another key; Carol's key is only claimed.
        await AddMemberAsync(rig, "bob", Key(3), 10, 20);
        var sync = Sync(rig, account, anvil, 1);

        await Task.WhenAll(sync.ImportAsync(), Sync(rig, account, anvil, 1).ImportAsync(), Sync(rig, account, anvil, 1).ImportAsync());
        Assert.Null(await sync.ImportAsync());
        Assert.Equal((7010, 3020), await LedgerAsync(rig, "alice"));
        Assert.Equal((10, 20), await LedgerAsync(rig, "bob"));

        await RoundAsync(rig, sync, account);
        await RoundAsync(rig, sync, account);
        var alice = await anvil.UserAsync(contract, "alice");
        Assert.Equal((7010, 3020), ((int)alice!.Uploaded, (int)alice.Downloaded));
        Assert.Null(await anvil.UserAsync(contract, "bob"));

        // The tracker moves on to a third contract: what it wrote itself is not brought in again.
        await rig.CreateReputationAsync(account, factory, contract);
        await RoundAsync(rig, sync, account);
        Assert.Equal((7010, 3020), await LedgerAsync(rig, "alice"));
    }

    [Fact]
    public async Task What_the_tracker_wrote_is_never_imported_after_a_change_of_contract()
    {
        await using var anvil = await AnvilNode.StartAsync();
        await using var rig = await ChainRig.CreateAsync(postgres);
        var account = rig.Account(anvil.Url);
        var (factory, old) = await rig.DeployAsync(account);
        await AddMemberAsync(rig, "alice", AliceKey, 500, 400);
        var sync = Sync(rig, account, anvil, 1);
        await RoundAsync(rig, sync, account);
        Assert.Equal(500, (int)(await anvil.UserAsync(old, "alice"))!.Uploaded);

        var contract = await rig.CreateReputationAsync(account, factory, old);
        await ExecuteAsync(rig, "UPDATE users SET uploaded = 600");
        await RoundAsync(rig, sync, account);
        await RoundAsync(rig, sync, account);
        Assert.Equal((600, 400), await LedgerAsync(rig, "alice"));
        Assert.Equal(600, (int)(await anvil.UserAsync(contract, "alice"))!.Uploaded);
    }

    [Fact]
    public async Task Totals_on_the_chain_are_not_lowered()
    {
        await using var anvil = await AnvilNode.StartAsync();
        await using var rig = await ChainRig.CreateAsync(postgres);
        var account = rig.Account(anvil.Url);
        var (_, contract) = await rig.DeployAsync(account);
        // A record without a key, as an operator makes with /contract/register: nobody's to bring in or to write, until the operator says whose.
        Assert.True((await rig.DecideAsync(account, await ChainRig.SubmitAsync(account, "test", contract, ChainRig.AddUser("alice", 9000, 100)))).IsDone);
        await AddMemberAsync(rig, "alice", AliceKey, 50, 300);
        var sync = Sync(rig, account, anvil, 1);
        await RoundAsync(rig, sync, account);
        Assert.Equal(0, await SentAsync(rig));
        Assert.True(await new MemberStanding(rig.Database).LinkAsync("alice"));
        for (var round = 0; round < 3; round++) await RoundAsync(rig, sync, account);
        var user = await anvil.UserAsync(contract, "alice");
        Assert.Equal((9000, 300), ((int)user!.Uploaded, (int)user.Downloaded));
        Assert.Equal((50, 300), await LedgerAsync(rig, "alice"));
    }

    [Fact]
    public async Task A_replaced_key_reaches_the_contract_and_a_stranger_of_the_same_name_does_not()
    {
        await using var anvil = await AnvilNode.StartAsync();
        await using var rig = await ChainRig.CreateAsync(postgres);
        var account = rig.Account(anvil.Url);
        var (_, contract) = await rig.DeployAsync(account);
        await AddOnChainAsync(rig, account, contract, "bob", Key(7), 70, 30);
        await AddMemberAsync(rig, "alice", AliceKey, 500, 400);
        await AddMemberAsync(rig, "bob", Key(8), 5000, 4000);
        var sync = Sync(rig, account, anvil, 1);
        await RoundAsync(rig, sync, account);
        await ExecuteAsync(rig, $"UPDATE users SET key = decode('{Convert.ToHexString(Key(9))}', 'hex'), uploaded = uploaded + 1 WHERE user_id = 'alice'");
        await ExecuteAsync(rig, "UPDATE users SET uploaded = uploaded + 1 WHERE user_id = 'bob'");
        await RoundAsync(rig, sync, account);
        await RoundAsync(rig, sync, account);
        var alice = (await anvil.UserAsync(contract, "alice"))!;
        Assert.Equal((501, 400), ((int)alice.Uploaded, (int)alice.Downloaded));
        Assert.Equal(Key(9), alice.PublicKey);
        var bob = (await anvil.UserAsync(contract, "bob"))!;
        Assert.Equal((70, 30), ((int)bob.Uploaded, (int)bob.Downloaded));
        Assert.Equal(Key(7), bob.PublicKey);
    }

    [Fact]
    public async Task Nothing_is_written_while_a_migration_is_under_way()
    {
        await using var anvil = await AnvilNode.StartAsync();
        await using var rig = await ChainRig.CreateAsync(postgres);
        var account = rig.Account(anvil.Url);
        var (_, contract) = await rig.DeployAsync(account);
        await AddMemberAsync(rig, "alice", AliceKey, 500, 400);
        var migrations = new MigrationStore(rig.Database);
        var id = Guid.NewGuid();
        Assert.True(await migrations.AddAsync(id, contract, new MigrationRequest(contract.ToString(), ["alice"], 1, false), MigrationPlan.ByRecords));
        var sync = Sync(rig, account, anvil, 1);
        await RoundAsync(rig, sync, account);
        Assert.Equal(0, await SentAsync(rig));
        Assert.True(await migrations.ChangeStateAsync(id, MigrationState.Cancelled, MigrationState.Pending));
        await RoundAsync(rig, sync, account);
        Assert.Equal(1, await SentAsync(rig));
    }

    [Fact]
    public async Task A_crash_between_noting_and_sending_is_made_good()
    {
        await using var anvil = await AnvilNode.StartAsync();
        await using var rig = await ChainRig.CreateAsync(postgres);
        var account = rig.Account(anvil.Url);
        var (_, contract) = await rig.DeployAsync(account);
        await AddMemberAsync(rig, "alice", AliceKey, 500, 400);
        var dying = Sync(rig, account.Address, anvil.Rpc, anvil.Url, new Submitter(null), 1, null);
        Assert.Null(await dying.ImportAsync());
        await Assert.ThrowsAsync<InvalidOperationException>(() => dying.ExportAsync());
        await RoundAsync(rig, Sync(rig, account, anvil, 1), account);
        Assert.Equal(500, (int)(await anvil.UserAsync(contract, "alice"))!.Uploaded);
    }

    [Fact]
    public async Task A_takeover_that_the_contract_refuses_is_tried_once()
    {
        await using var anvil = await AnvilNode.StartAsync();
        await using var rig = await ChainRig.CreateAsync(postgres);
        var account = rig.Account(anvil.Url);
        var (factory, _) = await rig.DeployAsync(account);
        // It claims to have everybody, with totals over the limit.
        var constructor = ChainRig.Encode("uint256 mode, address honest", (BigInteger)10, EthereumAddress.Zero);
        var hostile = await rig.DecideAsync(account, await ChainRig.SubmitAsync(account, "deploy", null, [.. ChainRig.Artifact("test/HostileReferrer", ""), .. constructor]));
        Assert.True(EthereumAddress.TryParse(hostile.ContractAddress, out var referrer), hostile.Error);
        var contract = await rig.CreateReputationAsync(account, factory, referrer);
        await AddMemberAsync(rig, "alice", AliceKey, 500, 400);
        Assert.True(await new MemberStanding(rig.Database).LinkAsync("alice"));
        var sync = Sync(rig, account, anvil, 1);
        for (var round = 0; round < 5; round++)
        {
            await RoundAsync(rig, sync, account);
            await ExecuteAsync(rig, "UPDATE users SET uploaded = uploaded + 1");
        }
        Assert.Equal(1, await SentAsync(rig));
        Assert.Null(await anvil.UserAsync(contract, "alice"));
        Assert.Equal((505, 400), await LedgerAsync(rig, "alice"));
    }

    /// <summary>A sync that adds every member, unless the options say otherwise.</summary>
    internal static MemberSync Sync(
        ChainRig rig, ChainAccount account, AnvilNode anvil, long threshold, Action<ChainOptions>? configure = null, EthereumRpcClient? rpc = null) =>
        Sync(rig, account.Address, rpc ?? anvil.Rpc, anvil.Url, new Submitter(account), threshold, configure);

    private static MemberSync Sync(
        ChainRig rig, EthereumAddress account, EthereumRpcClient rpc, Uri url, Submitter submitter, long threshold, Action<ChainOptions>? configure) => new(
        rpc, new ReputationReader(rpc), account, ChainRig.Options(url, o =>
        {
            (o.Sync, o.SyncThreshold, o.SyncMinReceivers) = ("members", threshold, 0);
            configure?.Invoke(o);
        }), new(rig.Database), new(rig.Database), new(rig.Database), rig.Contracts, submitter);

    internal static async Task RoundAsync(ChainRig rig, MemberSync sync, ChainAccount account)
    {
        Assert.Null(await sync.ImportAsync());
        Assert.Null(await sync.ExportAsync());
        await MinedAsync(rig, account);
    }

    /// <summary>Pumps until nothing waits.</summary>
    internal static async Task MinedAsync(ChainRig rig, ChainAccount account)
    {
        while (await rig.CountAsync("SELECT count(*) FROM chain_outbox WHERE state IN ('queued', 'sent')") > 0) Assert.Null(await account.PumpAsync());
    }

    internal static byte[] Key(int seed) => [(byte)(0x80 | (seed & 0x1f)), .. SHA384.HashData(BitConverter.GetBytes(seed))[1..]];

    internal static Task<long> SentAsync(ChainRig rig) => rig.CountAsync("SELECT count(*) FROM chain_outbox WHERE kind = 'sync'");

    internal static async Task AddMemberAsync(ChainRig rig, string name, byte[] key, long uploaded, long downloaded)
    {
        await using var command = rig.Database.CreateCommand("""
            INSERT INTO users (user_id, public_key, key, proven, passkey, uploaded, downloaded, registered_at)
            VALUES ($1, encode($2, 'base64'), $2, true, md5($1), $3, $4, now())
            """);
        foreach (var value in (object[])[name, key, uploaded, downloaded]) command.Parameters.Add(new NpgsqlParameter { Value = value });
        await command.ExecuteNonQueryAsync();
    }

    internal static async Task AddOnChainAsync(ChainRig rig, ChainAccount account, EthereumAddress contract, string name, byte[] key, int uploaded, int downloaded)
    {
        var call = ReputationV2Abi.AddUserWithKey.EncodeCall(name, "", Sha3Keccack.Current.CalculateHash([1]), (BigInteger)downloaded, (BigInteger)uploaded, key);
        var result = await rig.DecideAsync(account, await ChainRig.SubmitAsync(account, "test", contract, call));
        Assert.True(result.IsDone, result.Error);
    }

    internal static async Task ExecuteAsync(ChainRig rig, string sql)
    {
        await using var command = rig.Database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    internal static async Task<(long Uploaded, long Downloaded)> LedgerAsync(ChainRig rig, string name)
    {
        await using var command = rig.Database.CreateCommand("SELECT uploaded, downloaded FROM users WHERE user_id = $1");
        command.Parameters.Add(new NpgsqlParameter { Value = name });
        await using var reader = await command.ExecuteReaderAsync();
        Assert.True(await reader.ReadAsync());
        return (reader.GetInt64(0), reader.GetInt64(1));
    }

    /// <summary>Hands in to the account at once, or dies on the way when there is none.</summary>
    internal sealed class Submitter(ChainAccount? account) : IChainSubmitter
    {
        public Task<Problem?> SubmitAsync(ChainSubmission submission) => account?.SubmitAsync(submission) ?? throw new InvalidOperationException("crash");

        public Task ResumeAsync() => Task.CompletedTask;
    }
}
