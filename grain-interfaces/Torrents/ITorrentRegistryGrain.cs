using Orleans.Concurrency;

namespace Pbts.GrainInterfaces.Torrents;

/// <summary>The torrents that are registered. Stateless: answers from the nearest silo, the database decides.</summary>
[Alias("pbts.ITorrentRegistryGrain")]
public interface ITorrentRegistryGrain : IGrainWithIntegerKey
{
    /// <summary>Registers what a torrent file says, under each of its infohashes. One that is known stays as it is.</summary>
    /// <param name="entries">One torrent's.</param>
    /// <param name="publisher">The member; null for the administration.</param>
    [Alias("Publish"), ResponseTimeout("00:00:10")]
    ValueTask<PublishOutcome> PublishAsync(IReadOnlyList<TorrentEntry> entries, string? publisher);

    /// <summary>Null when the infohash (40 lower-case hexadecimal digits) is not registered.</summary>
    [Alias("Find"), ResponseTimeout("00:00:05"), ReadOnly]
    ValueTask<TorrentEntry?> FindAsync(string infoHash);
}
