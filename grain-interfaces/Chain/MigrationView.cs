namespace Pbts.GrainInterfaces.Chain;

/// <summary>A migration as it stands.</summary>
[GenerateSerializer, Immutable, Alias("pbts.MigrationView")]
public sealed record MigrationView
{
    /// <summary>Failures listed; there may be more (<see cref="FailedCount"/>).</summary>
    public const int MaxFailures = 1000;

    [Id(0)] public required Guid Id { get; init; }

    /// <summary><c>pending</c>, <c>running</c>, <c>paused</c>, <c>completed</c>, <c>failed</c> or <c>cancelled</c>.</summary>
    [Id(1)] public required string State { get; init; }

    /// <summary>What it is at: <c>deploy</c>, <c>discover</c>, <c>migrate</c>, <c>retire</c> or <c>done</c>.</summary>
    [Id(2)] public required string Phase { get; init; }

    /// <summary>Users found so far.</summary>
    [Id(3)] public int Total { get; init; }

    [Id(4)] public int Migrated { get; init; }

    [Id(5)] public int FailedCount { get; init; }

    [Id(6)] public IReadOnlyList<MigrationFailure> Failed { get; init; } = [];

    /// <summary>The new contract; null before it exists.</summary>
    [Id(7)] public string? ReputationAddress { get; init; }

    [Id(8)] public required string ReferrerAddress { get; init; }

    /// <summary>Gas of all its mined transactions.</summary>
    [Id(9)] public long GasUsed { get; init; }

    [Id(10)] public DateTimeOffset? StartedAt { get; init; }

    [Id(11)] public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>Seconds left at the pace so far; null when that cannot be said.</summary>
    [Id(12)] public double? EtaSeconds { get; init; }

    /// <summary>What stands in the way, or why it failed.</summary>
    [Id(13)] public string? Problem { get; init; }

    [Id(14)] public int BatchSize { get; init; }

    [Id(15)] public bool RetireReferrer { get; init; }

    [Id(16)] public DateTimeOffset CreatedAt { get; init; }

    /// <summary>True when nothing will change any more.</summary>
    public bool IsFinished => State is "completed" or "failed" or "cancelled";
}
