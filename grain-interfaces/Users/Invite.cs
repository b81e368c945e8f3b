namespace Pbts.GrainInterfaces.Users;

/// <summary>An invite as it is listed.</summary>
/// <param name="Maker">The member who made it; null: the administration.</param>
/// <param name="Uses">How many may come by it.</param>
/// <param name="Used">How many have.</param>
/// <param name="UsedBy">Those who came last, not more than <see cref="MostNamed"/>.</param>
[GenerateSerializer, Immutable, Alias("pbts.Invite")]
public sealed record Invite(
    [property: Id(0)] long Id, [property: Id(1)] string? Maker, [property: Id(2)] int Uses, [property: Id(3)] int Used, [property: Id(4)] DateTimeOffset MadeAt,
    [property: Id(5)] DateTimeOffset ExpiresAt, [property: Id(6)] DateTimeOffset? RevokedAt, [property: Id(7)] IReadOnlyList<string> UsedBy)
{
    public const int MostNamed = 50;
}

/// <summary>Answer to the wish for an invite.</summary>
/// <param name="Token">What to hand on; null when the member may not give so many.</param>
/// <param name="Left">How many the member may give still, after this; null for the administration.</param>
[GenerateSerializer, Immutable, Alias("pbts.NewInvite")]
public sealed record NewInvite([property: Id(0)] string? Token, [property: Id(1)] long Id, [property: Id(2)] DateTimeOffset ExpiresAt, [property: Id(3)] long? Left);
