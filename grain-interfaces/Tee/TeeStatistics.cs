namespace Pbts.GrainInterfaces.Tee;

/// <summary>What was done since the start or the last reset.</summary>
[GenerateSerializer, Immutable, Alias("pbts.TeeStatistics")]
public sealed record TeeStatistics(
    [property: Id(0)] long KeyGenerations, [property: Id(1)] double KeyMilliseconds, [property: Id(2)] long Attestations, [property: Id(3)] double AttestationMilliseconds)
{
    /// <summary>Nothing yet.</summary>
    public static TeeStatistics None { get; } = new(0, 0, 0, 0);
}
