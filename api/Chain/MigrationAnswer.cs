using System.Text.Json.Serialization;
using Pbts.GrainInterfaces.Chain;
using Pbts.Protocol;

namespace Pbts.Api.Chain;

/// <summary>A user that could not be moved.</summary>
internal sealed record MigrationFailureAnswer([property: JsonPropertyName("username")] string Username, [property: JsonPropertyName("reason")] string Reason);

/// <summary>A migration as operators see it.</summary>
internal sealed record MigrationAnswer
{
    [JsonPropertyName("success")] public bool Success { get; init; } = true;

    [JsonPropertyName("id")] public Guid Id { get; init; }

    [JsonPropertyName("state")] public required string State { get; init; }

    [JsonPropertyName("phase")] public required string Phase { get; init; }

    /// <summary>What members are taken over by: records, or anchor, the root of the contract before.</summary>
    [JsonPropertyName("method")] public required string Method { get; init; }

    /// <summary>By anchor: lazy or all; by records all.</summary>
    [JsonPropertyName("claims")] public required string Claims { get; init; }

    /// <summary>Users found so far; where claims are lazy, members of the root, 0 when that is not known.</summary>
    [JsonPropertyName("total")] public int Total { get; init; }

    [JsonPropertyName("migrated")] public int Migrated { get; init; }

    /// <summary>The first thousand that could not be moved.</summary>
    [JsonPropertyName("failed")] public IReadOnlyList<MigrationFailureAnswer> Failed { get; init; } = [];

    [JsonPropertyName("failed_count")] public int FailedCount { get; init; }

    [JsonPropertyName("reputation_address")] public string? ReputationAddress { get; init; }

    [JsonPropertyName("referrer_address")] public required string ReferrerAddress { get; init; }

    [JsonPropertyName("gas_used")] public long GasUsed { get; init; }

    [JsonPropertyName("batch_size")] public int BatchSize { get; init; }

    [JsonPropertyName("retire_referrer")] public bool RetireReferrer { get; init; }

    [JsonPropertyName("created_at")] public DateTimeOffset CreatedAt { get; init; }

    [JsonPropertyName("started_at")] public DateTimeOffset? StartedAt { get; init; }

    [JsonPropertyName("finished_at")] public DateTimeOffset? FinishedAt { get; init; }

    [JsonPropertyName("eta_seconds")] public double? EtaSeconds { get; init; }

    [JsonPropertyName("problem")] public string? Problem { get; init; }

    public static MigrationAnswer From(MigrationView view) => new()
    {
        Id = view.Id,
        State = view.State.ToText(),
        Phase = view.Phase.ToText(),
        Method = view.Method.ToText(),
        Claims = view.Claims.ToText(),
        Total = view.Total,
        Migrated = view.Migrated,
        Failed = [.. view.Failed.Select(failure => new MigrationFailureAnswer(failure.Username, failure.Reason))],
        FailedCount = view.FailedCount,
        ReputationAddress = view.ReputationAddress,
        ReferrerAddress = view.ReferrerAddress,
        GasUsed = view.GasUsed,
        BatchSize = view.BatchSize,
        RetireReferrer = view.RetireReferrer,
        CreatedAt = view.CreatedAt,
        StartedAt = view.StartedAt,
        FinishedAt = view.FinishedAt,
        EtaSeconds = view.EtaSeconds,
        Problem = view.Problem,
    };
}

/// <summary>Answer of <c>GET /migrations</c>, newest first.</summary>
internal sealed record MigrationListAnswer(
    [property: JsonPropertyName("success")] bool Success,
    [property: JsonPropertyName("migrations")] IReadOnlyList<MigrationAnswer> Migrations);
