using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace Pbts.Api.Connections;

/// <summary>Writes the head of an HTTP/1.1 answer.</summary>
internal static class ReplyHead
{
    private static Stamp s_date = new(0, []);

    /// <summary>200, with a body of that many bytes to follow.</summary>
    public static void Ok(IBufferWriter<byte> output, int length, bool keepAlive, bool http11)
    {
        output.Write("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"u8);
        output.Write(Date());
        var span = output.GetSpan(16);
        Utf8Formatter.TryFormat(length, span, out var digits);
        output.Advance(digits);
        output.Write(keepAlive ? http11 ? "\r\n\r\n"u8 : "\r\nConnection: keep-alive\r\n\r\n"u8 : "\r\nConnection: close\r\n\r\n"u8);
    }

    /// <summary>431: the head is longer than we read. The connection ends with it.</summary>
    public static void TooLarge(IBufferWriter<byte> output)
    {
        output.Write("HTTP/1.1 431 Request Header Fields Too Large\r\n"u8);
        output.Write(Date());
        output.Write("0\r\nConnection: close\r\n\r\n"u8);
    }

    /// <summary>The Date header (RFC 9110 section 6.6.1), made once a second, and the beginning of the one that follows it.</summary>
    private static byte[] Date()
    {
        var current = s_date;
        var now = DateTimeOffset.UtcNow;
        var second = now.ToUnixTimeSeconds();
        if (current.Second != second)
            s_date = current = new(second, Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"Date: {now:R}\r\nContent-Length: ")));
        return current.Line;
    }

    private sealed record Stamp(long Second, byte[] Line);
}
