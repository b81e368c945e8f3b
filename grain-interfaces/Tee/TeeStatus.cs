namespace Pbts.GrainInterfaces.Tee;

/// <summary>How the tracker stands to its trusted machine.</summary>
[GenerateSerializer, Immutable, Alias("pbts.TeeStatus")]
public sealed record TeeStatus
{
    /// <summary>The mode in force.</summary>
    [Id(0)] public required string Mode { get; init; }

    /// <summary>The mode is not <c>disabled</c> and the agent answers.</summary>
    [Id(1)] public bool Available { get; init; }

    /// <summary>Why it is not available; null when it is.</summary>
    [Id(2)] public string? Problem { get; init; }

    [Id(3)] public string? AppId { get; init; }

    /// <summary>Hash of what the machine runs.</summary>
    [Id(4)] public string? ComposeHash { get; init; }

    /// <summary>The tracker's own BLS key; null while not available.</summary>
    [Id(5)] public byte[]? PublicKey { get; init; }

    /// <summary>The account the tracker writes to the chain with; null for none.</summary>
    [Id(6)] public string? EthereumAddress { get; init; }

    [Id(7)] public required TeeStatistics Statistics { get; init; }
}
