namespace Pbts.Protocol.Ethereum;

/// <summary>How a call failed on the way, since Nethereum hands failures of its transport on as exceptions.</summary>
internal sealed class RpcFailedException(ProblemKind kind, string message, int code = 0) : Exception(message)
{
    public ProblemKind Kind { get; } = kind;

    public int Code { get; } = code;
}
