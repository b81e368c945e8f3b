namespace Pbts.Protocol.Bls.Curve;

/// <summary>The three flag bits of the ZCash point encoding, in the first byte: compressed, infinity, larger y.</summary>
internal static class PointFlags
{
    public const byte ValueMask = 0x1f;

    private const byte Compressed = 0x80, Infinity = 0x40, Larger = 0x20;

    /// <summary>False when not compressed, or when an infinity carries any other bit.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out bool infinity, out bool larger)
    {
        infinity = (bytes[0] & Infinity) != 0;
        larger = (bytes[0] & Larger) != 0;
        if ((bytes[0] & Compressed) == 0)
            return false;
        return !infinity || (bytes[0] == (Compressed | Infinity) && !bytes[1..].ContainsAnyExcept((byte)0));
    }

    public static byte Of(bool infinity, bool larger) =>
        (byte)(Compressed | (infinity ? Infinity : 0) | (larger ? Larger : 0));
}
