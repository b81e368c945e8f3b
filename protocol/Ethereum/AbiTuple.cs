using System.Diagnostics.CodeAnalysis;
using Nethereum.ABI;
using Nethereum.ABI.FunctionEncoding;
using Nethereum.ABI.Model;

namespace Pbts.Protocol.Ethereum;

/// <summary>
/// A list of ABI values: numbers are <see cref="System.Numerics.BigInteger"/>, addresses <see cref="EthereumAddress"/>,
/// byte strings <c>byte[]</c>, tuples <c>object[]</c>. Arrays are for calls of our own only: Nethereum would read an array
/// of a hostile contract whatever memory that takes.
/// </summary>
internal sealed class AbiTuple(Parameter[] parameters)
{
    private static readonly ParametersEncoder Encoder = new();
    private static readonly ParameterDecoder Decoder = new();

    public byte[] Encode(object[] values) => values.Length == parameters.Length
        ? Encoder.EncodeParameters(parameters, [.. values.Select(Outward)])
        : throw new ArgumentException($"{parameters.Length} values expected, {values.Length} given.", nameof(values));

    /// <summary>
    /// Reads what a contract gave; bytes behind the values are ignored, as Solidity does. Nethereum alone would take cut
    /// strings, stray bits and offsets that point anywhere. A compiler writes each value in one way only, so what does not
    /// encode to the same bytes again is refused.
    /// </summary>
    public bool TryDecode(ReadOnlySpan<byte> data, [NotNullWhen(true)] out object[]? values)
    {
        values = null;
        try
        {
            var decoded = Decoder.DecodeDefaultData(data.ToArray(), parameters).Select(Inward).ToArray();
            if (!data.StartsWith(Encode(decoded)))
                return false;
            values = decoded;
            return true;
        }
        catch (Exception)
        {
            // Nethereum throws whatever it comes upon in such data: overflows, indexes out of range, bare exceptions.
            return false;
        }
    }

    private static object Outward(object value) => value switch
    {
        EthereumAddress address => address.ToString(),
        object[] members => members.Select(Outward).ToArray(),
        _ => value,
    };

    private static object Inward(ParameterOutput output) => output.Result switch
    {
        List<ParameterOutput> members => members.Select(Inward).ToArray(),
        string text when output.Parameter.ABIType is AddressType => EthereumAddress.TryParse(text, out var address) ? address : throw new FormatException(),
        var value => value,
    };
}
