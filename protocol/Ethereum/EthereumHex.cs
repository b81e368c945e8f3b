using System.Diagnostics.CodeAnalysis;

namespace Pbts.Protocol.Ethereum;

/// <summary>The <c>0x</c> notation of byte strings in the Ethereum JSON-RPC.</summary>
public static class EthereumHex
{
    /// <summary>Writes bytes as <c>0x</c> and lower-case hex.</summary>
    public static string Format(ReadOnlySpan<byte> bytes) => "0x" + Convert.ToHexStringLower(bytes);

    /// <summary>Reads <c>0x</c> and an even number of hex digits, either case. <c>0x</c> alone is the empty string.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, [NotNullWhen(true)] out byte[]? bytes)
    {
        bytes = null;
        if (text is null || !text.StartsWith("0x", StringComparison.Ordinal) || text.Length % 2 != 0) return false;
        var buffer = new byte[(text.Length / 2) - 1];
        if (Convert.FromHexString(text.AsSpan(2), buffer, out _, out _) != System.Buffers.OperationStatus.Done) return false;
        bytes = buffer;
        return true;
    }

    /// <summary>Reads exactly <paramref name="length"/> bytes in <c>0x</c> notation.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, int length, [NotNullWhen(true)] out byte[]? bytes)
    {
        if (TryParse(text, out bytes) && bytes.Length == length) return true;
        bytes = null;
        return false;
    }
}
