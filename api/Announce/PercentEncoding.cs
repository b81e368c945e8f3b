using System.Buffers.Text;

namespace Pbts.Api.Announce;

/// <summary>Percent escapes of RFC 3986: any byte, hex digits of either case; <c>+</c> is the byte 0x2B.</summary>
internal static class PercentEncoding
{
    /// <summary>Decodes into <paramref name="destination"/>; false on a broken escape or when it does not fit.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> text, Span<byte> destination, out int written)
    {
        written = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (written == destination.Length)
                return false;
            var value = text[i];
            if (value == '%')
            {
                if (i + 2 >= text.Length || Hex(text[i + 1]) is not (>= 0 and var high) || Hex(text[i + 2]) is not (>= 0 and var low))
                    return false;
                value = (byte)((high << 4) | low);
                i += 2;
            }

            destination[written++] = value;
        }

        return true;
    }

    /// <summary>A decimal number of 0 to 2^64-1; what lies above 2^63-1 counts as 2^63-1.</summary>
    public static bool TryParseSize(ReadOnlySpan<byte> digits, out long value)
    {
        value = 0;
        if (digits.Length == 0 || digits[0] is < (byte)'0' or > (byte)'9'
            || !Utf8Parser.TryParse(digits, out ulong number, out var consumed) || consumed != digits.Length)
        {
            return false;
        }

        value = (long)Math.Min(number, long.MaxValue);
        return true;
    }

    private static int Hex(byte digit) => digit switch
    {
        >= (byte)'0' and <= (byte)'9' => digit - '0',
        >= (byte)'a' and <= (byte)'f' => digit - 'a' + 10,
        >= (byte)'A' and <= (byte)'F' => digit - 'A' + 10,
        _ => -1,
    };
}
