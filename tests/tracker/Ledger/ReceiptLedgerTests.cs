using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Security.Cryptography;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Npgsql;
using Pbts.Grains.Ledger;
using Pbts.Grains.Users;
using Pbts.Hosting.Configuration;
using Pbts.Protocol.Receipts;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Ledger;

/// <summary>
/// The ledger by itself. Several ledger objects on one database are what several silos are, duplicate activations
/// included: nothing but the database keeps them from spending a receipt twice.
/// </summary>
public sealed class ReceiptLedgerTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    private static readonly long Epoch = LedgerWorld.Epoch;

    [Fact]
    public async Task One_receipt_spent_64_times_at_once_by_four_silos_counts_once()
    {
        await using var world = await LedgerWorld.CreateAsync(postgres, silos: 4);
        var entry = world.Entry(0, 1, bytes: 700);

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 64).Select(i => world.Silos[i % 4].SpendAsync([entry]).AsTask()));

        Assert.Equal(1, outcomes.Count(outcome => outcome![0] == LedgerOutcome.Credited));
        Assert.Equal(63, outcomes.Count(outcome => outcome![0] == LedgerOutcome.Duplicate));
        Assert.Equal([(700, 0), (0, 700)], (await world.TotalsAsync())[..2]);
    }

    [Fact]
    public async Task Crossing_reports_between_the_same_members_never_deadlock_and_sums_agree()
    {
        await using var world = await LedgerWorld.CreateAsync(postgres, silos: 4, members: 10);
        var reports = Enumerable.Range(0, 200).Select(report => Enumerable.Range(0, 50)
            .Select(_ => world.Entry(Random.Shared.Next(10), Random.Shared.Next(10), bytes: Random.Shared.Next(1, 5000))).ToArray()).ToArray();

        var clock = Stopwatch.StartNew();
        // Every report goes to two silos at once, and the second one has its entries in another order.
        var outcomes = await Task.WhenAll(reports.SelectMany((report, i) => new[]
        {
            world.Silos[i % 4].SpendAsync(report).AsTask(), world.Silos[(i + 1) % 4].SpendAsync([.. report.Reverse()]).AsTask(),
        }));

        Assert.Equal(10_000, outcomes.Sum(report => report!.Count(outcome => outcome == LedgerOutcome.Credited)));
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(60), $"{clock.Elapsed}");
        var totals = await world.TotalsAsync();
        var expected = reports.SelectMany(report => report).Sum(entry => entry.Claimed);
        Assert.Equal((expected, expected), (totals.Sum(member => member.Up), totals.Sum(member => member.Down)));
        Assert.Equal(expected, (long)(await world.ScalarAsync("SELECT sum(bytes)::bigint FROM receipts"))!);
        // Retries would hide deadlocks: the database counts them.
        Assert.Equal(0L, await world.DeadlocksAsync());
    }

    [Fact]
    public async Task The_same_receipts_in_every_order_at_once_never_deadlock()
    {
        await using var world = await LedgerWorld.CreateAsync(postgres, silos: 8, members: 10);
        for (var round = 0; round < 4; round++)
        {
            // Long statements over the same ids, begun together: in another order than one fixed for all they would wait for each other.
            var entries = Enumerable.Range(0, 2000).Select(i => world.Entry(i % 10, (i + 1) % 10, bytes: 1)).ToArray();
            var outcomes = await Task.WhenAll(world.Silos.Select((silo, i) =>
            {
                var order = entries.ToArray();
                new Random((round * 100) + i).Shuffle(order);
                return silo.SpendAsync(order).AsTask();
            }));
            Assert.Equal(2000, outcomes.Sum(report => report!.Count(outcome => outcome == LedgerOutcome.Credited)));
        }

        Assert.Equal(0L, await world.DeadlocksAsync());
    }

    [Fact]
    public async Task A_database_killed_in_the_middle_loses_no_answered_credit_and_repeats_none()
    {
        await using var server = new OwnServer();
        await server.Postgres.InitializeAsync();
        await using var world = await LedgerWorld.CreateAsync(server.Postgres, silos: 2);
        var entries = Enumerable.Range(0, 400).Select(_ => world.Entry(0, 1, bytes: 10)).ToArray();
        var answered = 0;
        var refused = 0;

        var killer = Task.Run(async () =>
        {
            for (var i = 0; i < 3; i++)
            {
                await Task.Delay(150);
                await server.Postgres.RestartAsync();
            }
        });
        await Parallel.ForEachAsync(entries.Select((entry, i) => (entry, i)), new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (item, _) =>
        {
            // A client retries until it has an answer.
            for (var attempt = 0; ; attempt++)
            {
                if (await world.Silos[(item.i + attempt) % 2].SpendAsync([item.entry]) is not null)
                {
                    Interlocked.Increment(ref answered);
                    break;
                }

                Interlocked.Increment(ref refused);
                await Task.Delay(50, CancellationToken.None);
            }
        });
        await killer;

        Assert.Equal(400, answered);
        // The pool may still hold connections that the kill cut.
        world.Database.Clear();
        Assert.Equal([(4000, 0), (0, 4000)], (await world.TotalsAsync())[..2]);
        Assert.Equal(400L, await world.ScalarAsync("SELECT count(*) FROM receipts"));
    }

    [Fact]
    public async Task A_dead_database_is_said_at_once_and_not_waited_for()
    {
        await using var server = new OwnServer();
        await server.Postgres.InitializeAsync();
        await using var world = await LedgerWorld.CreateAsync(server.Postgres, silos: 1);
        await server.Postgres.KillAsync();
        var clock = Stopwatch.StartNew();
        Assert.Null(await world.Silos[0].SpendAsync([world.Entry(0, 1)]));
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(10), $"{clock.Elapsed}");
        await server.Postgres.StartAsync();
        Assert.Equal([LedgerOutcome.Credited], await world.Silos[0].SpendAsync([world.Entry(0, 1)]));
    }

    [Fact]
    public async Task A_stuck_database_is_given_up_after_the_time_limit_and_a_full_queue_at_once()
    {
        await using var world = await LedgerWorld.CreateAsync(postgres, silos: 1, options: new ReceiptsOptions { Window = ReceiptsOptions.MaxWindow, LedgerTimeout = 2, LedgerQueue = 4 });
        await using var blocker = await world.Database.OpenConnectionAsync();
        await using var transaction = await blocker.BeginTransactionAsync();
        await new NpgsqlCommand("LOCK TABLE users IN ACCESS EXCLUSIVE MODE", blocker).ExecuteNonQueryAsync();

        // One statement for each of the two workers, so apart that they do not share one.
        var first = new List<Task<LedgerOutcome[]?>>();
        for (var worker = 0; worker < 2; worker++)
        {
            first.Add(world.Silos[0].SpendAsync([world.Entry(0, 1)]).AsTask());
            await Task.Delay(250);
        }

        var waiting = Enumerable.Range(0, 4).Select(_ => world.Silos[0].SpendAsync([world.Entry(0, 1)]).AsTask()).ToArray();
        var clock = Stopwatch.StartNew();
        Assert.Null(await world.Silos[0].SpendAsync([world.Entry(0, 1)]));
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(1), $"{clock.Elapsed}");
        Assert.All(await Task.WhenAll(first), Assert.Null);
        await transaction.RollbackAsync();
        Assert.All(await Task.WhenAll(waiting), outcome => Assert.True(outcome is null or [LedgerOutcome.Credited]));
    }

    [Fact]
    public async Task A_dropped_epoch_can_never_be_spent_again()
    {
        await using var world = await LedgerWorld.CreateAsync(postgres, silos: 2);
        var old = world.Entry(0, 1, epoch: Epoch);
        var recent = world.Entry(0, 1, epoch: Epoch + 150);
        Assert.Equal([LedgerOutcome.Credited, LedgerOutcome.Credited], await world.Silos[0].SpendAsync([old, recent]));

        await world.Partitions.DropOlderThanAsync(AgeOf(Epoch + 60));
        Assert.Equal(1L, await world.ScalarAsync("SELECT count(*) FROM receipts"));
        Assert.Equal([LedgerOutcome.Expired, LedgerOutcome.Duplicate], await world.Silos[1].SpendAsync([old, recent]));

        // Neither lowering the floor by hand-over nor making the partition again opens it.
        await world.Partitions.DropOlderThanAsync(AgeOf(0));
        await world.Partitions.EnsureAsync([Epoch]);
        Assert.Equal([LedgerOutcome.Expired], await world.Silos[1].SpendAsync([old]));
        Assert.Equal([LedgerOutcome.Expired], await world.Silos[1].SpendAsync([world.Entry(0, 1, epoch: Epoch + 1)]));
        Assert.Equal((2000, 0), (await world.TotalsAsync())[0]);
    }

    [Fact]
    public async Task The_day_that_the_floor_begins_with_keeps_all_its_receipts()
    {
        await using var world = await LedgerWorld.CreateAsync(postgres, silos: 1);
        var floor = (Epoch + 60) / ReceiptPartitions.Span * ReceiptPartitions.Span;
        var (before, first, last) = (world.Entry(0, 1, epoch: floor - 1), world.Entry(0, 1, epoch: floor), world.Entry(0, 1, epoch: floor + ReceiptPartitions.Span - 1));
        await world.Silos[0].SpendAsync([before, first, last]);
        await world.Partitions.DropOlderThanAsync(AgeOf(Epoch + 60));
        Assert.Equal(floor, await world.ScalarAsync("SELECT epoch FROM receipt_floor"));
        Assert.Equal([LedgerOutcome.Expired, LedgerOutcome.Duplicate, LedgerOutcome.Duplicate], await world.Silos[0].SpendAsync([before, first, last]));
        Assert.Equal([LedgerOutcome.Credited], await world.Silos[0].SpendAsync([world.Entry(0, 1, epoch: floor)]));
    }

    [Fact]
    public async Task Window_and_future_are_told_by_the_databases_clock()
    {
        await using var world = await LedgerWorld.CreateAsync(postgres, silos: 1, options: new ReceiptsOptions { Window = 86400 });
        var now = (long)ReceiptTime.EpochOf((ulong)Member.Now);
        LedgerEntry[] entries = [world.Entry(0, 1, epoch: now + 2), world.Entry(0, 1, epoch: now), world.Entry(0, 1, epoch: now - 23), world.Entry(0, 1, epoch: now - 27)];
        Assert.Equal([LedgerOutcome.Future, LedgerOutcome.Credited, LedgerOutcome.Credited, LedgerOutcome.Expired], await world.Silos[0].SpendAsync(entries));
        await world.ScalarAsync("INSERT INTO settings (name, value) VALUES ('receipt_window', '172800') RETURNING 1");
        Assert.Equal([LedgerOutcome.Future, LedgerOutcome.Duplicate, LedgerOutcome.Duplicate, LedgerOutcome.Credited], await world.Silos[0].SpendAsync(entries));
    }

    [Fact]
    public async Task Totals_stop_at_the_largest_number_instead_of_overflowing()
    {
        await using var world = await LedgerWorld.CreateAsync(postgres, silos: 1);
        await world.ScalarAsync($"UPDATE users SET uploaded = {long.MaxValue - 5} WHERE id = {world.Members[0]} RETURNING 1");
        Assert.Equal([LedgerOutcome.Credited], await world.Silos[0].SpendAsync([world.Entry(0, 1, bytes: 1000)]));
        Assert.Equal((long.MaxValue, 0), (await world.TotalsAsync())[0]);
    }

    [Fact]
    public async Task A_receipt_without_receiver_credits_and_debits_nobody()
    {
        await using var world = await LedgerWorld.CreateAsync(postgres, silos: 1);
        Assert.Equal([LedgerOutcome.Credited], await world.Silos[0].SpendAsync([world.Entry(0, 1) with { Receiver = null }]));
        Assert.Equal([(1000, 0), (0, 0)], (await world.TotalsAsync())[..2]);
    }

    /// <summary>Seconds that make the floor the start of the epoch's day.</summary>
    private static long AgeOf(long epoch) => Member.Now - (epoch * 3600) - 1800;

    private sealed class OwnServer : IAsyncDisposable
    {
        public PostgresServer Postgres { get; } = new();

        public async ValueTask DisposeAsync() => await Postgres.DisposeAsync();
    }
}
