using Pbts.Protocol;
using Pbts.Protocol.Ethereum;

namespace Pbts.GrainInterfaces.Chain;

/// <summary>A migration as it stands.</summary>
[GenerateSerializer, Immutable, Alias("pbts.MigrationView")]
public sealed record MigrationView
{
    /// <summary>Failures listed; there may be more (<see cref="FailedCount"/>).</summary>
    public const int MaxFailures = 1000;

    // The texts travel, because during a rolling upgrade processes of the version before read and write them so.
    [Id(1)] private string _state = "";
    [Id(2)] private string _phase = "";
    [Id(17)] private string _method = MigrationMethod.Records.ToText();
    [Id(18)] private string _claims = MigrationClaims.All.ToText();

    [Id(0)] public required Guid Id { get; init; }

    public required MigrationState State { get => EnumText.Parse<MigrationState>(_state); init => _state = value.ToText(); }

    public required MigrationPhase Phase { get => EnumText.Parse<MigrationPhase>(_phase); init => _phase = value.ToText(); }

    /// <summary>What members are taken over by.</summary>
    public MigrationMethod Method { get => EnumText.Parse<MigrationMethod>(_method); init => _method = value.ToText(); }

    /// <summary>Who is; by records always all.</summary>
    public MigrationClaims Claims { get => EnumText.Parse<MigrationClaims>(_claims); init => _claims = value.ToText(); }

    /// <summary>Users found so far; where claims are lazy, members of the root.</summary>
    [Id(3)] public int Total { get; init; }

    /// <summary>Where claims are lazy, those so far of members who brought a proof here.</summary>
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
    public bool IsFinished => State is MigrationState.Completed or MigrationState.Failed or MigrationState.Cancelled;
}
