namespace Pbts.GrainInterfaces.Site;

/// <summary>A member's token for one torrent: nothing of its download is credited.</summary>
/// <param name="UserId">The member.</param>
/// <param name="InfoHash">40 lower-case hexadecimal digits.</param>
/// <param name="Until">When it ends; null: never.</param>
[GenerateSerializer, Immutable, Alias("pbts.FreeleechToken")]
public sealed record FreeleechToken([property: Id(0)] string UserId, [property: Id(1)] string InfoHash, [property: Id(2)] DateTimeOffset? Until = null);
