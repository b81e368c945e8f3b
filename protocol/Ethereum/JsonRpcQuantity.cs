using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Numerics;

namespace Pbts.Protocol.Ethereum;

/// <summary>Integers of the Ethereum JSON-RPC: <c>0x</c> and hex digits without leading zeros, at most 256 bits.</summary>
public static class JsonRpcQuantity
{
    /// <summary>Writes a non-negative integer; zero is <c>0x0</c>.</summary>
    public static string Format(BigInteger value)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(value);
        var digits = value.ToString("x", CultureInfo.InvariantCulture).TrimStart('0');
        return digits.Length == 0 ? "0x0" : "0x" + digits;
    }

    /// <summary>Reads a quantity; false for anything but the one canonical form.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out BigInteger value)
    {
        value = default;
        if (text is null || text.Length is < 3 or > 66 || !text.StartsWith("0x", StringComparison.Ordinal)) return false;
        var digits = text.AsSpan(2);
        if ((digits[0] == '0' && digits.Length > 1) || digits.ContainsAnyExcept(HexDigits)) return false;
        value = BigInteger.Parse("0" + text[2..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
        return true;
    }

    private static readonly System.Buffers.SearchValues<char> HexDigits = System.Buffers.SearchValues.Create("0123456789abcdefABCDEF");
}
