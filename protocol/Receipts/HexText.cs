using System.Buffers;

namespace Pbts.Protocol.Receipts;

internal static class HexText
{
    /// <summary>Fills <paramref name="bytes"/> from exactly twice as many digits.</summary>
    public static bool TryDecode(ReadOnlySpan<char> hex, Span<byte> bytes) =>
        hex.Length == bytes.Length * 2
        && Convert.FromHexString(hex, bytes, out _, out var written) == OperationStatus.Done
        && written == bytes.Length;
}
