using Orleans.Concurrency;

namespace Pbts.GrainInterfaces.Swarms;

/// <summary>The peers of one torrent. The key is the info hash in lower-case hex (40 characters).</summary>
[Alias("pbts.ISwarmGrain")]
public interface ISwarmGrain : IGrainWithStringKey
{
    /// <summary>Takes the announce into the swarm and answers with counts and peers.</summary>
    [Alias("Announce"), ResponseTimeout("00:00:05")]
    ValueTask<AnnounceReply> AnnounceAsync(AnnounceRequest request);

    /// <summary>Counts for a scrape.</summary>
    [Alias("Scrape"), ResponseTimeout("00:00:05")]
    ValueTask<SwarmCounts> ScrapeAsync();

    /// <summary>Peers that are listed, so many at most.</summary>
    [Alias("ListPeers"), ResponseTimeout("00:00:05"), ReadOnly]
    ValueTask<IReadOnlyList<SwarmPeer>> ListPeersAsync(int most);

    /// <summary>Goes to that silo with all peers, unless it has come to its present one only just now.</summary>
    [Alias("Move"), OneWay]
    Task MoveAsync(SiloAddress silo);

    /// <summary>Does nothing but be there; if nobody announces to the swarm, it ends again.</summary>
    [Alias("Start"), ResponseTimeout("00:00:03")]
    ValueTask StartAsync();
}
