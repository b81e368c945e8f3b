using Microsoft.Extensions.Options;
using Npgsql;
using Pbts.Grains.Database;
using Pbts.Grains.Trust;
using Pbts.Hosting.Configuration;
using Pbts.Tracker.Tests.Ledger;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Trust;

/// <summary>Computations on one database, as several silos would begin them: each is done once, wholly or not at all.</summary>
public sealed class TrustJobTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    private const long Gibibyte = 1L << 30;

    [Fact]
    public async Task Vouchers_and_receipts_of_a_pair_add_up_and_the_word_of_the_disabled_does_not_count()
    {
        await using var world = await LedgerWorld.CreateAsync(postgres, silos: 1, members: 5);
        await GiveAsync(world, sender: 1, receiver: 0, 2 * Gibibyte);
        await GiveAsync(world, sender: 1, receiver: 0, Gibibyte);
        await GiveAsync(world, sender: 2, receiver: 0, 6 * Gibibyte);
        await GiveAsync(world, sender: 3, receiver: 2, 10 * Gibibyte);
        await world.Partitions.EnsureAsync([LedgerWorld.Epoch]);
        await world.Silos[0].SpendAsync([world.Entry(1, 0, bytes: Gibibyte)]);
        await MarkAsync(world, 0);
        var run = (await Job(world).RunAsync(asked: true, default)).Run!;
        Assert.Equal((5, 3, 1, true, true), (run.Members, run.Edges, run.Seeds, run.IsMarked, run.IsAsked));
        // Four and six tenths of the seed's voice, half of it handed on and half of that kept; of what the second hands on no more than its passage.
        Assert.Equal([0, 0.1, 0.15, 0.025, 0], await VoicesAsync(world));

        await world.ScalarAsync($"UPDATE users SET disabled = 'sold' WHERE id = {world.Members[2]} RETURNING 1");
        await Job(world).RunAsync(asked: true, default);
        Assert.Equal([0, 0.1, 0.15, 0, 0], await VoicesAsync(world));
        // A seed that is disabled is none: the oldest are again.
        await world.ScalarAsync($"UPDATE users SET disabled = 'sold' WHERE id = {world.Members[0]} RETURNING 1");
        Assert.False((await Job(world).RunAsync(asked: true, default)).Run!.IsMarked);
        Assert.Equal([0, 0, 0, 0, 0], await VoicesAsync(world));
    }

    [Fact]
    public async Task However_many_silos_find_it_due_one_computes_and_the_others_leave_it()
    {
        await using var world = await LedgerWorld.CreateAsync(postgres, silos: 1, members: 2);
        await GiveAsync(world, sender: 1, receiver: 0, Gibibyte);
        var jobs = Enumerable.Range(0, 8).Select(_ => Job(world)).ToArray();
        Assert.True(await jobs[0].IsDueAsync());
        for (var round = 0; round < 3; round++)
            await Task.WhenAll(jobs.Select(job => job.RunAsync(asked: false, default)));
        Assert.Equal(1L, await RunsAsync(world));
        Assert.False(await jobs[0].IsDueAsync());
        // Who asks gets another, but not while one is under way.
        var (reading, go) = (new TaskCompletionSource(), new TaskCompletionSource());
        var first = jobs[0].RunAsync(asked: true, default, async () =>
        {
            reading.SetResult();
            await go.Task;
        });
        await reading.Task;
        Assert.Equal(default, await jobs[1].RunAsync(asked: true, default));
        // Whoever computes, all know that it is being done.
        Assert.True(await new TrustViews(world.Database).IsRunningAsync());
        go.SetResult();
        Assert.Equal(2, (await first).Run!.Id);
        Assert.False(await new TrustViews(world.Database).IsRunningAsync());
        Assert.Equal(2L, await RunsAsync(world));
        // A day later by the database's clock it is due again.
        await world.ScalarAsync("UPDATE trust_runs SET started_at = started_at - interval '25 hours', finished_at = finished_at - interval '25 hours' RETURNING 1");
        await Task.WhenAll(jobs.Select(job => job.RunAsync(asked: false, default)));
        Assert.Equal(3L, await RunsAsync(world));
    }

    [Theory]
    [InlineData("killed")]
    [InlineData("stopped")]
    [InlineData("cut off")]
    public async Task One_that_ends_in_the_middle_leaves_what_was_there_and_another_does_it(string how)
    {
        await using var world = await LedgerWorld.CreateAsync(postgres, silos: 1, members: 3);
        await GiveAsync(world, sender: 1, receiver: 0, 10 * Gibibyte);
        await MarkAsync(world, 0);
        await Job(world).RunAsync(asked: true, default);
        await GiveAsync(world, sender: 2, receiver: 0, 10 * Gibibyte);
        using var stop = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<Exception>(() => Job(world).RunAsync(asked: true, stop.Token, how switch
        {
            "killed" => () => throw new InvalidOperationException("the process is no more"),
            "stopped" => stop.CancelAsync,
            _ => async () => await world.ScalarAsync("SELECT count(pg_terminate_backend(pid)) FROM pg_locks WHERE locktype = 'advisory'"),
        }));
        Assert.Equal(1L, await RunsAsync(world));
        Assert.Equal([0, 0.25, 0], await VoicesAsync(world));
        // A connection that was cut off gives its turn back in a moment.
        var outcome = default(TrustOutcome);
        await Wait.UntilAsync(async () => (outcome = await Job(world).RunAsync(asked: true, default)).Run is not null);
        Assert.Equal(2, outcome.Run!.Edges);
        Assert.Equal([0, 0.125, 0.125], await VoicesAsync(world));
    }

    [Fact]
    public async Task More_pairs_than_there_is_memory_for_are_said_with_the_setting()
    {
        await using var world = await LedgerWorld.CreateAsync(postgres, silos: 1, members: 3);
        await GiveAsync(world, sender: 1, receiver: 0, Gibibyte);
        await GiveAsync(world, sender: 2, receiver: 0, Gibibyte);
        var outcome = await Job(world, new TrustOptions { MaxEdges = 1 }).RunAsync(asked: true, default);
        Assert.Equal((null, true), (outcome.Run, outcome.Problem?.Contains("Trust:MaxEdges", StringComparison.Ordinal)));
        Assert.Equal(0L, await RunsAsync(world));
        Assert.NotNull((await Job(world, new TrustOptions { MaxEdges = 2 }).RunAsync(asked: true, default)).Run);
    }

    [Fact]
    public void Settings_that_make_no_sense_are_named()
    {
        Assert.True(new TrustOptionsValidator().Validate(null, new()).Succeeded);
        Assert.True(new TrustOptionsValidator().Validate(null, new() { Interval = 0 }).Succeeded);
        foreach (var (name, wrong) in ((string, TrustOptions)[])[
            ("Interval", new() { Interval = 59 }), ("Interval", new() { Interval = -1 }), ("Decay", new() { Decay = 1 }), ("Decay", new() { Decay = double.NaN }), ("Passage", new() { Passage = 0 }),
            ("FullVoice", new() { FullVoice = 0 }), ("MaxEdges", new() { MaxEdges = 0 })])
            Assert.Contains($"Trust:{name} is", new TrustOptionsValidator().Validate(null, wrong).FailureMessage, StringComparison.Ordinal);
        foreach (var wrong in (double[])[-0.1, 1.1, double.NaN])
            Assert.Contains("Ratio:MinTrust is", new RatioOptionsValidator().Validate(null, new() { MinTrust = wrong }).FailureMessage, StringComparison.Ordinal);
    }

    private static TrustJob Job(LedgerWorld world, TrustOptions? options = null) => new(new TrustStore(world.Database), Options.Create(options ?? new TrustOptions()));

    private static Task GiveAsync(LedgerWorld world, int sender, int receiver, long bytes) => world.Database.ExecuteAsync("""
        INSERT INTO voucher_sessions (sender, receiver, bytes, credited, opened, signed_at, id, info_hash, sender_key, receiver_key, session, signature)
        SELECT $1, $2, $3, $3, 1, 2, a, substr(a, 1, 20), substr(a || a, 1, 48), substr(a || a, 1, 48), substr(a, 1, 16), a || a || a FROM (SELECT sha256(gen_random_uuid()::text::bytea) AS a) AS made
        """, world.Members[sender], world.Members[receiver], bytes);

    private static Task MarkAsync(LedgerWorld world, int member) => world.Database.ExecuteAsync("INSERT INTO trust_seeds (member) VALUES ($1)", world.Members[member]);

    private static Task<List<double>> VoicesAsync(LedgerWorld world) => world.Database.QueryAsync("SELECT round(voices::numeric, 9)::double precision FROM trust_scores ORDER BY member", row => row.GetDouble(0));

    private static Task<long> RunsAsync(LedgerWorld world) => world.Database.ValueAsync<long>("SELECT count(*) FROM trust_runs");
}
