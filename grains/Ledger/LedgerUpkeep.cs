using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;
using Pbts.GrainInterfaces.Configuration;
using Pbts.Grains.Settings;
using Pbts.Protocol.Receipts;

namespace Pbts.Grains.Ledger;

/// <summary>
/// What a silo does for the ledger by itself: follows the settings, makes partitions ahead and
/// drops old ones. Every silo does it; doing it twice is harmless.
/// </summary>
internal sealed partial class LedgerUpkeep(
    SettingsStore settings, ReceiptPartitions partitions, IOptions<ReceiptsOptions> options, TimeProvider time, ILogger<LedgerUpkeep> logger) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan PartitionPeriod = TimeSpan.FromHours(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var nextPartitions = DateTimeOffset.MinValue;
        // Wall time: the period has to pass whatever the clock of the receipts says.
        using var timer = new PeriodicTimer(Period);
        do
        {
            await TryAsync(settings.RefreshAsync);
            if (time.GetUtcNow() >= nextPartitions && await TryAsync(KeepPartitionsAsync))
                nextPartitions = time.GetUtcNow() + PartitionPeriod;
        }
        while (await WaitAsync(timer, stoppingToken));
    }

    private async Task KeepPartitionsAsync()
    {
        var now = time.GetUtcNow().ToUnixTimeSeconds();
        var window = (await settings.GetAsync()).ReceiptWindow;
        // One hour more than the window, because an epoch counts as its whole hour.
        var oldest = now - Math.Max(window, options.Value.History) - (long)ReceiptTime.EpochSeconds;
        await partitions.EnsureAsync(Enumerable.Range(-1, 4).Select(day => EpochOf(now) + (day * ReceiptPartitions.Span)));
        await partitions.DropBeforeAsync(EpochOf(oldest));
    }

    private static long EpochOf(long seconds) => (long)ReceiptTime.EpochOf((ulong)Math.Max(seconds, 0));

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
        catch (Exception e) when (e is NpgsqlException or TimeoutException)
        {
            LogFailed(e.Message);
            return false;
        }
    }

    [LoggerMessage(LogLevel.Warning, "Upkeep of the ledger waits for the database: {Problem}")]
    private partial void LogFailed(string problem);
}
