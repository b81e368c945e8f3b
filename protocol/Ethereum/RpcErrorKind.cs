namespace Pbts.Protocol.Ethereum;

/// <summary>What went wrong between us and an Ethereum node.</summary>
public enum RpcErrorKind
{
    /// <summary>No connection, or it broke.</summary>
    Unreachable,

    /// <summary>No whole answer within the time limit. The node may or may not have acted.</summary>
    Timeout,

    /// <summary>An HTTP status other than success.</summary>
    Http,

    /// <summary>The answer is larger than is read.</summary>
    TooLarge,

    /// <summary>The answer is not what the JSON-RPC specifies.</summary>
    Malformed,

    /// <summary>The node answered with an error object.</summary>
    Node,

    /// <summary>The node answered that the call reverts; <see cref="RpcError.RevertReason"/> may say why.</summary>
    Reverted,
}
