using System.Diagnostics.CodeAnalysis;
using System.Numerics;

namespace Pbts.Protocol.Ethereum;

/// <summary>A transaction with its signature and the bytes that <c>eth_sendRawTransaction</c> takes.</summary>
public sealed class SignedTransaction
{
    internal SignedTransaction(EthereumTransaction transaction, EcdsaSignature signature, byte[] raw)
    {
        Transaction = transaction;
        Signature = signature;
        Raw = raw;
        Hash = EthereumHex.Format(Keccak256.Hash(raw));
    }

    /// <summary>What was signed.</summary>
    public EthereumTransaction Transaction { get; }

    /// <summary>The signature.</summary>
    public EcdsaSignature Signature { get; }

    /// <summary>The signed bytes.</summary>
    public ReadOnlyMemory<byte> Raw { get; }

    /// <summary>The transaction hash in <c>0x</c> notation: its name on the chain.</summary>
    public string Hash { get; }

    /// <summary>Reads signed bytes of a legacy or type 2 transaction; false when they are anything else. The signer is not recovered.</summary>
    public static bool TryParse(ReadOnlyMemory<byte> raw, [NotNullWhen(true)] out SignedTransaction? parsed)
    {
        parsed = null;
        if (raw.IsEmpty) return false;
        var dynamicFee = raw.Span[0] == 2;
        if (!dynamicFee && raw.Span[0] < 0xc0) return false;
        if (!Rlp.TryDecode(dynamicFee ? raw[1..] : raw, out var list) || list.Items is not { } items) return false;
        var fields = dynamicFee ? ParseDynamicFee(items) : ParseLegacy(items);
        if (fields is not var (transaction, signature)) return false;
        parsed = new SignedTransaction(transaction, signature, raw.ToArray());
        return true;
    }

    private static (EthereumTransaction, EcdsaSignature)? ParseLegacy(IReadOnlyList<RlpItem> items)
    {
        if (items.Count != 9) return null;
        if (!items[6].TryGetInteger(9, out var v) || (v != 27 && v != 28 && v < 35)) return null;
        var protectedReplay = v >= 35;
        var parity = protectedReplay ? (int)((v - 35) % 2) : (int)(v - 27);
        var chainId = (v - 35) / 2;
        if (chainId > ulong.MaxValue || SignatureAt(items, 7, parity) is not { } signature) return null;
        return Body(items, 0, 1) is not { } body ? null
            : (body with { ChainId = protectedReplay ? (ulong)chainId : null }, signature);
    }

    private static (EthereumTransaction, EcdsaSignature)? ParseDynamicFee(IReadOnlyList<RlpItem> items)
    {
        if (items.Count != 12 || !items[0].TryGetInteger(8, out var chainId) || !items[2].TryGetInteger(32, out var tip)) return null;
        if (!items[9].TryGetInteger(1, out var parity) || parity > 1 || SignatureAt(items, 10, (int)parity) is not { } signature) return null;
        if (AccessList(items[8]) is not { } accessList || Body(items, 1, 3) is not { } body) return null;
        return (body with { ChainId = (ulong)chainId, MaxPriorityFeePerGas = tip, AccessList = accessList }, signature);
    }

    private static EthereumTransaction? Body(IReadOnlyList<RlpItem> items, int nonceAt, int feeAt)
    {
        var to = items[feeAt + 2];
        var data = items[feeAt + 4];
        if (!items[nonceAt].TryGetInteger(8, out var nonce) || !items[feeAt].TryGetInteger(32, out var fee)
            || !items[feeAt + 1].TryGetInteger(8, out var gas) || !items[feeAt + 3].TryGetInteger(32, out var value)
            || to.Items is not null || data.Items is not null || to.Bytes.Length is not (0 or EthereumAddress.Size)) return null;
        return new EthereumTransaction
        {
            Nonce = (ulong)nonce,
            MaxFeePerGas = fee,
            GasLimit = (ulong)gas,
            To = to.Bytes.IsEmpty ? null : new EthereumAddress(to.Bytes.Span),
            Value = value,
            Data = data.Bytes,
        };
    }

    private static EcdsaSignature? SignatureAt(IReadOnlyList<RlpItem> items, int at, int parity) =>
        items[at].TryGetInteger(32, out var r) && items[at + 1].TryGetInteger(32, out var s) && r > BigInteger.Zero && s > BigInteger.Zero
            ? new EcdsaSignature(r, s, parity) : null;

    private static List<AccessListEntry>? AccessList(RlpItem item)
    {
        if (item.Items is not { } entries) return null;
        var result = new List<AccessListEntry>(entries.Count);
        foreach (var entry in entries)
        {
            if (entry.Items is not [{ Items: null } address, { Items: { } keys }] || address.Bytes.Length != EthereumAddress.Size
                || keys.Any(key => key.Items is not null || key.Bytes.Length != 32)) return null;
            result.Add(new AccessListEntry(new EthereumAddress(address.Bytes.Span), [.. keys.Select(key => key.Bytes.ToArray())]));
        }
        return result;
    }
}
