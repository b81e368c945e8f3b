namespace Pbts.GrainInterfaces.Policy;

/// <summary>A token for programs, without itself.</summary>
/// <param name="Id">By which it is revoked.</param>
/// <param name="Name">What it is for, 1 to 64 characters.</param>
/// <param name="Scopes">What it may do: of <see cref="ApiScope.All"/>.</param>
/// <param name="LastUsedAt">To the minute; null: never.</param>
[GenerateSerializer, Immutable, Alias("pbts.ApiToken")]
public sealed record ApiToken(
    [property: Id(0)] long Id, [property: Id(1)] string Name, [property: Id(2)] IReadOnlyList<string> Scopes, [property: Id(3)] DateTimeOffset MadeAt,
    [property: Id(4)] DateTimeOffset? LastUsedAt, [property: Id(5)] DateTimeOffset? RevokedAt);

/// <summary>A live token as front ends know it.</summary>
/// <param name="Hash">SHA-256 of its text.</param>
[GenerateSerializer, Immutable, Alias("pbts.ApiTokenGrant")]
public sealed record ApiTokenGrant([property: Id(0)] byte[] Hash, [property: Id(1)] long Id, [property: Id(2)] string Name, [property: Id(3)] IReadOnlyList<string> Scopes);
