using Pbts.GrainInterfaces.Site;
using Pbts.GrainInterfaces.Swarms;

namespace Pbts.Grains.Torrents;

/// <summary>What announces depend on of a registered torrent. It lives with the torrent's swarm.</summary>
/// <param name="Id">The site's number for it.</param>
/// <param name="Status">Whether it is served.</param>
/// <param name="Reason">What clients are told where it is not.</param>
/// <param name="Download">Per cent of a download that is credited.</param>
/// <param name="Upload">Per cent of an upload that is credited.</param>
/// <param name="Until">When both become 100.</param>
/// <param name="IsFeatured">Nothing of a download is credited, and all of an upload twice.</param>
internal sealed record TorrentFacts(long? Id, TorrentStatus Status, string? Reason, int Download, int Upload, DateTimeOffset? Until, bool IsFeatured)
{
    /// <summary>Of one of which no site says anything.</summary>
    public static TorrentFacts Plain { get; } = new(null, TorrentStatus.Approved, null, 100, 100, null, false);

    /// <summary>The answer to announces; null: it is served.</summary>
    public AnnounceReply? Refusal { get; } = Status switch
    {
        TorrentStatus.Approved => null,
        TorrentStatus.Pending => Refuse(AnnounceRefusal.Waits, "this torrent has not been approved yet", Reason),
        TorrentStatus.Postponed => Refuse(AnnounceRefusal.Waits, "this torrent has been postponed", Reason),
        TorrentStatus.Rejected => Refuse(AnnounceRefusal.Rejected, "this torrent has been rejected", Reason),
        _ => Refuse(AnnounceRefusal.Rejected, "this torrent has been deleted", Reason),
    };

    /// <summary>Per cent that are credited now, of what a member with these factors of its own transfers.</summary>
    public (int Download, int Upload) FactorsFor(AnnounceRequest request, DateTimeOffset now)
    {
        var (download, upload) = Until <= now ? (100, 100) : (Download, Upload);
        if (IsFeatured)
            (download, upload) = (0, Math.Max(upload, 200));
        return (Math.Min(download, request.DownloadFactor), Math.Max(upload, request.UploadFactor));
    }

    private static AnnounceReply Refuse(AnnounceRefusal refusal, string what, string? reason) => new() { Refusal = refusal, Reason = reason is null ? what : $"{what}: {reason}" };
}
