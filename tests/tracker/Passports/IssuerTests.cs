using Pbts.GrainInterfaces.Issuers;
using Pbts.Protocol.Ethereum;
using Pbts.Protocol.Passports;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Passports;

/// <summary>Who is believed: by which name, when, and of whom.</summary>
public sealed class IssuerTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    private static readonly EthereumAddress s_contract = new([.. Enumerable.Repeat((byte)7, 20)]);

    private readonly TestIssuer _issuer = new("sister");

    [Fact]
    public async Task One_tracker_is_listed_once_and_what_it_says_under_another_name_counts_no_second_time()
    {
        await using var world = await ImportWorld.CreateAsync(postgres);
        var byContract = new TestIssuer("sister") { Contract = s_contract };
        Assert.Null(await world.ListAsync(_issuer, _issuer.Listed()));
        Assert.Equal("the address is that of issuer sister: change that, or remove it first", await world.ListAsync(byContract, byContract.Listed(name: "contract")));
        Assert.Equal("the address is that of issuer sister: change that, or remove it first", await world.ListAsync(_issuer, _issuer.Listed(name: "twice")));
        // Its operator has put another key into it, and is listed by that too.
        var rekeyed = new TestIssuer("sister with another key") { Instance = _issuer.Instance };
        Assert.Null(await world.ListAsync(rekeyed, rekeyed.Listed(name: "rekeyed")));
        var (alice, key) = await world.AddMemberAsync("alice");
        Assert.Equal(ImportStatus.Imported, (await world.BringAsync(alice, _issuer.Passport(key, "alice", 1000, 0))).Status);
        Assert.Equal(ImportStatus.Updated, (await world.BringAsync(alice, rekeyed.Passport(key, "alice", 1100, 0, age: 60))).Status);
        Assert.Equal((1100, 0), await world.BelievedAsync("alice"));
    }

    [Fact]
    public async Task An_issuer_is_one_tracker_and_a_contract_is_its_owners()
    {
        await using var world = await ImportWorld.CreateAsync(postgres);
        var ((alice, key), (bob, bobKey)) = (await world.AddMemberAsync("alice"), await world.AddMemberAsync("bob"));
        await world.ListAsync(_issuer, _issuer.Listed());
        Assert.Equal(ImportStatus.Imported, (await world.BringAsync(alice, _issuer.Passport(key, "alice", 1000, 0))).Status);
        // It might say of the same member as often as it invents trackers.
        var invented = new TestIssuer("sister") { Instance = new TestIssuer("invented").Instance };
        Assert.Equal(PassportStep.Issuer, (await world.BringAsync(alice, invented.Passport(key, "alice", 1000, 0, age: 60))).Step);
        Assert.Contains("is another tracker", await world.Issuers.WhyNobodyAsync(Grains.Issuers.ImportEvidence.Of(invented.Passport(key, "alice", 1, 0))), StringComparison.Ordinal);
        Assert.Equal((1000, 0), await world.BelievedAsync("alice"));

        var (owner, other) = (new TestIssuer("owner") { Contract = s_contract }, new TestIssuer("thief") { Contract = s_contract });
        await world.ListAsync(owner, owner.Listed(name: "contract"));
        Assert.Equal(PassportStep.Issuer, (await world.BringAsync(bob, other.Passport(bobKey, "bob", 1000, 0))).Step);
        Assert.Equal(PassportStep.Issuer, (await world.BringAsync(bob, owner.Passport(bobKey, "bob", 1000, 0, change: passport => passport with { ChainId = 1 }))).Step);
        // A thief who is believed for himself claims the other's contract.
        await world.ListAsync(new TestIssuer("thief"), new TestIssuer("thief").Listed(name: "thief"));
        var claimed = await world.BringAsync(bob, other.Passport(bobKey, "bob", 1000, 0));
        Assert.Equal((PassportStep.Issuer, "its contract is that of issuer contract, which did not sign it"), (claimed.Step!.Value, claimed.Reason));
        Assert.Equal(ImportStatus.Imported, (await world.BringAsync(bob, owner.Passport(bobKey, "bob", 1000, 0))).Status);
    }

    [Fact]
    public async Task Members_of_too_few_days_are_refused_until_a_later_passport()
    {
        await using var world = await ImportWorld.CreateAsync(postgres);
        var (alice, key) = await world.AddMemberAsync("alice");
        await world.ListAsync(_issuer, _issuer.Listed(leastAge: 30));
        Assert.Equal(PassportStep.MemberAge, (await world.BringAsync(alice, _issuer.Passport(key, "alice", 1000, 0, memberDays: 29))).Step);
        Assert.Equal(PassportStep.MemberAge, (await world.BringAsync(alice, _issuer.Passport(key, "alice", 1000, 0, memberDays: -5000))).Step);
        Assert.Equal(ImportStatus.Imported, (await world.BringAsync(alice, _issuer.Passport(key, "alice", 1000, 0, memberDays: 31))).Status);
        Assert.Equal(0L, await world.ScalarAsync<long>("SELECT count(*) FROM import_claims WHERE member <> 1"));
    }

    [Fact]
    public async Task Issuers_begin_and_end_at_their_times_and_front_ends_hear_of_it_once()
    {
        await using var world = await ImportWorld.CreateAsync(postgres);
        var (alice, key) = await world.AddMemberAsync("alice");
        await world.ListAsync(_issuer, _issuer.Listed());
        await world.BringAsync(alice, _issuer.Passport(key, "alice", 1000, 10));
        var heard = await HeardAsync();
        await world.ListAsync(_issuer, _issuer.Listed() with { ValidUntil = DateTimeOffset.UtcNow.AddSeconds(2) });
        Assert.Equal((1000, 10), await world.BelievedAsync("alice"));
        Assert.Equal(heard, await HeardAsync());
        await Wait.UntilAsync(async () => (await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => world.Issuers.RefreshAsync()))).Sum() == 1);
        Assert.Equal((0, 0), await world.BelievedAsync("alice"));
        Assert.Equal(heard + 1, await HeardAsync());
        Assert.Equal(PassportStep.Issuer, (await world.BringAsync(alice, _issuer.Passport(key, "alice", 1000, 10, age: 60))).Step);
        await world.ListAsync(_issuer, _issuer.Listed() with { ValidFrom = DateTimeOffset.UtcNow.AddSeconds(2) });
        Assert.Equal((0, 0), await world.BelievedAsync("alice"));
        await Wait.UntilAsync(async () => await world.Issuers.RefreshAsync() == 1);
        Assert.Equal((1000, 10), await world.BelievedAsync("alice"));
        Assert.Equal(heard + 2, await HeardAsync());

        Task<long> HeardAsync() => world.ScalarAsync<long>("SELECT count(*) FROM policy_changes WHERE user_id = 'alice'");
    }

    [Fact]
    public async Task What_came_through_referrers_is_in_the_totals_and_counts_nowhere_else_and_the_other_way_round()
    {
        await using var world = await ImportWorld.CreateAsync(postgres);
        EthereumAddress active = new([.. Enumerable.Repeat((byte)1, 20)]), behind = new([.. Enumerable.Repeat((byte)2, 20)]);
        var sister = new TestIssuer("sister") { Contract = behind };
        await world.ListAsync(sister, sister.Listed());
        var ((alice, key), (bob, bobKey)) = (await world.AddMemberAsync("alice"), await world.AddMemberAsync("bob"));
        // Of contracts behind the one that had the record too: it may have taken it over from there.
        await world.Sync.ImportAsync("alice", key.ToArray(), active, active, 5000, 50, [active, behind]);
        Assert.Equal((5000, 50), await world.TotalsAsync("alice"));
        var refused = await world.BringAsync(alice, sister.Passport(key, "alice", 9000, 0));
        Assert.Equal((PassportStep.Counted, "what it says is in the member's totals already: it came with the contract's referrers"), (refused.Step!.Value, refused.Reason));
        // By the name there, whatever the key.
        Assert.Equal(PassportStep.Counted, (await world.BringAsync(bob, sister.Passport(bobKey, "alice", 9000, 0))).Step);

        Assert.Equal(ImportStatus.Imported, (await world.BringAsync(bob, sister.Passport(bobKey, "bob", 700, 7))).Status);
        await world.Sync.ImportAsync("bob", bobKey.ToArray(), active, behind, 5000, 50, [active, behind]);
        Assert.Equal((0, 0), await world.TotalsAsync("bob"));
        Assert.Equal((700, 7), await world.BelievedAsync("bob"));
        Assert.Empty((await world.Sync.ReadNewcomersAsync(active, 10)).Select(member => member.Username));

        // Both at once, for many: one of them counts.
        for (var i = 0; i < 20; i++)
        {
            var (id, own) = await world.AddMemberAsync($"m{i}");
            await Task.WhenAll(world.BringAsync(id, sister.Passport(own, $"m{i}", 1000, 0)), world.Sync.ImportAsync($"m{i}", own.ToArray(), active, behind, 1000, 0, [active, behind]));
            var (totals, believed) = (await world.TotalsAsync($"m{i}"), await world.BelievedAsync($"m{i}"));
            Assert.Equal(1000, totals.Up + believed.Up);
        }
    }

    [Fact]
    public async Task What_a_contract_says_counts_by_the_list_and_is_fresher_than_any_passport_before()
    {
        await using var world = await ImportWorld.CreateAsync(postgres);
        var sister = new TestIssuer("sister") { Contract = s_contract };
        var (alice, key) = await world.AddMemberAsync("alice");
        var record = Grains.Issuers.ImportEvidence.Of("alice", key.ToArray(), s_contract, 31337, 3000, 30);
        Assert.Equal(PassportStep.Issuer, (await world.Imports.ImportAsync(alice, record)).Step);
        await world.ListAsync(sister, sister.Listed(weight: 50));
        Assert.Equal(ImportStatus.Imported, (await world.BringAsync(alice, sister.Passport(key, "alice", 1000, 0))).Status);
        Assert.Equal(new ImportOutcome(ImportStatus.Updated, Issuer: "sister", Up: 1500, Down: 15), await world.Imports.ImportAsync(alice, record));
        Assert.Equal(PassportStep.Older, (await world.BringAsync(alice, sister.Passport(key, "alice", 9000, 0, age: 60))).Step);
        Assert.Equal((1500, 15), await world.BelievedAsync("alice"));
        Assert.Equal(PassportStep.Issuer, (await world.Imports.ImportAsync(alice, record with { ChainId = 1 })).Step);
    }
}
