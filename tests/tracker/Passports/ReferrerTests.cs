using Pbts.Grains.Chain.Sync;
using Pbts.Grains.Issuers;
using Pbts.Protocol.Ethereum;
using Pbts.Tracker.Tests.Chain;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Passports;

/// <summary>What the active contract's referrers say, on a real chain: into the totals, or by the list of issuers.</summary>
public sealed class ReferrerTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_referrers_record_goes_into_the_totals_or_counts_as_the_list_has_its_contract(bool referrers)
    {
        await using var anvil = await AnvilNode.StartAsync();
        await using var rig = await ChainRig.CreateAsync(postgres);
        var account = rig.Account(anvil.Url);
        var (factory, old) = await rig.DeployAsync(account);
        await using var world = new ImportWorld(rig.Database);
        var ((alice, key), (_, bobKey)) = (await world.AddMemberAsync("alice"), await world.AddMemberAsync("bob"));
        await MemberSyncTests.AddOnChainAsync(rig, account, old, "alice", key.ToArray(), 7000, 3000);
        var contract = await rig.CreateReputationAsync(account, factory, old);
        // In the active contract, and not by this tracker: once the referrer has retired anybody may take a member over into it.
        await MemberSyncTests.AddOnChainAsync(rig, account, contract, "bob", bobKey.ToArray(), 50, 5);

        var connection = rig.Connect(anvil.Url);
        var owner = new TestIssuer("owner") { Contract = old };
        Assert.Null((await world.Issuers.SetAsync(owner.Listed(weight: 10) with { Address = connection.Key!.Address.ToString() }, connection.Key.Address, old)).Problem);
        var sync = new MemberSync(
            connection.Rpc!, connection.Reader!, connection.Key.Address, connection.Options, world.Sync, new(rig.Database), new(rig.Database), rig.Contracts, null!,
            referrers ? null : new ReferrerImports(connection.Rpc!, world.Sync, world.Imports));
        Assert.Null(await sync.ImportAsync());
        Assert.Null(await sync.ImportAsync());
        Assert.Equal(referrers ? (7000, 3000) : (0, 0), await world.TotalsAsync("alice"));
        Assert.Equal(referrers ? (0, 0) : (700, 300), await world.BelievedAsync("alice"));
        Assert.Equal(referrers ? (50, 5) : (0, 0), await world.TotalsAsync("bob"));
        Assert.Equal(referrers ? (0, 0) : (5, 1), await world.BelievedAsync("bob"));
        Assert.Equal((0, 0), await world.Users.ReadNativeAsync(alice));
        // Both contracts are used up for her where she has it in her totals.
        Assert.Equal(referrers ? 8L : 4L, await world.ScalarAsync<long>("SELECT count(*) FROM import_claims"));
        Assert.Equal(referrers ? 0L : 2L, await world.ScalarAsync<long>("SELECT count(*) FROM imports WHERE source = 'contract'"));
    }
}
