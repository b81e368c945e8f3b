using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using Pbts.Grains.Torrents;
using Pbts.Hosting.Resilience;
using Pbts.Protocol.Receipts;

namespace Pbts.Grains.Swarms;

/// <summary>
/// Brings what is said of torrents to the swarms of this silo: when they begin, and again within half a second of a change. No
/// announce waits for it; while the database is away swarms go on with what they know.
/// </summary>
internal sealed partial class TorrentWatch(TorrentStore torrents, RegisteredTorrents registered, SwarmCensus census, TimeProvider time, ILogger<TorrentWatch> logger) : BackgroundService
{
    private const int MaxBatch = 1000;

    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(400);

    private readonly ConcurrentQueue<(InfoHash InfoHash, LiveSwarm Swarm)> _begun = [];
    private readonly SemaphoreSlim _wake = new(0, 1);

    /// <summary>A swarm begins: it is told what there is to know of its torrent, at once where that is known here.</summary>
    public void Begin(InfoHash infoHash, LiveSwarm swarm)
    {
        if ((swarm.Facts = registered.Known(infoHash)) is not null)
            return;
        _begun.Enqueue((infoHash, swarm));
        if (_wake.CurrentCount == 0)
        {
            try
            {
                _wake.Release();
            }
            catch (SemaphoreFullException)
            {
                // Somebody else did.
            }
        }
    }

    public override void Dispose()
    {
        _wake.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var (last, asked) = (-1L, 0L);
        try
        {
            while (true)
            {
                await _wake.WaitAsync(Every, stoppingToken);
                try
                {
                    if (time.GetElapsedTime(asked) >= Every)
                    {
                        (last, var changed) = await torrents.ReadChangesAsync(last);
                        asked = time.GetTimestamp();
                        if (changed is not { Count: 0 })
                            await TakeChangesAsync(changed);
                    }

                    await TellBegunAsync();
                }
                catch (Exception e) when (Away.IsDatabase(e))
                {
                    LogAway(e.Message);
                    await Task.Delay(TimeSpan.FromSeconds(1), time, stoppingToken);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The silo stops.
        }
    }

    private async Task TakeChangesAsync(IReadOnlyList<InfoHash>? changed)
    {
        registered.Forget(changed);
        foreach (var (infoHash, swarm) in changed is null ? census.All : changed.Select(infoHash => (infoHash, census.Find(infoHash))).Where(live => live.Item2 is not null).Select(live => (live.infoHash, live.Item2!)))
            _begun.Enqueue((infoHash, swarm));
        await TellBegunAsync();
    }

    private async Task TellBegunAsync()
    {
        var batch = new List<(InfoHash InfoHash, LiveSwarm Swarm)>();
        while (!_begun.IsEmpty)
        {
            batch.Clear();
            while (batch.Count < MaxBatch && _begun.TryDequeue(out var begun))
                batch.Add(begun);
            IReadOnlyList<TorrentFacts?> facts;
            try
            {
                facts = await torrents.ReadFactsAsync([.. batch.Select(begun => begun.InfoHash)]);
            }
            catch
            {
                batch.ForEach(_begun.Enqueue);
                throw;
            }

            for (var i = 0; i < batch.Count; i++)
                batch[i].Swarm.Facts = facts[i];
        }
    }

    [LoggerMessage(LogLevel.Warning, "What is said of torrents cannot be read; swarms go on with what they know. {Problem}")]
    private partial void LogAway(string problem);
}
