namespace Pbts.GrainInterfaces.Chain;

/// <summary>A user that could not be moved.</summary>
/// <param name="Username">The user.</param>
/// <param name="Reason">Why, in the contract's words where it has some.</param>
[GenerateSerializer, Immutable, Alias("pbts.MigrationFailure")]
public sealed record MigrationFailure([property: Id(0)] string Username, [property: Id(1)] string Reason);
