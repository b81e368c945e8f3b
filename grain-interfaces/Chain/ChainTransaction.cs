namespace Pbts.GrainInterfaces.Chain;

/// <summary>One transaction of the outbox as it stands.</summary>
[GenerateSerializer, Immutable, Alias("pbts.ChainTransaction")]
public sealed record ChainTransaction
{
    /// <summary>Its name before it has a hash, and after a fee bump changed that.</summary>
    [Id(0)] public required Guid Id { get; init; }

    /// <summary>What it is for, the text of a <see cref="TransactionKind"/>: only shown, and perhaps of one that another version knows.</summary>
    [Id(1)] public required string Kind { get; init; }

    /// <summary>Whom or what it concerns, a user name for instance.</summary>
    [Id(2)] public required string Subject { get; init; }

    [Id(3)] public required ChainTransactionState State { get; init; }

    /// <summary>Hash of the newest signed form, or of the mined one; null while queued.</summary>
    [Id(4)] public string? Hash { get; init; }

    [Id(5)] public long? Nonce { get; init; }

    /// <summary>Whether the mined transaction did its work or reverted; null before.</summary>
    [Id(6)] public bool? Succeeded { get; init; }

    /// <summary>The revert reason, or what holds an open transaction up.</summary>
    [Id(7)] public string? Error { get; init; }

    [Id(8)] public long? BlockNumber { get; init; }

    [Id(9)] public long? GasUsed { get; init; }

    /// <summary>The contract it created, checksummed; null when it created none.</summary>
    [Id(10)] public string? ContractAddress { get; init; }

    [Id(11)] public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>True once waiting longer changes nothing but the number of confirmations.</summary>
    public bool IsDecided => State is ChainTransactionState.Mined or ChainTransactionState.Confirmed or ChainTransactionState.Failed;

    /// <summary>True when it is mined and did its work.</summary>
    public bool IsDone => Succeeded == true;
}
