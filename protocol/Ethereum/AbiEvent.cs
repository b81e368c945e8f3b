using System.Diagnostics.CodeAnalysis;
using Nethereum.ABI.ABIDeserialisation;
using Nethereum.ABI.Model;
using Nethereum.Hex.HexConvertors.Extensions;
using Nethereum.RPC.Eth.DTOs;

namespace Pbts.Protocol.Ethereum;

/// <summary>A contract event: its topic and the types of its fields that are not indexed.</summary>
public sealed class AbiEvent
{
    private readonly EventABI _event;
    private readonly AbiTuple _data;

    /// <summary>Describes an event as Solidity does, every field with a name.</summary>
    public AbiEvent(string declaration)
    {
        _event = new ABIStringSignatureDeserialiser().ExtractContractABI(declaration).Events.Single();
        _data = new AbiTuple([.. _event.InputParameters.Where(field => !field.Indexed)]);
        Topic = _event.Sha3Signature.EnsureHexPrefix();
    }

    /// <summary>The canonical signature.</summary>
    public string Signature => _event.Signature;

    /// <summary>The first topic of its logs, in <c>0x</c> notation.</summary>
    public string Topic { get; }

    /// <summary>Reads the fields that are not indexed of a log of this event that <paramref name="contract"/> wrote.</summary>
    public bool TryDecode(FilterLog log, EthereumAddress contract, [NotNullWhen(true)] out object[]? values)
    {
        ArgumentNullException.ThrowIfNull(log);
        values = null;
        return log.Topics is [string topic, ..] && log.Topics.Length == _event.NumberOfIndexes + 1 && topic.IsTheSameHex(Topic)
            && EthereumAddress.TryParse(log.Address, out var address) && address == contract
            && _data.TryDecode(log.Data.HexToByteArray(), out values);
    }
}
