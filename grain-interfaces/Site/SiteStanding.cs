using Pbts.Protocol.Receipts;

namespace Pbts.GrainInterfaces.Site;

/// <summary>What a site says of a member that its announces depend on, and what it leeches.</summary>
/// <param name="GroupId">Its group.</param>
/// <param name="FreeleechUntil">Until when nothing of its downloads is credited.</param>
/// <param name="Tokens">Its tokens.</param>
/// <param name="Leeching">Torrents it leeches, as of a few seconds ago, the first first.</param>
[GenerateSerializer, Immutable, Alias("pbts.SiteStanding")]
public sealed record SiteStanding(
    [property: Id(0)] long? GroupId, [property: Id(1)] DateTimeOffset? FreeleechUntil, [property: Id(2)] IReadOnlyList<HeldToken> Tokens, [property: Id(3)] IReadOnlyList<InfoHash> Leeching);

/// <summary>A member's token: nothing of its download of this torrent is credited.</summary>
[GenerateSerializer, Immutable, Alias("pbts.HeldToken")]
public readonly record struct HeldToken([property: Id(0)] InfoHash InfoHash, [property: Id(1)] DateTimeOffset? Until);
