namespace Pbts.GrainInterfaces.Chain;

/// <summary>A root of all members' proven totals.</summary>
[GenerateSerializer, Immutable, Alias("pbts.AnchorView")]
public sealed record AnchorView
{
    /// <summary>The contract that keeps it.</summary>
    [Id(0)] public required string Contract { get; init; }

    /// <summary>Which of the contract's roots it is, from 1.</summary>
    [Id(1)] public required long Sequence { get; init; }

    /// <summary><c>0x</c> and 64 digits.</summary>
    [Id(2)] public required string Root { get; init; }

    /// <summary>Bytes that all members have given.</summary>
    [Id(3)] public required ulong Up { get; init; }

    /// <summary>Bytes that all members have taken.</summary>
    [Id(4)] public required ulong Down { get; init; }

    /// <summary>Members with a proven key.</summary>
    [Id(5)] public required long Members { get; init; }

    /// <summary>The transaction that tells the contract; null when it was not handed in yet.</summary>
    [Id(6)] public ChainTransaction? Transaction { get; init; }

    /// <summary>When the totals were these.</summary>
    [Id(7)] public required DateTimeOffset TakenAt { get; init; }
}
