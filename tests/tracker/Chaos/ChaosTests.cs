using System.Diagnostics;
using System.Globalization;
using Pbts.Load;
using Pbts.Tracker.Tests.Support;
using Xunit.Abstractions;

namespace Pbts.Tracker.Tests.Chaos;

/// <summary>
/// Three silos and two front ends behind the proxy under mixed load: every minute a silo is killed and started again,
/// PostgreSQL restarts twice, every process restarts once in turn. Not part of the default run:
/// <c>./pbts chaos --minutes N [--json FILE]</c>.
/// </summary>
[Trait("Category", "Chaos")]
public sealed class ChaosTests(ITestOutputHelper output)
{
    private const double MostFailed = 0.005;

    /// <summary>How long a killed silo stays away when nobody restarts it at once: longer than the others need to notice.</summary>
    private static readonly TimeSpan Away = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan BetweenKills = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Calm = TimeSpan.FromSeconds(25);

    private readonly Stopwatch _clock = Stopwatch.StartNew();

    private static int Minutes => int.Parse(Environment.GetEnvironmentVariable("PBTS_CHAOS_MINUTES") ?? "3", CultureInfo.InvariantCulture);

    private static string JsonFile => Environment.GetEnvironmentVariable("PBTS_CHAOS_JSON") is { Length: > 0 } given
        ? given : Path.Combine(AppContext.BaseDirectory, "TestResults", "chaos.json");

    [Fact]
    public async Task Whatever_is_killed_no_receipt_is_lost_or_counted_twice_and_few_requests_fail()
    {
        await using var cluster = await ChaosCluster.StartAsync();
        using var client = new HttpClient { BaseAddress = cluster.Proxy.Url, Timeout = TimeSpan.FromSeconds(30) };
        using var announces = new OneShotLoad(cluster.Proxy.Endpoint);
        var reports = await ReportLoad.CreateAsync(client, pairs: 4);
        var report = new ChaosReport([announces.Announces, announces.Scrapes, reports.Reports]);
        announces.Start(announcesPerSecond: 150, scrapesPerSecond: 15);
        reports.Start(perSecond: 10);
        await Task.Delay(3000);

        var began = _clock.Elapsed;
        for (var minute = 0; minute < Minutes; minute++)
        {
            await DisturbMinuteAsync(minute);
            await Task.Delay(TimeSpan.FromTicks(Math.Max(0, (began + (BetweenKills * (minute + 1)) - _clock.Elapsed).Ticks)));
        }

        await announces.StopAsync();
        await reports.StopAsync();
        report.Receipts = reports.Acknowledged.Count;
        var totals = await reports.CompareTotalsAsync();
        var ledger = await ReportLoad.ReadLedgerAsync(cluster.Database);
        report.WrongTotals = totals.Wrong;
        report.LedgerBytes = ledger.Sum(row => row.Bytes);
        report.Lost = Math.Max(totals.Lost, reports.Acknowledged.Except(ledger.Select(row => row.Piece)).Count());
        report.Doubled = Math.Max(totals.Doubled, ledger.Count - ledger.DistinctBy(row => row.Piece).Count());
        foreach (var line in report.Lines())
            output.WriteLine(line);
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(JsonFile))!);
        await File.WriteAllTextAsync(JsonFile, report.ToJson());
        output.WriteLine($"the same as JSON: {JsonFile}");

        Assert.True(announces.Announces.Sent > 0 && announces.Scrapes.Sent > 0 && report.Receipts > 0);
        Assert.Equal((0, 0, 0), (report.WrongTotals, report.Lost, report.Doubled));
        Assert.Equal((long)report.Receipts * ReportLoad.Bytes, report.LedgerBytes);
        Assert.True(report.FailedShare < MostFailed, $"{report.FailedShare:P3} of the requests failed.");

        async Task DisturbMinuteAsync(int minute)
        {
            var victim = minute % ChaosCluster.Silos;
            // As under a supervisor, or as when a machine is gone for good.
            var atOnce = minute % 2 == 0;
            await DisturbAsync($"silo {victim + 1} killed, started again {(atOnce ? "at once" : $"{Away.TotalSeconds:F0} s later")}", async () =>
            {
                await cluster.KillAsync(victim);
                if (!atOnce)
                    await Task.Delay(Away);
                await cluster.StartAgainAsync(victim);
            }, kill: true);
            if (minute == 0)
                await DisturbAsync("PostgreSQL restarted as after a crash", cluster.Postgres.RestartAsync);
            else if (minute == Minutes - 1)
                await DisturbAsync("PostgreSQL restarted", RestartCleanlyAsync);
            else if (minute == Minutes / 2)
                await DisturbAsync("silos and front ends restarted in turn", cluster.RestartRollingAsync);
        }

        async Task RestartCleanlyAsync()
        {
            await cluster.Postgres.StopAsync();
            await cluster.Postgres.StartAsync();
        }

        // Does it, waits, and notes for how long after its beginning clients noticed.
        async Task DisturbAsync(string what, Func<Task> disturb, bool kill = false)
        {
            var (failed, at) = (report.Failed, _clock.Elapsed);
            announces.Announces.Watch();
            reports.Reports.Watch();
            await disturb();
            var took = _clock.Elapsed - at;
            await Task.Delay(took < Calm ? Calm - took : TimeSpan.FromSeconds(5));
            report.Add(at - began, what, kill, took, announces.Announces.Recovery, reports.Reports.Recovery, report.Failed - failed);
        }
    }
}
