using System.Diagnostics.CodeAnalysis;
using System.Numerics;

namespace Pbts.Protocol.Ethereum;

/// <summary>Recursive length prefix coding (Ethereum yellow paper, appendix B). Decoding takes the one canonical form only.</summary>
public static class Rlp
{
    /// <summary>Deepest nesting that is decoded; transactions need three levels.</summary>
    public const int MaxDepth = 32;

    /// <summary>Encodes an item.</summary>
    public static byte[] Encode(RlpItem item)
    {
        ArgumentNullException.ThrowIfNull(item);
        var output = new List<byte>();
        Append(item, output);
        return [.. output];
    }

    /// <summary>Decodes exactly one item that fills <paramref name="data"/>. False when it is malformed, not canonical, or too deep.</summary>
    public static bool TryDecode(ReadOnlyMemory<byte> data, [NotNullWhen(true)] out RlpItem? item) =>
        TryRead(ref data, 0, out item) && data.IsEmpty;

    private static void Append(RlpItem item, List<byte> output)
    {
        if (item.Items is null)
        {
            var bytes = item.Bytes.Span;
            if (bytes.Length != 1 || bytes[0] >= 0x80) AppendHeader(0x80, bytes.Length, output);
            output.AddRange(bytes);
            return;
        }
        var payload = new List<byte>();
        foreach (var child in item.Items) Append(child, payload);
        AppendHeader(0xc0, payload.Count, output);
        output.AddRange(payload);
    }

    private static void AppendHeader(int offset, int length, List<byte> output)
    {
        if (length <= 55)
        {
            output.Add((byte)(offset + length));
            return;
        }
        var digits = new BigInteger(length).ToByteArray(isUnsigned: true, isBigEndian: true);
        output.Add((byte)(offset + 55 + digits.Length));
        output.AddRange(digits);
    }

    private static bool TryRead(ref ReadOnlyMemory<byte> data, int depth, [NotNullWhen(true)] out RlpItem? item)
    {
        item = null;
        if (data.IsEmpty || depth > MaxDepth) return false;
        var first = data.Span[0];
        if (first < 0x80)
        {
            item = RlpItem.OfBytes(data[..1]);
            data = data[1..];
            return true;
        }
        var list = first >= 0xc0;
        if (!TryReadLength(ref data, first - (list ? 0xc0 : 0x80), out var length)) return false;
        var payload = data[..length];
        data = data[length..];
        if (!list)
        {
            if (length == 1 && payload.Span[0] < 0x80) return false;
            item = RlpItem.OfBytes(payload);
            return true;
        }
        var items = new List<RlpItem>();
        while (!payload.IsEmpty)
        {
            if (!TryRead(ref payload, depth + 1, out var child)) return false;
            items.Add(child);
        }
        item = RlpItem.OfList(items);
        return true;
    }

    /// <summary>Steps over the header; the length returned is available in what is left of <paramref name="data"/>.</summary>
    private static bool TryReadLength(ref ReadOnlyMemory<byte> data, int header, out int length)
    {
        length = header;
        var digits = header - 55;
        if (digits > 0)
        {
            if (digits > 4 || data.Length < 1 + digits || data.Span[1] == 0) return false;
            uint value = 0;
            foreach (var digit in data.Span.Slice(1, digits)) value = (value << 8) | digit;
            if (value is <= 55 or > int.MaxValue) return false;
            length = (int)value;
        }
        data = data[(1 + Math.Max(0, digits))..];
        return length <= data.Length;
    }
}
