namespace Pbts.GrainInterfaces.Trust;

/// <summary>What is known of the computation of trust scores.</summary>
/// <param name="IsRunning">Whether one is under way.</param>
/// <param name="Last">The last that came to its end; null: none yet.</param>
/// <param name="Problem">Why the latest one did not; null: it did.</param>
[GenerateSerializer, Immutable, Alias("pbts.TrustStatus")]
public sealed record TrustStatus([property: Id(0)] bool IsRunning, [property: Id(1)] TrustRun? Last, [property: Id(2)] string? Problem);

/// <summary>A computation that came to its end.</summary>
[GenerateSerializer, Immutable, Alias("pbts.TrustRun")]
public sealed record TrustRun
{
    [Id(0)]
    public required long Id { get; init; }

    [Id(1)]
    public required DateTimeOffset StartedAt { get; init; }

    [Id(2)]
    public required DateTimeOffset FinishedAt { get; init; }

    /// <summary>Whether somebody asked for it, and it was not its time.</summary>
    [Id(3)]
    public required bool IsAsked { get; init; }

    /// <summary>Members with a key.</summary>
    [Id(4)]
    public required long Members { get; init; }

    /// <summary>Pairs of a receiver and a sender.</summary>
    [Id(5)]
    public required long Edges { get; init; }

    /// <summary>Members whose voices were followed.</summary>
    [Id(6)]
    public required long Seeds { get; init; }

    /// <summary>Whether the operator had marked them.</summary>
    [Id(7)]
    public required bool IsMarked { get; init; }

    [Id(8)]
    public required long Clusters { get; init; }

    /// <summary>The voices that made a score of 1.</summary>
    [Id(9)]
    public required double FullScore { get; init; }

    [Id(10)]
    public required double Decay { get; init; }

    [Id(11)]
    public required double Passage { get; init; }

    /// <summary>Bytes.</summary>
    [Id(12)]
    public required long FullVoice { get; init; }
}
