namespace Pbts.GrainInterfaces.Policy;

/// <summary>What is said of one member.</summary>
/// <param name="UserId">The member.</param>
/// <param name="Disabled">Why it may not announce, 1 to 200 characters; null: it may.</param>
/// <param name="CanDownload">Whether it may leech.</param>
[GenerateSerializer, Immutable, Alias("pbts.MemberPolicy")]
public sealed record MemberPolicy([property: Id(0)] string UserId, [property: Id(1)] string? Disabled, [property: Id(2)] bool CanDownload);
