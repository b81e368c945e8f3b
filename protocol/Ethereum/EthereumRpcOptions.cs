namespace Pbts.Protocol.Ethereum;

/// <summary>Limits on talking to a node.</summary>
public sealed record EthereumRpcOptions
{
    /// <summary>Longest wait for one whole answer; default 10 s.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Largest answer read, in bytes; default 8 MiB.</summary>
    public int MaxResponseBytes { get; init; } = 8 * 1024 * 1024;
}
