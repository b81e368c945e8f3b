using System.Collections.Concurrent;
using Npgsql;
using Pbts.GrainInterfaces.Swarms;
using Pbts.Hosting.Resilience;
using Pbts.Hosting.Workers;
using Pbts.Protocol.Receipts;

namespace Pbts.Grains.Swarms;

/// <summary>
/// Answers scrapes. Swarms that are active, on whatever silo, are asked themselves; of the others the database knows how often
/// they were downloaded and whether their peers were put away, and only those that were are started. Anybody can make up
/// info hashes: those cost a place in a statement that many share.
/// </summary>
internal sealed class SwarmScrapes : ISwarmScrapes, IAsyncDisposable
{
    private const int MaxBatch = 1000;
    private const int MaxWaiting = 10_000;
    private const int Remembered = 50_000;
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(2);

    private readonly IGrainFactory _grains;
    private readonly SwarmCensus _census;
    private readonly ISiloStatusOracle _silos;
    private readonly TimeProvider _time;
    private readonly Batcher<InfoHash, QuietSwarm> _quiet;
    private readonly ConcurrentDictionary<InfoHash, (QuietSwarm Swarm, long At)> _known = new();

    public SwarmScrapes(IGrainFactory grains, SwarmCensus census, SwarmStore store, ISiloStatusOracle silos, TimeProvider time)
    {
        _grains = grains;
        _census = census;
        _silos = silos;
        _time = time;
        _quiet = new(store.FindQuietAsync, MaxBatch, MaxWaiting);
    }

    public async Task<SwarmCounts[]?> CountAsync(IReadOnlyList<InfoHash> infoHashes)
    {
        var counts = new SwarmCounts[infoHashes.Count];
        var active = new bool[infoHashes.Count];
        for (var i = 0; i < active.Length; i++)
            active[i] = _census.Holds(infoHashes[i]);
        await FindElsewhereAsync(infoHashes, active);

        var asked = new List<(int Place, Task<QuietSwarm> Answer)>();
        for (var i = 0; i < active.Length; i++)
        {
            if (active[i])
                continue;
            if (_known.TryGetValue(infoHashes[i], out var known) && _time.GetElapsedTime(known.At) < Lifetime)
                (counts[i], active[i]) = (new(0, 0, 0, known.Swarm.Completed), known.Swarm.HasPeers);
            else if (_quiet.TryRun(infoHashes[i]) is { } answer)
                asked.Add((i, answer));
            else
                return null;
        }

        try
        {
            foreach (var (place, answer) in asked)
            {
                var swarm = await answer;
                Remember(infoHashes[place], swarm);
                (counts[place], active[place]) = (new(0, 0, 0, swarm.Completed), swarm.HasPeers);
            }
        }
        catch (Exception e) when (Away.IsDatabase(e))
        {
            return null;
        }

        var calls = Enumerable.Range(0, active.Length).Where(place => active[place])
            .Select(async place => counts[place] = await _grains.GetGrain<ISwarmGrain>(infoHashes[place].ToString()).ScrapeAsync());
        await Task.WhenAll(calls);
        return counts;
    }

    public ValueTask DisposeAsync() => _quiet.DisposeAsync();

    /// <summary>One question to each other silo, for all that are not here.</summary>
    private async Task FindElsewhereAsync(IReadOnlyList<InfoHash> infoHashes, bool[] active)
    {
        var others = _silos.GetApproximateSiloStatuses(onlyActive: true).Keys.Where(silo => !silo.Equals(_silos.SiloAddress)).ToList();
        var places = Enumerable.Range(0, active.Length).Where(place => !active[place]).ToArray();
        if (others.Count == 0 || places.Length == 0)
            return;
        var sought = Array.ConvertAll(places, place => infoHashes[place]);
        foreach (var held in await Task.WhenAll(others.Select(silo => _grains.GetGrain<ISwarmDeskGrain>(silo.ToParsableString()).HoldsAsync(sought).AsTask())))
        {
            for (var i = 0; i < held.Length; i++)
                active[places[i]] |= held[i];
        }
    }

    private void Remember(InfoHash infoHash, QuietSwarm swarm)
    {
        if (_known.Count >= Remembered)
            _known.Clear();
        _known[infoHash] = (swarm, _time.GetTimestamp());
    }
}

/// <summary>What the database knows of a torrent without an active swarm.</summary>
/// <param name="HasPeers">Its peers were put away for the next activation.</param>
internal readonly record struct QuietSwarm(long Completed, bool HasPeers);
