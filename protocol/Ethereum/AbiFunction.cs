using System.Diagnostics.CodeAnalysis;
using Nethereum.ABI.ABIDeserialisation;
using Nethereum.ABI.Model;
using Nethereum.Hex.HexConvertors.Extensions;

namespace Pbts.Protocol.Ethereum;

/// <summary>A contract function: its selector, argument types and result types.</summary>
public sealed class AbiFunction
{
    private readonly FunctionABI _function;
    private readonly AbiTuple _inputs;
    private readonly AbiTuple _outputs;

    /// <summary>Describes a function as Solidity does, for example <c>function owner() view returns (address)</c>.</summary>
    public AbiFunction(string declaration)
    {
        _function = new ABIStringSignatureDeserialiser().ExtractContractABI(declaration).Functions.Single();
        _inputs = new AbiTuple(_function.InputParameters);
        _outputs = new AbiTuple(_function.OutputParameters);
        Selector = _function.Sha3Signature.HexToByteArray();
    }

    /// <summary>The canonical signature.</summary>
    public string Signature => _function.Signature;

    /// <summary>The first four bytes of the signature's hash.</summary>
    public ReadOnlyMemory<byte> Selector { get; }

    /// <summary>Call data: the selector and the arguments.</summary>
    public byte[] EncodeCall(params object[] arguments)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        return [.. Selector.Span, .. _inputs.Encode(arguments)];
    }

    /// <summary>Reads back the arguments of call data made for this function.</summary>
    public bool TryDecodeCall(ReadOnlySpan<byte> data, [NotNullWhen(true)] out object[]? arguments)
    {
        arguments = null;
        return data.StartsWith(Selector.Span) && _inputs.TryDecode(data[Selector.Length..], out arguments);
    }

    /// <summary>Reads return data; false when the contract gave something else (or is none).</summary>
    public bool TryDecodeResult(ReadOnlySpan<byte> data, [NotNullWhen(true)] out object[]? values) => _outputs.TryDecode(data, out values);
}
