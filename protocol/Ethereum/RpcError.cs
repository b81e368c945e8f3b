namespace Pbts.Protocol.Ethereum;

/// <summary>An error of a JSON-RPC call. Its texts never hold the node's address, which may contain an access key.</summary>
/// <param name="Kind">Which sort of error.</param>
/// <param name="Message">One line for people.</param>
/// <param name="Code">The node's error code, or the HTTP status; 0 when there is none.</param>
/// <param name="RevertReason">The decoded reason of a revert, when there is one.</param>
public sealed record RpcError(RpcErrorKind Kind, string Message, int Code = 0, string? RevertReason = null)
{
    /// <summary>True when the node did not answer the question, so that asking again may help and nothing is known.</summary>
    public bool IsTransient => Kind is not (RpcErrorKind.Node or RpcErrorKind.Reverted);

    /// <summary>True when the error is about the call itself, so that asking again is useless; an overloaded or pruned node answers with errors too.</summary>
    public bool IsVerdict =>
        Kind == RpcErrorKind.Reverted
        || (Kind == RpcErrorKind.Node && VerdictWords.Any(words => Message.Contains(words, StringComparison.OrdinalIgnoreCase)));

    private static readonly string[] VerdictWords =
    [
        "gas required exceeds", "out of gas", "outofgas", "EVM error", "invalid opcode", "invalid jump", "stack underflow", "stack overflow", "initcode", "code size", "intrinsic gas",
    ];

    /// <inheritdoc />
    public override string ToString() => Message;
}
