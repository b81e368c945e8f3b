using System.Numerics;

namespace Pbts.Protocol.Ethereum;

/// <summary>
/// An unsigned transaction. With <see cref="MaxPriorityFeePerGas"/> it is of type 2 (EIP-1559); without, a legacy one
/// (EIP-155 when it has a chain id). Amounts are in wei.
/// </summary>
public sealed record EthereumTransaction
{
    /// <summary>The chain it is valid on; null only for a legacy transaction without replay protection.</summary>
    public ulong? ChainId { get; init; }

    /// <summary>The sender's transaction count before this one.</summary>
    public required ulong Nonce { get; init; }

    /// <summary>Legacy: the price of a unit of gas. Type 2: the most that is paid for one, base fee and tip together.</summary>
    public required BigInteger MaxFeePerGas { get; init; }

    /// <summary>The tip for a unit of gas (type 2); null makes it a legacy transaction.</summary>
    public BigInteger? MaxPriorityFeePerGas { get; init; }

    /// <summary>The most gas it may burn.</summary>
    public required ulong GasLimit { get; init; }

    /// <summary>The receiver; null creates a contract.</summary>
    public EthereumAddress? To { get; init; }

    /// <summary>Wei sent along.</summary>
    public BigInteger Value { get; init; }

    /// <summary>Call data or init code.</summary>
    public ReadOnlyMemory<byte> Data { get; init; }

    /// <summary>Type 2 only.</summary>
    public IReadOnlyList<AccessListEntry> AccessList { get; init; } = [];

    /// <summary>The bytes whose Keccak-256 hash is signed.</summary>
    public byte[] EncodeUnsigned()
    {
        if (MaxPriorityFeePerGas is not null) return Envelope(Fields());
        var fields = Fields();
        if (ChainId is { } chainId) fields.AddRange([RlpItem.OfInteger(chainId), RlpItem.OfInteger(0), RlpItem.OfInteger(0)]);
        return Rlp.Encode(RlpItem.OfList(fields));
    }

    /// <summary>Signs it with <paramref name="key"/>.</summary>
    public SignedTransaction Sign(EthereumPrivateKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        var signature = key.Sign(Keccak256.Hash(EncodeUnsigned()));
        return new SignedTransaction(this, signature, EncodeSigned(signature));
    }

    internal byte[] EncodeSigned(EcdsaSignature signature)
    {
        var fields = Fields();
        BigInteger v = signature.YParity;
        if (MaxPriorityFeePerGas is null) v += ChainId is { } chainId ? (2 * (BigInteger)chainId) + 35 : 27;
        fields.AddRange([RlpItem.OfInteger(v), RlpItem.OfInteger(signature.R), RlpItem.OfInteger(signature.S)]);
        return MaxPriorityFeePerGas is null ? Rlp.Encode(RlpItem.OfList(fields)) : Envelope(fields);
    }

    private static byte[] Envelope(List<RlpItem> fields) => [2, .. Rlp.Encode(RlpItem.OfList(fields))];

    private List<RlpItem> Fields()
    {
        var call = new[]
        {
            RlpItem.OfInteger(GasLimit),
            RlpItem.OfBytes(To is { } to ? to.ToArray() : default(ReadOnlyMemory<byte>)),
            RlpItem.OfInteger(Value),
            RlpItem.OfBytes(Data),
        };
        if (MaxPriorityFeePerGas is not { } tip) return [RlpItem.OfInteger(Nonce), RlpItem.OfInteger(MaxFeePerGas), .. call];
        if (ChainId is not { } chainId) throw new InvalidOperationException("A type 2 transaction names its chain.");
        var accessList = AccessList.Select(entry => RlpItem.OfList(
            RlpItem.OfBytes(entry.Address.ToArray()),
            RlpItem.OfList([.. entry.StorageKeys.Select(key => RlpItem.OfBytes(key))])));
        return
        [
            RlpItem.OfInteger(chainId), RlpItem.OfInteger(Nonce), RlpItem.OfInteger(tip), RlpItem.OfInteger(MaxFeePerGas),
            .. call, RlpItem.OfList([.. accessList]),
        ];
    }
}
