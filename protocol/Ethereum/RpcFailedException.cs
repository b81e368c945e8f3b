namespace Pbts.Protocol.Ethereum;

/// <summary>How a call failed on the way, since Nethereum hands failures of its transport on as exceptions.</summary>
internal sealed class RpcFailedException(RpcErrorKind kind, string message, int code = 0) : Exception(message)
{
    public RpcErrorKind Kind { get; } = kind;

    public int Code { get; } = code;
}
