using Pbts.GrainInterfaces.Issuers;
using Pbts.Protocol.Ethereum;
using Pbts.Protocol.Passports;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Passports;

/// <summary>What of other trackers' word counts, for whom, and how often.</summary>
public sealed class ImportTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    private readonly TestIssuer _issuer = new("sister");

    [Fact]
    public async Task What_counts_is_the_weights_share_up_to_the_cap_and_what_was_taken_is_cut_in_the_same_proportion()
    {
        await using var world = await ImportWorld.CreateAsync(postgres);
        var (alice, key) = await world.AddMemberAsync("alice");
        var passport = _issuer.Passport(key, "alice", 1001, 501);
        Assert.Equal(PassportStep.Issuer, (await world.BringAsync(alice, passport)).Step);
        Assert.Null(await world.ListAsync(_issuer, _issuer.Listed(weight: 50)));
        Assert.Equal(new ImportOutcome(ImportStatus.Imported, Issuer: "sister", Up: 500, Down: 251), await world.BringAsync(alice, passport));
        Assert.Equal((500, 251), await world.BelievedAsync("alice"));
        foreach (var (weight, cap, up, down) in ((int, long?, long, long)[])[(100, null, 1001, 501), (1, null, 10, 6), (0, null, 0, 0), (100, 100, 100, 51), (50, 100, 100, 51), (10, 500, 100, 51), (100, 0, 0, 0), (100, 1001, 1001, 501)])
        {
            Assert.Null(await world.ListAsync(_issuer, _issuer.Listed(weight, cap)));
            Assert.Equal((up, down), await world.BelievedAsync("alice"));
        }

        // The totals, and what goes on from here, know nothing of it.
        Assert.Equal((0, 0), await world.TotalsAsync("alice"));
        Assert.Equal((0, 0), await world.Users.ReadNativeAsync(alice));
        Assert.Equal(0L, await world.ScalarAsync<long>("SELECT count(*) FROM member_parts"));
        Assert.Equal([new PassportImport(_issuer.Instance.ToString(), 1001, 501, (ulong)passport.Issued)], await world.Imports.ReadForPassportAsync(alice));
        Assert.True(await world.Issuers.RemoveAsync("sister"));
        Assert.Equal((0, 0), await world.BelievedAsync("alice"));
        var kept = Assert.Single(await world.Imports.ReadAsync(alice));
        Assert.Equal((_issuer.Instance.ToString(), 1001, 0), (kept.Issuer, kept.Up, kept.Weight));
        Assert.Null(await world.ListAsync(_issuer, _issuer.Listed(name: "again")));
        Assert.Equal((1001, 501), await world.BelievedAsync("alice"));
    }

    [Fact]
    public async Task Numbers_without_end_saturate()
    {
        await using var world = await ImportWorld.CreateAsync(postgres);
        var (alice, key) = await world.AddMemberAsync("alice");
        await world.ListAsync(_issuer, _issuer.Listed());
        Assert.Equal((long.MaxValue, long.MaxValue), await world.BringAsync(alice, _issuer.Passport(key, "alice", ulong.MaxValue, ulong.MaxValue)) is var taken ? (taken.Up, taken.Down) : default);
        var other = new TestIssuer("other");
        await world.ListAsync(other, other.Listed(name: "other"));
        await world.BringAsync(alice, other.Passport(key, "alice", ulong.MaxValue, 1));
        Assert.Equal((long.MaxValue, long.MaxValue), await world.BelievedAsync("alice"));
        await world.ListAsync(_issuer, _issuer.Listed(cap: long.MaxValue, weight: 99));
        Assert.Equal((long.MaxValue, 9_131_138_316_486_228_050), await world.BelievedAsync("alice"));
    }

    [Fact]
    public async Task A_newer_passport_takes_the_place_of_the_older_whatever_it_says_and_never_the_other_way_round()
    {
        await using var world = await ImportWorld.CreateAsync(postgres);
        var (alice, key) = await world.AddMemberAsync("alice");
        await world.ListAsync(_issuer, _issuer.Listed());
        var (older, newer) = (_issuer.Passport(key, "alice", 1000, 10, age: 7200), _issuer.Passport(key, "alice", 700, 20));
        Assert.Equal(ImportStatus.Imported, (await world.BringAsync(alice, older)).Status);
        Assert.Equal(ImportStatus.Unchanged, (await world.BringAsync(alice, older)).Status);
        Assert.Equal(ImportStatus.Updated, (await world.BringAsync(alice, newer)).Status);
        Assert.Equal((700, 20), await world.BelievedAsync("alice"));
        var refused = await world.BringAsync(alice, older);
        Assert.Equal((ImportStatus.Refused, PassportStep.Older), (refused.Status, refused.Step));
        Assert.Equal(PassportStep.Older, (await world.BringAsync(alice, newer with { Up = 9999 })).Step);
        Assert.Equal((700, 20), await world.BelievedAsync("alice"));
        Assert.Equal(1L, await world.ScalarAsync<long>("SELECT count(*) FROM imports"));
    }

    [Fact]
    public async Task Somebody_counts_for_one_member_for_ever_whatever_keys_and_accounts_he_has()
    {
        await using var world = await ImportWorld.CreateAsync(postgres);
        await world.ListAsync(_issuer, _issuer.Listed());
        var ((alice, key), (second, otherKey)) = (await world.AddMemberAsync("alice"), await world.AddMemberAsync("second"));
        Assert.Equal(ImportStatus.Imported, (await world.BringAsync(alice, _issuer.Passport(key, "alice", 1000, 0, age: 9000))).Status);
        // The passport of a key is for its member alone.
        Assert.Equal(PassportStep.SubjectKey, (await world.BringAsync(second, _issuer.Passport(key, "alice", 1000, 0))).Step);
        // There the key was replaced by that of a second account here.
        var refused = await world.BringAsync(second, _issuer.Passport(otherKey, "alice", 1000, 0));
        Assert.Equal((PassportStep.Counted, "it counts for another member here, for ever"), (refused.Step!.Value, refused.Reason));
        // Here and there: it is the same one, and its newest passport counts.
        var next = await world.RotateAsync("alice", key);
        Assert.Equal(PassportStep.SubjectKey, (await world.BringAsync(alice, _issuer.Passport(key, "alice", 2000, 0))).Step);
        Assert.Equal(ImportStatus.Updated, (await world.BringAsync(alice, _issuer.Passport(next, "alice", 1500, 5, age: 8000))).Status);
        Assert.Equal((1500, 5), await world.BelievedAsync("alice"));
        // Another account of hers there takes the place of the first, and neither counts for anybody else.
        Assert.Equal(ImportStatus.Updated, (await world.BringAsync(alice, _issuer.Passport(next, "alice2", 300, 0, age: 7000))).Status);
        Assert.Equal((300, 0), await world.BelievedAsync("alice"));
        foreach (var name in new[] { "alice", "alice2" })
            Assert.Equal(PassportStep.Counted, (await world.BringAsync(second, _issuer.Passport(otherKey, name, 1000, 0))).Step);
        Assert.Equal((0, 0), await world.BelievedAsync("second"));
    }

    [Fact]
    public async Task Of_many_at_once_one_counts()
    {
        await using var world = await ImportWorld.CreateAsync(postgres);
        await world.ListAsync(_issuer, _issuer.Listed());
        var members = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => world.AddMemberAsync($"member{i}")));
        for (var round = 0; round < 10; round++)
        {
            // Eight accounts, each with a passport of the same member there, whose key was replaced for each.
            var name = $"alice{round}";
            var outcomes = await Task.WhenAll(members.Select(member => world.BringAsync(member.Id, _issuer.Passport(member.Key, name, 1000, 0, age: 9000 - (100 * round)))));
            Assert.Equal(1, outcomes.Count(outcome => outcome.Status is ImportStatus.Imported or ImportStatus.Updated));
            Assert.All(outcomes.Where(outcome => outcome.Status == ImportStatus.Refused), outcome => Assert.Equal(PassportStep.Counted, outcome.Step));
            // The same one eight times.
            var (id, key) = members[0];
            var passport = _issuer.Passport(key, $"bob{round}", 1000, 0, age: 8950 - (100 * round));
            outcomes = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => world.BringAsync(id, passport)));
            Assert.Equal(1, outcomes.Count(outcome => outcome.Status is ImportStatus.Imported or ImportStatus.Updated));
            Assert.Equal(7, outcomes.Count(outcome => outcome.Status == ImportStatus.Unchanged));
            Assert.Equal((1000, 0), await world.BelievedAsync("member0"));
        }

        Assert.Equal(0L, await world.ScalarAsync<long>("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"));
    }

    [Fact]
    public async Task Who_changes_an_issuer_while_passports_come_in_leaves_nothing_counted_by_what_was_before()
    {
        await using var world = await ImportWorld.CreateAsync(postgres);
        // Bound from the beginning: binding it would lock it for every passport.
        var listed = _issuer.Listed() with { Instance = _issuer.Instance.ToString() };
        await world.ListAsync(_issuer, listed);
        var members = await Task.WhenAll(Enumerable.Range(0, 400).Select(i => world.AddMemberAsync($"member{i}")));
        foreach (var (some, round) in members.Chunk(8).Select((some, round) => (some, round)))
        {
            // Each its first: of whom there is something already, whoever changes the issuer waits anyway.
            var bringing = some.Select(member => world.BringAsync(member.Id, _issuer.Passport(member.Key, $"m{member.Id}", 1000, 100))).ToArray();
            Assert.Null(await world.ListAsync(_issuer, listed with { Weight = 1 + (round % 99) }));
            Assert.All(await Task.WhenAll(bringing), outcome => Assert.Equal(ImportStatus.Imported, outcome.Status));
            Assert.Equal(0L, await world.ScalarAsync<long>("""
                SELECT count(*) FROM users u JOIN (SELECT member, sum(believed_up) AS up, sum(believed_down) AS down FROM believed_imports GROUP BY member) b ON b.member = u.id
                WHERE (u.believed_uploaded, u.believed_downloaded) <> (b.up, b.down) OR b.up = 0
                """));
        }

        Assert.Equal(400L, await world.ScalarAsync<long>("SELECT count(*) FROM imports"));
        Assert.Equal(0L, await world.ScalarAsync<long>("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"));
    }
}
