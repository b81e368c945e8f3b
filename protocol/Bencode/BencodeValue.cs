using System.Buffers;
using System.Text;

namespace Pbts.Protocol.Bencode;

/// <summary>A value to be encoded, for documents built piece by piece such as torrents. Dictionaries sort their keys.</summary>
public abstract class BencodeValue
{
    private BencodeValue()
    {
    }

    /// <summary>Writes the canonical form.</summary>
    public abstract void WriteTo(BencodeWriter writer);

    /// <summary>The canonical form.</summary>
    public byte[] Encode()
    {
        var buffer = new ArrayBufferWriter<byte>();
        WriteTo(new BencodeWriter(buffer));
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>An integer.</summary>
    public static BencodeValue Of(long value) => new Number(value);

    /// <summary>A byte string.</summary>
    public static BencodeValue Of(ReadOnlyMemory<byte> value) => new Text(value);

    /// <summary>A text in UTF-8.</summary>
    public static BencodeValue Of(string value) => new Text(Encoding.UTF8.GetBytes(value));

    /// <summary>A list.</summary>
    public static BencodeValue List(IEnumerable<BencodeValue> items) => new Sequence([.. items]);

    /// <summary>A dictionary with text keys.</summary>
    /// <exception cref="ArgumentException">A key is given twice.</exception>
    public static BencodeValue Dictionary(params IEnumerable<(string Key, BencodeValue Value)> entries) =>
        Dictionary(entries.Select(e => ((ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes(e.Key), e.Value)));

    /// <summary>A dictionary with byte keys, in any order.</summary>
    /// <exception cref="ArgumentException">A key is given twice.</exception>
    public static BencodeValue Dictionary(IEnumerable<(ReadOnlyMemory<byte> Key, BencodeValue Value)> entries)
    {
        var sorted = entries.ToArray();
        Array.Sort(sorted, (a, b) => a.Key.Span.SequenceCompareTo(b.Key.Span));
        for (var i = 1; i < sorted.Length; i++)
            if (sorted[i].Key.Span.SequenceEqual(sorted[i - 1].Key.Span))
                throw new ArgumentException("A dictionary key is given twice.", nameof(entries));
        return new Map(sorted);
    }

    private sealed class Number(long value) : BencodeValue
    {
        public override void WriteTo(BencodeWriter writer) => writer.Number(value);
    }

    private sealed class Text(ReadOnlyMemory<byte> value) : BencodeValue
    {
        public override void WriteTo(BencodeWriter writer) => writer.Bytes(value.Span);
    }

    private sealed class Sequence(BencodeValue[] items) : BencodeValue
    {
        public override void WriteTo(BencodeWriter writer)
        {
            writer.List();
            foreach (var item in items)
                item.WriteTo(writer);
            writer.End();
        }
    }

    private sealed class Map((ReadOnlyMemory<byte> Key, BencodeValue Value)[] entries) : BencodeValue
    {
        public override void WriteTo(BencodeWriter writer)
        {
            writer.Dictionary();
            foreach (var (key, value) in entries)
            {
                writer.Bytes(key.Span);
                value.WriteTo(writer);
            }
            writer.End();
        }
    }
}
