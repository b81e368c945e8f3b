using System.Diagnostics;
using System.Net;
using Orleans.Runtime;
using Pbts.GrainInterfaces.Swarms;
using Pbts.Hosting.Cluster;

namespace Pbts.Api.Announce;

/// <summary>
/// The way to one silo. Each of its threads hands in the announces that have come meanwhile, waits for the answers, and gives
/// them to whoever waits: by an <see cref="AnnounceLane"/> of its own, or by Orleans' messages while there is none.
/// </summary>
internal sealed partial class SwarmDesk : IDisposable
{
    /// <summary>While one waits for the silo, the other packs or unpacks.</summary>
    private const int Threads = 2;

    private const int MaxWaiting = 8192;

    /// <summary>So many announces do not wait for the end of what their thread does.</summary>
    private const int Enough = 64;

    private readonly SiloAddress _silo;
    private readonly ClusterKey _key;
    private readonly ILogger _logger;
    private readonly object _arrivals = new();
    private readonly Action _wake;
    private readonly ClusterConnection?[] _lanes = new ClusterConnection?[Threads];
    private List<Waiting> _queue = [];
    private int _idle;
    private bool _opening;
    private long? _tried;
    private volatile bool _closed;

    public SwarmDesk(SiloAddress silo, ISwarmDeskGrain grain, ClusterKey key, ulong seed, ILogger logger)
    {
        (_silo, Grain, _key, Seed, _logger) = (silo, grain, key, seed, logger);
        _wake = Wake;
        for (var number = 0; number < Threads; number++)
        {
            var mine = number;
            new Thread(() => Run(mine)) { IsBackground = true, Name = $"desk-{number}" }.Start();
        }
    }

    public ISwarmDeskGrain Grain { get; }

    /// <summary>So long after a try to open the lane comes the next.</summary>
    public TimeSpan TryEvery { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Tells the silos apart in the choice of one for a torrent.</summary>
    public ulong Seed { get; }

    /// <summary>Hands the announce in; null when too many wait.</summary>
    public Task<AnnounceReply?>? TryRun(ForwardedAnnounce announce)
    {
        // What callers do with their answer is so little that the thread does it for them, one after the other.
        var waiting = new Waiting(announce, new());
        int count;
        lock (_arrivals)
        {
            if (_queue.Count >= MaxWaiting || _closed)
                return null;
            _queue.Add(waiting);
            count = _idle > 0 ? _queue.Count : 0;
        }

        if (count == 1)
            WakeUps.Run(_wake);
        else if (count == Enough)
            _wake();
        return waiting.Reply.Task;
    }

    /// <summary>Opens the lanes that there are not, now and then.</summary>
    public async Task OpenLanesAsync()
    {
        if (!_lanes.Contains(null) || (_tried is { } tried && Stopwatch.GetElapsedTime(tried) < TryEvery) || Interlocked.Exchange(ref _opening, true))
            return;
        try
        {
            if (await Grain.LanePortAsync() is > 0 and var port)
                await Task.Run(() => OpenLanes(new IPEndPoint(_silo.Endpoint.Address, port)));
        }
#pragma warning disable CA1031 // An older silo has no lane, a firewall may be before it: messages do.
        catch (Exception e)
#pragma warning restore CA1031
        {
            if (_tried is null)
                LogNotOpen(_silo, e.Message);
        }

        _tried = Stopwatch.GetTimestamp();
        _opening = false;
    }

    public void Dispose()
    {
        lock (_arrivals)
        {
            _closed = true;
            Monitor.PulseAll(_arrivals);
        }

        foreach (var lane in _lanes)
            lane?.Dispose();
    }

    private void OpenLanes(IPEndPoint address)
    {
        for (var i = 0; i < Threads && !_closed; i++)
        {
            if (_lanes[i] is null)
                Volatile.Write(ref _lanes[i], ClusterConnection.Open(address, _key, AnnounceLane.Patience));
            if (_closed)
                _lanes[i]?.Dispose();
        }
    }

    private void Wake()
    {
        lock (_arrivals)
            Monitor.Pulse(_arrivals);
    }

    private void Run(int number)
    {
        for (List<Waiting> batch = []; Take(ref batch);)
        {
            WakeUps.PutOff();
            try
            {
                var replies = Forward([.. batch.Select(waiting => waiting.Announce)], ref _lanes[number]);
                for (var i = 0; i < batch.Count; i++)
                    batch[i].Reply.TrySetResult(replies[i]);
            }
#pragma warning disable CA1031 // Whatever went wrong belongs to the callers who wait; the thread goes on.
            catch (Exception e)
#pragma warning restore CA1031
            {
                foreach (var (_, reply) in batch)
                    reply.TrySetException(e);
            }

            WakeUps.Release();
        }
    }

    private bool Take(ref List<Waiting> batch)
    {
        batch.Clear();
        lock (_arrivals)
        {
            while (_queue.Count == 0)
            {
                if (_closed)
                    return false;
                _idle++;
                Monitor.Wait(_arrivals);
                _idle--;
            }

            if (_queue.Count <= AnnounceLane.MaxBatch)
            {
                (_queue, batch) = (batch, _queue);
                return true;
            }

            batch.AddRange(_queue[..AnnounceLane.MaxBatch]);
            _queue.RemoveRange(0, AnnounceLane.MaxBatch);
            return true;
        }
    }

    private AnnounceReply?[] Forward(ForwardedAnnounce[] announces, ref ClusterConnection? way)
    {
        var batch = AnnounceBatch.Of(announces);
        if (Volatile.Read(ref way) is { } lane)
        {
            try
            {
                lane.Send(batch.Bytes);
                var replies = new ReplyBatch(lane.Receive(AnnounceLane.MaxReply)).Read();
                return replies.Length == announces.Length ? replies : throw new InvalidDataException($"{replies.Length} answers to {announces.Length} announces.");
            }
#pragma warning disable CA1031 // Announces may be repeated harmlessly, and Orleans knows what to do about a silo that is gone.
            catch (Exception e)
#pragma warning restore CA1031
            {
                LogBroken(_silo, e.Message);
                lane.Dispose();
                way = null;
            }
        }

        // From the pool, as every call of a grain (PoolThread).
        return Task.Run(() => Grain.TryAnnounceAsync(batch).AsTask()).GetAwaiter().GetResult().Read();
    }

    [LoggerMessage(LogLevel.Information, "Announces for {Silo} go through its gateway: {Reason}")]
    private partial void LogNotOpen(SiloAddress silo, string reason);

    [LoggerMessage(LogLevel.Information, "Announces for {Silo} go through its gateway again: {Reason}")]
    private partial void LogBroken(SiloAddress silo, string reason);

    private readonly record struct Waiting(ForwardedAnnounce Announce, TaskCompletionSource<AnnounceReply?> Reply);
}
