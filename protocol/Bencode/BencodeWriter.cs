using System.Buffers;
using System.Buffers.Text;

namespace Pbts.Protocol.Bencode;

/// <summary>
/// Writes bencode straight into a buffer. The caller gives dictionary keys in ascending order of their bytes and closes
/// what it opens; <see cref="BencodeValue"/> sorts by itself.
/// </summary>
/// <param name="output">Where the bytes go.</param>
public readonly ref struct BencodeWriter(IBufferWriter<byte> output)
{
    private const int LongestNumber = 20;

    /// <summary>Writes an integer.</summary>
    public void Number(long value)
    {
        var span = output.GetSpan(LongestNumber + 2);
        span[0] = (byte)'i';
        Utf8Formatter.TryFormat(value, span[1..], out var written);
        span[written + 1] = (byte)'e';
        output.Advance(written + 2);
    }

    /// <summary>Writes a byte string.</summary>
    public void Bytes(ReadOnlySpan<byte> value)
    {
        var span = output.GetSpan(LongestNumber + 1 + value.Length);
        Utf8Formatter.TryFormat(value.Length, span, out var written);
        span[written] = (byte)':';
        value.CopyTo(span[(written + 1)..]);
        output.Advance(written + 1 + value.Length);
    }

    /// <summary>Opens a dictionary.</summary>
    public void Dictionary() => Byte('d');

    /// <summary>Opens a list.</summary>
    public void List() => Byte('l');

    /// <summary>Closes the innermost list or dictionary.</summary>
    public void End() => Byte('e');

    /// <summary>Writes a key and an integer.</summary>
    public void Entry(ReadOnlySpan<byte> key, long value)
    {
        Bytes(key);
        Number(value);
    }

    /// <summary>Writes a key and a byte string.</summary>
    public void Entry(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        Bytes(key);
        Bytes(value);
    }

    private void Byte(char value)
    {
        output.GetSpan(1)[0] = (byte)value;
        output.Advance(1);
    }
}
