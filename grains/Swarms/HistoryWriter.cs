using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using Pbts.Grains.Claims;
using Pbts.Hosting.Resilience;

namespace Pbts.Grains.Swarms;

/// <summary>
/// Writes what members' clients claim, and what they did with registered torrents, behind the announces: every two seconds, and
/// once more when the silo has stopped, after which no announce can come any more.
/// </summary>
internal sealed partial class HistoryWriter(ClaimedTotals claimed, SwarmCensus census, SwarmRules rules, HistoryStore store, TimeProvider time, ILogger<HistoryWriter> logger) : BackgroundService, IHostedLifecycleService
{
    /// <summary>Rows in a transaction: as many as would hold up announces for no longer than some milliseconds.</summary>
    private const int MaxRows = 1000;

    /// <summary>
    /// Transactions in a turn: more announces than that are written later, which adds them up meanwhile. It is what a million
    /// and more peers announce in two seconds.
    /// </summary>
    private const int MaxBatches = 3;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan EndEvery = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan DropEvery = TimeSpan.FromHours(1);

    private HistoryBatch? _unwritten;

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => WriteAsync(int.MaxValue);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval);
        var (ended, dropped) = (time.GetTimestamp(), time.GetTimestamp());
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                await WriteAsync(MaxBatches);
                if (time.GetElapsedTime(ended) > EndEvery && await TryAsync(() => store.EndInactiveAsync(TimeSpan.FromSeconds(rules.Lifetime))))
                    ended = time.GetTimestamp();
                if (time.GetElapsedTime(dropped) > DropEvery && await TryAsync(store.DropOutdatedAsync))
                    dropped = time.GetTimestamp();
            }
        }
        catch (OperationCanceledException)
        {
            // The last of it is written when everything else has stopped.
        }
    }

    private async Task WriteAsync(int batches)
    {
        for (; batches > 0; batches--)
        {
            // One that could not be written is tried again as it was: it may have been, and only its answer lost.
            var batch = _unwritten ?? Gather();
            if (batch.IsEmpty)
                return;
            _unwritten = batch;
            if (!await TryAsync(() => store.WriteAsync(batch)))
                return;
            _unwritten = null;
        }
    }

    private HistoryBatch Gather()
    {
        var counts = claimed.DrainEnded().Select(ended => (ended.InfoHash, ended.Id, Counts: default(TorrentCounts))).ToList();
        foreach (var (infoHash, swarm) in census.All)
        {
            if (counts.Count >= MaxRows)
                break;
            if (swarm.Facts is { } facts && swarm.TryTell(out var now))
                counts.Add((infoHash, facts.Id, now));
        }

        return new HistoryBatch(Guid.NewGuid(), claimed.Drain(), claimed.DrainHistory(MaxRows), counts);
    }

    private async Task<bool> TryAsync(Func<Task> write)
    {
        try
        {
            await write();
            return true;
        }
        catch (Exception e) when (Away.IsDatabase(e))
        {
            // Kept until written: a database that is away loses nothing of it, only a crash does.
            LogFailed(e);
            return false;
        }
    }

    [LoggerMessage(LogLevel.Warning, "Claimed transfer and history could not be written yet; it is tried again.")]
    private partial void LogFailed(Exception exception);
}
