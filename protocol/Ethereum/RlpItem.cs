using System.Numerics;

namespace Pbts.Protocol.Ethereum;

/// <summary>One item of recursive length prefix coding: a byte string or a list of items.</summary>
public sealed class RlpItem
{
    private RlpItem(ReadOnlyMemory<byte> bytes, IReadOnlyList<RlpItem>? items)
    {
        Bytes = bytes;
        Items = items;
    }

    /// <summary>The byte string; empty when this is a list.</summary>
    public ReadOnlyMemory<byte> Bytes { get; }

    /// <summary>The items of a list; null when this is a byte string.</summary>
    public IReadOnlyList<RlpItem>? Items { get; }

    /// <summary>A byte string.</summary>
    public static RlpItem OfBytes(ReadOnlyMemory<byte> bytes) => new(bytes, null);

    /// <summary>A non-negative integer: big endian without leading zeros, zero is the empty string.</summary>
    public static RlpItem OfInteger(BigInteger value) =>
        new(value.IsZero ? [] : value.ToByteArray(isUnsigned: true, isBigEndian: true), null);

    /// <summary>A list.</summary>
    public static RlpItem OfList(params IReadOnlyList<RlpItem> items) => new(default, items);

    /// <summary>Reads the byte string as an integer of at most <paramref name="maxBytes"/> bytes without leading zeros.</summary>
    public bool TryGetInteger(int maxBytes, out BigInteger value)
    {
        value = default;
        if (Items is not null || Bytes.Length > maxBytes || (Bytes.Length > 0 && Bytes.Span[0] == 0)) return false;
        value = new BigInteger(Bytes.Span, isUnsigned: true, isBigEndian: true);
        return true;
    }
}
