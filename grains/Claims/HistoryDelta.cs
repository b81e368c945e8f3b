using Pbts.GrainInterfaces.Swarms;

namespace Pbts.Grains.Claims;

/// <summary>What a member did with a registered torrent since it was last written: sums, and how it is now.</summary>
/// <param name="Uploaded">Bytes that are believed of the client's counters.</param>
/// <param name="Downloaded">Likewise.</param>
/// <param name="CreditedUploaded">With the factors that held.</param>
/// <param name="CreditedDownloaded">Likewise.</param>
/// <param name="Seeded">Milliseconds.</param>
/// <param name="Completed">It has finished the download.</param>
/// <param name="IsActive">It is in the swarm.</param>
/// <param name="Seen">When it announced last.</param>
/// <param name="Last">That announce.</param>
internal sealed record HistoryDelta(
    long Uploaded, long Downloaded, long CreditedUploaded, long CreditedDownloaded, long Seeded, bool Completed, bool IsActive, DateTimeOffset Seen, AnnounceRequest Last)
{
    public HistoryDelta Plus(HistoryDelta later) => new(
        Uploaded + later.Uploaded, Downloaded + later.Downloaded, CreditedUploaded + later.CreditedUploaded, CreditedDownloaded + later.CreditedDownloaded,
        Seeded + later.Seeded, Completed || later.Completed, later.IsActive, later.Seen, later.Last);
}

/// <summary>How many there are in a swarm, and how many downloads have been completed since it began.</summary>
internal readonly record struct TorrentCounts(int Complete, int Incomplete, long Completions);
