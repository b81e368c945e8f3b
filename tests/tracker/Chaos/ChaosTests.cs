using System.Diagnostics;
using System.Globalization;
using Pbts.Tracker.Tests.Support;
using Xunit.Abstractions;

namespace Pbts.Tracker.Tests.Chaos;

/// <summary>
/// Three silos and two front ends under mixed load while silos are killed, PostgreSQL restarts twice, and the silos are
/// restarted one after another. Not part of the default run: <c>./pbts chaos --minutes N</c>.
/// </summary>
[Trait("Category", "Chaos")]
public sealed class ChaosTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Length = TimeSpan.FromMinutes(
        double.Parse(Environment.GetEnvironmentVariable("PBTS_CHAOS_MINUTES") ?? "2", CultureInfo.InvariantCulture));

    /// <summary>Between two kills: the cluster has time to get over one.</summary>
    private static readonly TimeSpan Calm = TimeSpan.FromSeconds(60);

    /// <summary>What a client notices: slower than this, or not answered properly.</summary>
    private static readonly TimeSpan Noticeable = TimeSpan.FromSeconds(1);

    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly List<string> _story = [];

    [Fact]
    public async Task Whatever_is_killed_no_receipt_is_lost_or_counted_twice_and_announces_recover()
    {
        var postgres = new PostgresServer();
        await postgres.InitializeAsync();
        try
        {
            await RunAsync(postgres);
        }
        finally
        {
            output.WriteLine(string.Join('\n', _story));
            await postgres.DisposeAsync();
        }
    }

    private async Task RunAsync(PostgresServer postgres)
    {
        var database = await postgres.CreateDatabaseAsync();
        var silos = new NodeProcess[3];
        for (var i = 0; i < silos.Length; i++)
            silos[i] = await NodeProcess.StartSiloAsync(database);
        var fronts = new[] { await NodeProcess.StartApiAsync(database), await NodeProcess.StartApiAsync(database) };
        try
        {
            var announces = new AnnounceLoad(fronts);
            var reports = await ReportLoad.StartAsync(fronts, pairs: 4);
            await announces.StartAsync(workers: 4);
            Tell($"load runs: 4 announcers on {AnnounceLoad.Swarms} swarms, 4 reporters");
            await DisturbAsync(postgres, database, silos, announces);
            await announces.StopAsync();
            await reports.StopAsync();

            Tell($"announces: {announces.Answered} answered, {announces.Failed} failed or told to come back, slowest {announces.Slowest.TotalSeconds:F1} s");
            Tell($"reports: {reports.Credited} receipts credited, {reports.Refused} attempts refused and made again");
            var wrong = await reports.CountWrongTotalsAsync();
            Tell($"members with wrong totals: {wrong} of {reports.Members}");
            Assert.Equal(0, wrong);
            Assert.True(announces.Answered > 0 && reports.Credited > 0);
            Assert.True(await announces.AnswersWithinAsync(Noticeable), "At the end announces are still slow.");
        }
        finally
        {
            foreach (var process in silos.Concat(fronts))
                await process.DisposeAsync();
        }
    }

    private async Task DisturbAsync(PostgresServer postgres, string database, NodeProcess[] silos, AnnounceLoad announces)
    {
        var began = _clock.Elapsed;
        var (restarts, rolled, kills) = (0, false, 0);
        while (_clock.Elapsed - began < Length)
        {
            var victim = kills++ % silos.Length;
            await DisturbedAsync($"silo {victim + 1} killed", announces, () => silos[victim].KillAsync());
            await silos[victim].DisposeAsync();
            silos[victim] = await NodeProcess.StartSiloAsync(database);
            Tell($"silo {victim + 1} is back");

            var done = (_clock.Elapsed - began) / Length;
            if (restarts == 0 || (restarts == 1 && done > 0.6))
            {
                restarts++;
                await DisturbedAsync("PostgreSQL restarted as after a crash", announces, postgres.RestartAsync);
            }

            if (!rolled && done > 0.4)
            {
                rolled = true;
                await DisturbedAsync("all silos restarted, one after another", announces, async () =>
                {
                    for (var i = 0; i < silos.Length; i++)
                    {
                        await silos[i].StopAsync();
                        await silos[i].DisposeAsync();
                        silos[i] = await NodeProcess.StartSiloAsync(database);
                    }
                });
            }
        }
    }

    /// <summary>Does it, waits, and tells for how long after it clients noticed.</summary>
    private async Task DisturbedAsync(string what, AnnounceLoad announces, Func<Task> disturb)
    {
        var failedBefore = announces.Failed;
        var began = _clock.Elapsed;
        announces.Watch(_clock, Noticeable);
        await disturb();
        var took = _clock.Elapsed - began;
        await Task.Delay(Calm < Length / 2 ? Calm : Length / 2);
        var recovered = announces.LastNoticed;
        Tell($"{what} ({took.TotalSeconds:F1} s): {announces.Failed - failedBefore} announces failed; the last one that was slow or failed ended "
            + (recovered is { } last ? $"{(last - began).TotalSeconds:F1} s after it began" : "– none was"));
    }

    private void Tell(string what) => _story.Add($"{_clock.Elapsed:mm\\:ss} {what}");
}
