using Pbts.Protocol.Receipts;

namespace Pbts.GrainInterfaces.Swarms;

/// <summary>
/// Where front ends hand in announces for the swarms of one silo. The key is the silo's address in parsable form; the
/// grain runs on that silo.
/// </summary>
[Alias("pbts.ISwarmDeskGrain")]
public interface ISwarmDeskGrain : IGrainWithStringKey
{
    /// <summary>Takes the announces whose swarms are active on this silo, at once.</summary>
    /// <returns>In the order of the announces; null, and nothing has happened, where an announce needs a turn of its swarm's grain.</returns>
    [Alias("TryAnnounce"), ResponseTimeout("00:00:05")]
    ValueTask<ReplyBatch> TryAnnounceAsync(AnnounceBatch announces);

    /// <summary>Takes one announce to its swarm, which starts on this silo if it is active nowhere, and is asked over if it is active elsewhere.</summary>
    /// <returns>Null when it would have to start and the silo has as many swarms as it may.</returns>
    [Alias("Announce"), ResponseTimeout("00:00:05")]
    ValueTask<AnnounceReply?> AnnounceAsync(ForwardedAnnounce announce);

    /// <summary>Which of the torrents have their swarm active on this silo, in their order.</summary>
    [Alias("Holds"), ResponseTimeout("00:00:05")]
    ValueTask<bool[]> HoldsAsync(InfoHash[] infoHashes);

    /// <summary>What <see cref="ISwarmScrapes"/> answers, for front ends without a silo.</summary>
    [Alias("Scrape"), ResponseTimeout("00:00:05")]
    Task<SwarmCounts[]?> ScrapeAsync(InfoHash[] infoHashes);

    /// <summary>The port of the silo's address where <see cref="TryAnnounceAsync"/> can be had without Orleans' messages (<see cref="AnnounceLane"/>); 0: there is none.</summary>
    [Alias("LanePort"), ResponseTimeout("00:00:05")]
    ValueTask<int> LanePortAsync();
}
