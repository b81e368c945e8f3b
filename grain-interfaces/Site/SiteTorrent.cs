using Pbts.GrainInterfaces.Torrents;

namespace Pbts.GrainInterfaces.Site;

/// <summary>What a site says of a torrent.</summary>
public enum TorrentStatus
{
    /// <summary>Not looked at yet: announces get a warning and no peers.</summary>
    Pending = 0,

    /// <summary>Served.</summary>
    Approved = 1,

    /// <summary>Announces fail, with the reason.</summary>
    Rejected = 2,

    /// <summary>As pending.</summary>
    Postponed = 3,

    /// <summary>Announces fail. What was transferred stays known.</summary>
    Deleted = 4,
}

/// <summary>A torrent of a site.</summary>
/// <param name="InfoHash">40 lower-case hexadecimal digits, as it is announced.</param>
/// <param name="Id">The site's number for it; null where it has none.</param>
/// <param name="Status">Whether it is served.</param>
/// <param name="Reason">What the client is told where it is not, 1 to 200 characters.</param>
/// <param name="DownloadFactor">Per cent of a download that is credited, 0 to 1000; the lowest that applies counts.</param>
/// <param name="UploadFactor">Per cent of an upload that is credited, 0 to 1000; the highest that applies counts.</param>
/// <param name="FactorsUntil">When both become 100; null: never.</param>
/// <param name="TimesCompleted">Downloads completed elsewhere before, which are added to those here.</param>
[GenerateSerializer, Immutable, Alias("pbts.SiteTorrent")]
public sealed record SiteTorrent(
    [property: Id(0)] string InfoHash, [property: Id(1)] long? Id, [property: Id(2)] TorrentStatus Status = TorrentStatus.Approved, [property: Id(3)] string? Reason = null,
    [property: Id(4)] int DownloadFactor = 100, [property: Id(5)] int UploadFactor = 100, [property: Id(6)] DateTimeOffset? FactorsUntil = null, [property: Id(7)] long TimesCompleted = 0);

/// <summary>A torrent of a site and how it is.</summary>
/// <param name="Torrent">What the site says.</param>
/// <param name="IsFeatured">Whether it is featured: nothing of a download is credited, all of an upload twice.</param>
[GenerateSerializer, Immutable, Alias("pbts.SiteTorrentState")]
public sealed record SiteTorrentState([property: Id(0)] SiteTorrent Torrent, [property: Id(1)] bool IsFeatured);

/// <summary>A torrent that was looked for.</summary>
/// <param name="InfoHash">40 lower-case hexadecimal digits.</param>
/// <param name="Entry">What its file says; null where none was brought.</param>
/// <param name="State">What the site says; null: nothing.</param>
[GenerateSerializer, Immutable, Alias("pbts.FoundTorrent")]
public sealed record FoundTorrent([property: Id(0)] string InfoHash, [property: Id(1)] TorrentEntry? Entry, [property: Id(2)] SiteTorrentState? State);

/// <summary>What came of a torrent that was set.</summary>
public enum SiteTorrentVerdict
{
    /// <summary>It is as was said.</summary>
    Set,

    /// <summary>The site's number is another torrent's. Nothing was done.</summary>
    IdTaken,
}
