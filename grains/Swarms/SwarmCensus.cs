using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Options;
using Pbts.GrainInterfaces.Operations;
using Pbts.GrainInterfaces.Swarms;
using Pbts.Hosting.Configuration;
using Pbts.Hosting.Metrics;
using Pbts.Protocol.Receipts;

namespace Pbts.Grains.Swarms;

/// <summary>The swarms and peers this silo holds; kept up by the swarms themselves.</summary>
internal sealed class SwarmCensus : ILocalSwarms
{
    private readonly ConcurrentDictionary<InfoHash, LiveSwarm> _active = new();
    private long _peers;
    private long _announces;
    private long _local;

    private readonly int _maxSwarms;

    public SwarmCensus(IMeterFactory meters, IOptions<TrackerOptions> options)
    {
        _maxSwarms = options.Value.MaxSwarms;
        var meter = meters.Create(Telemetry.Name);
        meter.CreateObservableGauge("pbts.swarms", () => Swarms, "{swarm}", "Swarms active on this silo.");
        meter.CreateObservableGauge("pbts.peers", () => Peers, "{peer}", "Peers in the swarms of this silo.");
        meter.CreateObservableCounter("pbts.swarm.announces", () => Announces, "{announce}", "Announces the swarms of this silo have taken.");
        meter.CreateObservableCounter("pbts.swarm.local.announces", () => Volatile.Read(ref _local), "{announce}", "Those of them that came in through this process and needed no message.");
    }

    public long Swarms => _active.Count;

    public bool IsFull => _maxSwarms > 0 && _active.Count >= _maxSwarms;

    public long Peers => Volatile.Read(ref _peers);

    /// <summary>Announces since the silo started.</summary>
    public long Announces => Volatile.Read(ref _announces);

    public AnnounceReply? TryAnnounce(InfoHash infoHash, AnnounceRequest request)
    {
        if (!_active.TryGetValue(infoHash, out var swarm) || swarm.TryAnnounce(request) is not { } reply)
            return null;
        Interlocked.Increment(ref _local);
        return reply;
    }

    /// <summary>The same for announces that came in elsewhere.</summary>
    public ReplyBatch TryAnnounce(AnnounceBatch announces) =>
        ReplyBatch.Of(Array.ConvertAll(announces.Read(), announce => TryAnnounce(announce.InfoHash, announce.Request)), announces.IsFirstVersion);

    /// <summary>The swarms there are.</summary>
    public IEnumerable<(InfoHash InfoHash, LiveSwarm Swarm)> All => _active.Select(live => (live.Key, live.Value));

    /// <summary>A swarm of this silo; null when it is not here.</summary>
    public LiveSwarm? Find(InfoHash infoHash) => _active.GetValueOrDefault(infoHash);

    public bool Holds(InfoHash infoHash) => _active.ContainsKey(infoHash);

    public void Enter(InfoHash infoHash, LiveSwarm swarm)
    {
        // Counted before anybody can find it and add to it.
        Change(swarm.Swarm.Count);
        _active[infoHash] = swarm;
    }

    public void Leave(InfoHash infoHash, LiveSwarm swarm)
    {
        // Only its own entry: the next activation may have begun already.
        _active.TryRemove(new(infoHash, swarm));
        Change(-swarm.Swarm.Count);
    }

    public void Announced(int peers)
    {
        Interlocked.Increment(ref _announces);
        Change(peers);
    }

    public void Change(int peers)
    {
        if (peers != 0)
            Interlocked.Add(ref _peers, peers);
    }

    /// <summary>
    /// The swarms that come first in the order asked for. The counts are read while the swarms work on, so they may be an
    /// announce apart.
    /// </summary>
    public IReadOnlyList<SwarmListing> Find(SwarmSearch search)
    {
        // The lowest of the best so far is on top, to be the next to go.
        var best = new PriorityQueue<SwarmListing, long>();
        foreach (var (infoHash, live) in _active)
        {
            var swarm = live.Swarm;
            if (search.Prefix.Length > 0 && !infoHash.ToString().StartsWith(search.Prefix, StringComparison.Ordinal))
                continue;
            var listing = new SwarmListing(infoHash.ToString(), swarm.Complete, swarm.Incomplete, swarm.Downloaders);
            best.Enqueue(listing, search.Rank(listing));
            if (best.Count > search.Count)
                best.Dequeue();
        }

        return [.. best.UnorderedItems.Select(item => item.Element)];
    }
}
