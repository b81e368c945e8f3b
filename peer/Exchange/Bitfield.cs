namespace Pbts.Peer.Exchange;

/// <summary>Which pieces somebody has (BEP 3): bit 7 of byte 0 is piece 0, spare bits are zero.</summary>
internal sealed class Bitfield(int length)
{
    private readonly byte[] _bits = new byte[(length + 7) / 8];

    public int Length { get; } = length;

    public int Count { get; private set; }

    public bool IsComplete => Count == Length;

    public bool this[int index] => (_bits[index >> 3] & 0x80 >> (index & 7)) != 0;

    /// <summary>Reads the payload of a bitfield message; <c>false</c> for a wrong length or a set spare bit.</summary>
    public static bool TryParse(ReadOnlySpan<byte> bytes, int length, out Bitfield bitfield)
    {
        bitfield = new Bitfield(length);
        if (bytes.Length != bitfield._bits.Length || (length % 8 != 0 && (bytes[^1] & 0xFF >> length % 8) != 0))
            return false;
        for (var i = 0; i < length; i++)
            if ((bytes[i >> 3] & 0x80 >> (i & 7)) != 0)
                bitfield.Set(i);
        return true;
    }

    /// <summary>Sets a bit; <c>false</c> when it was set.</summary>
    public bool Set(int index)
    {
        if (this[index])
            return false;
        _bits[index >> 3] |= (byte)(0x80 >> (index & 7));
        Count++;
        return true;
    }

    public byte[] ToArray() => (byte[])_bits.Clone();
}
