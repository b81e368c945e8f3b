using System.Buffers.Binary;
using System.Collections.Concurrent;
using Orleans.Runtime;
using Pbts.Api.Cluster;
using Pbts.GrainInterfaces.Swarms;
using Pbts.Hosting.Workers;
using Pbts.Protocol.Receipts;

namespace Pbts.Api.Announce;

/// <summary>
/// Forwards announces from a front end without a silo of its own. Every front end gives a torrent to the same silo, and
/// the announces that come in while a message to that silo is under way share the next one: a message costs several times
/// what an announce does.
/// </summary>
internal sealed class SwarmDesks(IGrainFactory grains, ClusterFigures cluster) : BackgroundService
{
    private const int MaxBatch = 512;
    private const int MaxWaiting = 8192;

    private static readonly TimeSpan RefreshEvery = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<SiloAddress, Desk> _desks = new();
    private Desk[] _active = [];

    /// <summary>The desk for this torrent's announces; null as long as no silo is known.</summary>
    public Desk? Find(InfoHash infoHash)
    {
        // Rendezvous hashing: when a silo comes or goes, only its own share of the torrents changes hands.
        var torrent = BinaryPrimitives.ReadUInt64LittleEndian(infoHash.Span);
        Desk? best = null;
        var highest = 0UL;
        foreach (var desk in Volatile.Read(ref _active))
        {
            if (Mix(torrent ^ desk.Seed) is var weight && (best is null || weight > highest))
                (best, highest) = (desk, weight);
        }

        return best;
    }

    /// <summary>Some desk, for what any silo answers; null as long as none is known.</summary>
    public Desk? Any() => Volatile.Read(ref _active) is { Length: > 0 } active ? active[Random.Shared.Next(active.Length)] : null;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(RefreshEvery);
        do
        {
            var silos = await cluster.FindActiveAsync();
            Volatile.Write(ref _active, [.. silos.Select(silo => _desks.GetOrAdd(silo, Open))]);
            foreach (var gone in _desks.Keys.Except(silos))
                _desks.TryRemove(gone, out _); // Not closed: an announce may be about to use it still.
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private Desk Open(SiloAddress silo)
    {
        var grain = grains.GetGrain<ISwarmDeskGrain>(silo.ToParsableString());
        return new(grain, new(async batch => (await grain.TryAnnounceAsync(AnnounceBatch.Of(batch))).Read(), MaxBatch, MaxWaiting, brief: true), Mix((ulong)(uint)silo.GetConsistentHashCode()));
    }

    // The finaliser of SplitMix64: every bit of the input changes every bit of the result.
    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
        value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
        return value ^ (value >> 31);
    }

    /// <param name="Seed">Tells the silos apart in the choice of one for a torrent.</param>
    internal sealed record Desk(ISwarmDeskGrain Grain, Batcher<ForwardedAnnounce, AnnounceReply?> Batcher, ulong Seed);
}
