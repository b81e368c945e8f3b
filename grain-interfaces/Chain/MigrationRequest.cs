namespace Pbts.GrainInterfaces.Chain;

/// <summary>A move of users from a predecessor contract.</summary>
/// <param name="ReferrerAddress">The predecessor.</param>
/// <param name="Users">Who moves; null: everybody.</param>
/// <param name="BatchSize">Users in one transaction, 1 to 256.</param>
/// <param name="RetireReferrer">End the predecessor in favour of the new contract when all have moved.</param>
/// <param name="Method">The text of a <see cref="Protocol.Ethereum.MigrationMethod"/>; null: the predecessor's roots where it has one and everybody moves, else records.</param>
/// <param name="Claims">By roots, the text of a <see cref="Protocol.Ethereum.MigrationClaims"/>; null: lazy.</param>
[GenerateSerializer, Immutable, Alias("pbts.MigrationRequest")]
public sealed record MigrationRequest(
    [property: Id(0)] string ReferrerAddress,
    [property: Id(1)] IReadOnlyList<string>? Users,
    [property: Id(2)] int BatchSize,
    [property: Id(3)] bool RetireReferrer,
    [property: Id(4)] string? Method = null,
    [property: Id(5)] string? Claims = null);
