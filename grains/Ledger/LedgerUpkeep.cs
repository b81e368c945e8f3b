using System.Diagnostics;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;
using Pbts.Grains.Database;
using Pbts.Grains.Settings;
using Pbts.Hosting.Configuration;
using Pbts.Hosting.Health;
using Pbts.Hosting.Resilience;
using Pbts.Protocol.Receipts;

namespace Pbts.Grains.Ledger;

/// <summary>
/// What a silo does for the ledger by itself: follows the settings, makes partitions ahead and
/// drops old ones. Every silo does it; doing it twice is harmless.
/// </summary>
internal sealed partial class LedgerUpkeep(
    SettingsStore settings, ReceiptPartitions partitions, DatabaseClock clock, Readiness readiness, IOptions<ReceiptsOptions> options,
    ILogger<LedgerUpkeep> logger) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan PartitionPeriod = TimeSpan.FromHours(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        long? partitionsAt = null;
        // Wall time: the period has to pass whatever the clock of the receipts says.
        using var timer = new PeriodicTimer(Period);
        do
        {
            await TryAsync(settings.RefreshAsync);
            await TryAsync(CheckClockAsync);
            if (readiness.Problem is null && (partitionsAt is null || Stopwatch.GetElapsedTime(partitionsAt.Value) >= PartitionPeriod) && await TryAsync(KeepPartitionsAsync))
                partitionsAt = Stopwatch.GetTimestamp();
        }
        while (await WaitAsync(timer, stoppingToken));
    }

    private async Task CheckClockAsync()
    {
        await clock.RefreshAsync();
        var before = readiness.Problem;
        readiness.Problem = clock.Problem;
        if (readiness.Problem is { } problem && before is null)
            LogClock(problem);
        else if (readiness.Problem is null && before is not null)
            LogClockRight();
    }

    private async Task KeepPartitionsAsync()
    {
        var window = (await settings.GetAsync()).ReceiptWindow;
        // One hour more than the window, because an epoch counts as its whole hour.
        await partitions.EnsureAheadAsync();
        await partitions.DropOlderThanAsync(Math.Max(window, options.Value.History) + (long)ReceiptTime.EpochSeconds);
    }

    private static async Task<bool> WaitAsync(PeriodicTimer timer, CancellationToken stopping)
    {
        try
        {
            return await timer.WaitForNextTickAsync(stopping);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private async Task<bool> TryAsync(Func<Task> work)
    {
        try
        {
            await work();
            return true;
        }
        catch (Exception e) when (Away.IsDatabase(e))
        {
            LogFailed(e.Message);
            return false;
        }
    }

    [LoggerMessage(LogLevel.Critical, "This silo is not ready and drops nothing: {Problem}")]
    private partial void LogClock(string problem);

    [LoggerMessage(LogLevel.Information, "The clock of this machine agrees with the database's again")]
    private partial void LogClockRight();

    [LoggerMessage(LogLevel.Warning, "Upkeep of the ledger waits for the database: {Problem}")]
    private partial void LogFailed(string problem);
}
