namespace Pbts.GrainInterfaces.Site;

/// <summary>A group of members.</summary>
/// <param name="Id">The site's number for it.</param>
/// <param name="Name">1 to 100 characters.</param>
/// <param name="DownloadSlots">Torrents a member may leech at once; null: any number.</param>
/// <param name="IsImmune">Whether the site lets its members off hit-and-run; of no meaning here, and given back.</param>
/// <param name="DownloadFactor">Per cent, as for a <see cref="SiteTorrent"/>.</param>
/// <param name="UploadFactor">Per cent.</param>
[GenerateSerializer, Immutable, Alias("pbts.SiteGroup")]
public sealed record SiteGroup(
    [property: Id(0)] long Id, [property: Id(1)] string Name, [property: Id(2)] int? DownloadSlots = null, [property: Id(3)] bool IsImmune = false,
    [property: Id(4)] int DownloadFactor = 100, [property: Id(5)] int UploadFactor = 100)
{
    /// <summary>Groups there may be: every front end holds them all.</summary>
    public const int Most = 1000;
}

/// <summary>Factors for everybody and everything.</summary>
/// <param name="Download">Per cent, 0 to 1000.</param>
/// <param name="Upload">Per cent, 0 to 1000.</param>
/// <param name="Until">When both become 100; null: never.</param>
[GenerateSerializer, Immutable, Alias("pbts.SiteFactors")]
public sealed record SiteFactors([property: Id(0)] int Download = 100, [property: Id(1)] int Upload = 100, [property: Id(2)] DateTimeOffset? Until = null)
{
    /// <summary>As if nothing were said.</summary>
    public static SiteFactors None { get; } = new();
}
