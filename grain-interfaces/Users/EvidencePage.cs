namespace Pbts.GrainInterfaces.Users;

/// <summary>A page of a member's evidence.</summary>
/// <param name="Lines">Newline-delimited JSON as <c>docs/evidence.md</c> describes it; null when there is no such user, or <paramref name="Busy"/>.</param>
/// <param name="Busy">Whether too many read already: ask again later.</param>
[GenerateSerializer, Immutable, Alias("pbts.EvidencePage")]
public sealed record EvidencePage([property: Id(0)] byte[]? Lines, [property: Id(1)] bool Busy = false);
