using System.Buffers.Binary;

namespace Pbts.Protocol.Attestation;

/// <summary>Takes one field after the other; the first that is missing or wrong stays in <see cref="Error"/>, and zeros come from then on.</summary>
internal ref struct QuoteReader(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _bytes = bytes;

    public string? Error { get; private set; }

    public int Position { get; private set; }

    public readonly int Remaining => _bytes.Length - Position;

    public ReadOnlySpan<byte> Bytes(int count, string name)
    {
        Check(count <= Remaining, $"the quote ends within its {name}");
        if (Error is not null)
            return default;
        Position += count;
        return _bytes.Slice(Position - count, count);
    }

    public ushort UInt16(string name) => Bytes(2, name) is { Length: 2 } two ? BinaryPrimitives.ReadUInt16LittleEndian(two) : (ushort)0;

    public uint UInt32(string name) => Bytes(4, name) is { Length: 4 } four ? BinaryPrimitives.ReadUInt32LittleEndian(four) : 0;

    public void Check(bool ok, string error)
    {
        if (!ok)
            Error ??= error;
    }

    /// <summary>Leaves the last bytes out.</summary>
    public void Truncate(int count)
    {
        if (Error is null)
            _bytes = _bytes[..^count];
    }
}
