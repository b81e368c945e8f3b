using System.Buffers.Binary;
using System.Collections.Concurrent;
using Orleans.Runtime;
using Pbts.Api.Cluster;
using Pbts.GrainInterfaces.Swarms;
using Pbts.Hosting.Cluster;
using Pbts.Protocol.Receipts;

namespace Pbts.Api.Announce;

/// <summary>
/// Forwards announces from a front end without a silo of its own. Every front end gives a torrent to the same silo, and
/// the announces that come in while others are under way to that silo go together: the way costs several times what an
/// announce does.
/// </summary>
internal sealed class SwarmDesks(IGrainFactory grains, ClusterFigures cluster, ClusterKey key, ILogger<SwarmDesks> logger) : BackgroundService
{
    private static readonly TimeSpan RefreshEvery = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<SiloAddress, SwarmDesk> _desks = new();
    private SwarmDesk[] _active = [];

    /// <summary>The desk for this torrent's announces; null as long as no silo is known.</summary>
    public SwarmDesk? Find(InfoHash infoHash)
    {
        // Rendezvous hashing: when a silo comes or goes, only its own share of the torrents changes hands.
        var torrent = BinaryPrimitives.ReadUInt64LittleEndian(infoHash.Span);
        SwarmDesk? best = null;
        var highest = 0UL;
        foreach (var desk in Volatile.Read(ref _active))
        {
            if (Mix(torrent ^ desk.Seed) is var weight && (best is null || weight > highest))
                (best, highest) = (desk, weight);
        }

        return best;
    }

    /// <summary>Some desk, for what any silo answers; null as long as none is known.</summary>
    public SwarmDesk? Any() => Volatile.Read(ref _active) is { Length: > 0 } active ? active[Random.Shared.Next(active.Length)] : null;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var gone = new List<SwarmDesk>();
        using var timer = new PeriodicTimer(RefreshEvery);
        do
        {
            var silos = await cluster.FindActiveAsync();
            Volatile.Write(ref _active, [.. silos.Select(silo => _desks.GetOrAdd(silo, Open))]);
            // One that is gone is closed only now that nobody has it in hand any more.
            foreach (var desk in gone)
                desk.Dispose();
            gone.Clear();
            foreach (var silo in _desks.Keys.Except(silos))
            {
                if (_desks.TryRemove(silo, out var desk))
                    gone.Add(desk);
            }

            foreach (var desk in _active)
                _ = desk.OpenLanesAsync();
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private SwarmDesk Open(SiloAddress silo) =>
        new(silo, grains.GetGrain<ISwarmDeskGrain>(silo.ToParsableString()), key, Mix((ulong)(uint)silo.GetConsistentHashCode()), logger);

    // The finaliser of SplitMix64: every bit of the input changes every bit of the result.
    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
        value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
        return value ^ (value >> 31);
    }
}
