using Pbts.Protocol.Receipts;

namespace Pbts.GrainInterfaces.Swarms;

/// <summary>Counts for scrapes, found without starting a swarm for a torrent that nobody has.</summary>
public interface ISwarmScrapes
{
    /// <summary>Counts in the order of the info hashes; null when it cannot be told now.</summary>
    Task<SwarmCounts[]?> CountAsync(IReadOnlyList<InfoHash> infoHashes);
}
