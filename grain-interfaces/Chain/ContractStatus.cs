namespace Pbts.GrainInterfaces.Chain;

/// <summary>How the tracker stands to the chain.</summary>
[GenerateSerializer, Immutable, Alias("pbts.ContractStatus")]
public sealed record ContractStatus
{
    /// <summary>Node, key and factory are configured.</summary>
    [Id(0)] public bool Configured { get; init; }

    /// <summary>The node answers.</summary>
    [Id(1)] public bool Connected { get; init; }

    /// <summary>The node's URL without anything that may be secret.</summary>
    [Id(2)] public string? RpcUrl { get; init; }

    [Id(3)] public string? AccountAddress { get; init; }

    [Id(4)] public string? FactoryAddress { get; init; }

    /// <summary>The active contract.</summary>
    [Id(5)] public string? ReputationAddress { get; init; }

    /// <summary>The node's chain.</summary>
    [Id(6)] public string? ChainId { get; init; }

    /// <summary>Transactions that are not mined yet.</summary>
    [Id(7)] public int Pending { get; init; }

    /// <summary>The active contract and its referrers, nearest first.</summary>
    [Id(8)] public IReadOnlyList<string> Referrers { get; init; } = [];

    /// <summary>What is wrong, if anything.</summary>
    [Id(9)] public string? Problem { get; init; }

    /// <summary>Gas that the sync has burnt or set aside in the last 24 hours.</summary>
    [Id(10)] public long SyncGasUsed { get; init; }

    /// <summary>Most it may; 0: no limit.</summary>
    [Id(11)] public long SyncGasPerDay { get; init; }

    /// <summary>Since when totals wait for that; null when they do not.</summary>
    [Id(12)] public DateTimeOffset? SyncPausedSince { get; init; }

    /// <summary>Members that would be added if somebody vouched for them, as of the last round.</summary>
    [Id(13)] public int SyncWaiting { get; init; }
}
