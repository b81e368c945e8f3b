namespace Pbts.GrainInterfaces.Trust;

/// <summary>A member's trust score, for the administration alone.</summary>
/// <param name="Score">0 to 1; null: not computed since the member has a key.</param>
/// <param name="Rank">1: nobody has a higher one.</param>
/// <param name="IsSeed">Whether the last computation followed its voice.</param>
/// <param name="IsMarked">Whether the operator marked it as a seed.</param>
/// <param name="Cluster">The number of the cluster it is in; null: in none that is listed.</param>
[GenerateSerializer, Immutable, Alias("pbts.MemberTrustScore")]
public sealed record MemberTrustScore(
    [property: Id(0)] string UserId, [property: Id(1)] double? Score, [property: Id(2)] long? Rank, [property: Id(3)] long Scored, [property: Id(4)] bool IsSeed,
    [property: Id(5)] bool IsMarked, [property: Id(6)] long? Cluster, [property: Id(7)] DateTimeOffset? ComputedAt);
