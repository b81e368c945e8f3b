using CsCheck;
using Pbts.GrainInterfaces.Issuers;
using Pbts.Protocol.Passports;
using Pbts.Protocol.Receipts;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Passports;

/// <summary>
/// Trackers that believe each other in any graph, round and round: each issuer's word of a member counts once, and only what was
/// earned there. The rule by itself for many graphs, and the databases of three trackers held to it.
/// </summary>
public sealed class CarryTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    private const int People = 3;

    /// <summary>Somebody earns at a tracker, or carries a passport from one to another.</summary>
    private sealed record Step(bool Earns, int From, int To, int Person, int Bytes);

    private static Gen<Step[]> Steps(int trackers, int most) =>
        Gen.Select(Gen.Int[0, 3], Gen.Int[0, trackers - 1], Gen.Int[0, trackers - 1], Gen.Int[0, People - 1], Gen.Int[1, 1000], (kind, from, to, person, bytes) => new Step(kind == 0, from, to, person, bytes)).Array[1, most];

    /// <summary>What is earned at each tracker by each person, and what each tracker was last told of it by each other.</summary>
    private sealed class Model(int trackers)
    {
        public long[,] Native { get; } = new long[trackers, People];

        public long[,,] Told { get; } = new long[trackers, trackers, People];

        public void Do(Step step)
        {
            if (step.Earns)
                Native[step.From, step.Person] += step.Bytes;
            else if (step.From != step.To)
                Told[step.To, step.From, step.Person] = Native[step.From, step.Person];
        }

        public long Believed(int tracker, int person) => Enumerable.Range(0, trackers).Sum(issuer => Told[tracker, issuer, person]);

        public long Sum() => Native.Cast<long>().Sum();
    }

    [Fact]
    public void What_a_tracker_believes_is_the_same_whichever_way_it_came_and_cycles_make_nothing()
    {
        Steps(6, 200).Sample(steps =>
        {
            var (all, direct) = (new Model(6), new Model(6));
            var earned = 0L;
            foreach (var step in steps)
            {
                all.Do(step);
                earned += step.Earns ? step.Bytes : 0;
                Assert.Equal(earned, all.Sum());
                // The last tracker alone is told of the others; those are told of nothing.
                if (step.Earns || step.To == 5)
                    direct.Do(step);
            }

            for (var person = 0; person < People; person++)
            {
                Assert.Equal(direct.Believed(5, person), all.Believed(5, person));
                Assert.True(all.Believed(5, person) <= Enumerable.Range(0, 5).Sum(tracker => all.Native[tracker, person]));
            }
        }, iter: 2000);
    }

    [Fact]
    public async Task Three_databases_believe_what_the_rule_says_after_every_step()
    {
        const int trackers = 3;
        var issuers = Enumerable.Range(0, trackers).Select(i => new TestIssuer($"tracker {i}")).ToArray();
        var worlds = await Task.WhenAll(issuers.Select(_ => ImportWorld.CreateAsync(postgres)));
        try
        {
            var keys = Enumerable.Range(0, People).Select(_ => ImportWorld.NewKey()).ToArray();
            var ids = new long[trackers, People];
            for (var t = 0; t < trackers; t++)
            {
                foreach (var (issuer, name) in issuers.Select((issuer, i) => (issuer, $"tracker{i}")).Where((_, i) => i != t))
                    Assert.Null(await worlds[t].ListAsync(issuer, issuer.Listed(name: name)));
                for (var person = 0; person < People; person++)
                {
                    await worlds[t].Users.RegisterAsync($"p{person}", Convert.ToBase64String(keys[person].Span), keys[person], proven: true, $"{t}{person}".PadLeft(32, '0'));
                    ids[t, person] = (await worlds[t].Users.FindAsync($"p{person}"))!.Id;
                }
            }

            var model = new Model(trackers);
            var clock = 1_000_000L;
            foreach (var step in Steps(trackers, 150).Array[3].Single().SelectMany(steps => steps))
            {
                clock--;
                await DoAsync(step);
                model.Do(step);
            }

            for (var t = 0; t < trackers; t++)
            {
                for (var person = 0; person < People; person++)
                {
                    Assert.Equal((model.Native[t, person], 2 * model.Native[t, person]), await worlds[t].Users.ReadNativeAsync(ids[t, person]));
                    Assert.Equal((model.Native[t, person], 2 * model.Native[t, person]), await worlds[t].TotalsAsync($"p{person}"));
                    Assert.Equal((model.Believed(t, person), 2 * model.Believed(t, person)), await worlds[t].BelievedAsync($"p{person}"));
                }
            }

            async Task DoAsync(Step step)
            {
                var (world, id) = (worlds[step.From], ids[step.From, step.Person]);
                if (step.Earns)
                {
                    await using var command = world.Database.CreateCommand($"UPDATE users SET uploaded = uploaded + {step.Bytes}, downloaded = downloaded + {2 * step.Bytes} WHERE id = {id}");
                    await command.ExecuteNonQueryAsync();
                    return;
                }

                if (step.From == step.To)
                    return;
                var (up, down) = await world.Users.ReadNativeAsync(id);
                var imports = await world.Imports.ReadForPassportAsync(id);
                var passport = issuers[step.From].Passport(keys[step.Person], $"p{step.Person}", (ulong)up, (ulong)down, age: clock, change: made => made with { Imports = imports });
                Assert.Null(passport.Verify(Member.Now));
                Assert.True((await worlds[step.To].BringAsync(ids[step.To, step.Person], passport)).Status is ImportStatus.Imported or ImportStatus.Updated);
            }
        }
        finally
        {
            foreach (var world in worlds)
                await world.DisposeAsync();
        }
    }
}
