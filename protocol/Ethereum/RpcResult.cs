using System.Diagnostics.CodeAnalysis;

namespace Pbts.Protocol.Ethereum;

/// <summary>The answer of a JSON-RPC call or the error in its place.</summary>
/// <typeparam name="T">The type of the answer.</typeparam>
public readonly struct RpcResult<T>
{
    private readonly T? _value;

    /// <summary>An answer.</summary>
    public RpcResult(T value) => _value = value;

    /// <summary>An error.</summary>
    public RpcResult(RpcError error) => Error = error;

    /// <summary>The error, null when there is an answer.</summary>
    public RpcError? Error { get; }

    /// <summary>Gives the answer, or the error.</summary>
    public bool TryGet([MaybeNullWhen(false)] out T value, [NotNullWhen(false)] out RpcError? error)
    {
        value = _value;
        error = Error;
        return error is null;
    }
}
