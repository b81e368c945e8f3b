namespace Pbts.GrainInterfaces.Issuers;

/// <summary>An issuer as it is now, or why it is not as was asked.</summary>
/// <param name="Problem">One line; null: done.</param>
/// <param name="IsUnavailable">Whether somebody who was asked did not answer, so that asking again may help.</param>
[GenerateSerializer, Immutable, Alias("pbts.IssuerResult")]
public sealed record IssuerResult([property: Id(0)] Issuer? Issuer, [property: Id(1)] string? Problem = null, [property: Id(2)] bool IsUnavailable = false);
