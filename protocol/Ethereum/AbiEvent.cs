using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Pbts.Protocol.Ethereum;

/// <summary>A contract event: its topic and the types of its fields that are not indexed.</summary>
public sealed class AbiEvent
{
    private readonly AbiType _data;

    /// <summary>Describes an event by its full signature and by the tuple of its fields that are not indexed.</summary>
    public AbiEvent(string signature, string data)
    {
        ArgumentNullException.ThrowIfNull(signature);
        Signature = signature;
        Topic = EthereumHex.Format(Keccak256.Hash(Encoding.ASCII.GetBytes(signature)));
        _data = AbiType.ParseTuple(data);
    }

    /// <summary>The canonical signature.</summary>
    public string Signature { get; }

    /// <summary>The first topic of its logs, in <c>0x</c> notation.</summary>
    public string Topic { get; }

    /// <summary>Reads the fields that are not indexed.</summary>
    public bool TryDecodeData(ReadOnlySpan<byte> data, [NotNullWhen(true)] out object[]? values) =>
        AbiDecoder.TryDecode(_data, data, out values);
}
