using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Pbts.Protocol.Ethereum;

/// <summary>A contract function: its selector, argument types and result types.</summary>
public sealed class AbiFunction
{
    private readonly AbiType _inputs;
    private readonly AbiType _outputs;

    /// <summary>Describes a function, for example <c>updateUser(string,uint256,uint256)</c> with result <c>()</c>.</summary>
    public AbiFunction(string signature, string outputs = "()")
    {
        ArgumentNullException.ThrowIfNull(signature);
        Signature = signature;
        _inputs = AbiType.ParseTuple(signature[signature.IndexOf('(', StringComparison.Ordinal)..]);
        _outputs = AbiType.ParseTuple(outputs);
        Selector = Keccak256.Hash(Encoding.ASCII.GetBytes(signature)).AsMemory(0, 4);
    }

    /// <summary>The canonical signature.</summary>
    public string Signature { get; }

    /// <summary>The first four bytes of the signature's hash.</summary>
    public ReadOnlyMemory<byte> Selector { get; }

    /// <summary>Call data: the selector and the arguments.</summary>
    public byte[] EncodeCall(params object[] arguments) => [.. Selector.Span, .. AbiEncoder.Encode(_inputs, arguments)];

    /// <summary>Reads back the arguments of call data made for this function.</summary>
    public bool TryDecodeCall(ReadOnlySpan<byte> data, [NotNullWhen(true)] out object[]? arguments)
    {
        arguments = null;
        return data.Length >= 4 && data[..4].SequenceEqual(Selector.Span) && AbiDecoder.TryDecode(_inputs, data[4..], out arguments);
    }

    /// <summary>Reads return data; false when the contract gave something else (or is none).</summary>
    public bool TryDecodeResult(ReadOnlySpan<byte> data, [NotNullWhen(true)] out object[]? values) =>
        AbiDecoder.TryDecode(_outputs, data, out values);
}
