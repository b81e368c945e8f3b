namespace Pbts.Api.Announce;

/// <summary>
/// The head of one HTTP/1 request, as far as a tracker needs it: the request line and six headers. Everything stays the
/// raw bytes that came in, so an info hash may hold any byte that is not white space.
/// </summary>
internal ref struct RequestHead
{
    /// <summary>More lines of <c>X-Forwarded-For</c> than any chain of proxies writes; with more it cannot be read.</summary>
    private const int MaxForwardedLines = 16;

    private int _forwardedLines;

    public ReadOnlySpan<byte> Method;
    public ReadOnlySpan<byte> Target;
    public bool IsHttp11;
    public bool KeepAlive;

    /// <summary>A body follows, which no announce has.</summary>
    public bool HasBody;

    /// <summary>A page in a browser asks, which wants to be told that it may (CORS).</summary>
    public bool HasOrigin;

    /// <summary>The values of all lines of the header in their order, separated by commas (RFC 9110 section 5.2).</summary>
    public ReadOnlySpan<byte> ForwardedFor;

    public ReadOnlySpan<byte> RealIp;

    /// <summary>Length of the head with its blank line, or -1 while it is incomplete. Bare line feeds end lines too.</summary>
    public static int FindEnd(ReadOnlySpan<byte> bytes)
    {
        for (var start = 0; ;)
        {
            var feed = bytes[start..].IndexOf((byte)'\n');
            if (feed < 0)
                return -1;
            var next = start + feed + 1;
            if (next < bytes.Length && bytes[next] == '\n')
                return next + 1;
            if (next + 1 < bytes.Length && bytes[next] == '\r' && bytes[next + 1] == '\n')
                return next + 2;
            start = next;
        }
    }

    /// <summary>
    /// Reads a complete head; false when it is not an HTTP/1 request, or has a line that servers disagree about (RFC 9112
    /// section 5.1: no white space before the colon).
    /// </summary>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out RequestHead head)
    {
        head = default;
        var line = TakeLine(bytes, out bytes);
        var firstSpace = line.IndexOf((byte)' ');
        var lastSpace = line.LastIndexOf((byte)' ');
        if (firstSpace < 1 || lastSpace <= firstSpace + 1)
            return false;
        head.Method = line[..firstSpace];
        head.Target = line[(firstSpace + 1)..lastSpace];
        var version = line[(lastSpace + 1)..];
        head.IsHttp11 = version.SequenceEqual("HTTP/1.1"u8);
        if (!head.IsHttp11 && !version.SequenceEqual("HTTP/1.0"u8))
            return false;
        head.KeepAlive = head.IsHttp11;

        while (bytes.Length > 0)
        {
            line = TakeLine(bytes, out bytes);
            if (line.IsEmpty)
                break;
            var colon = line.IndexOf((byte)':');
            if (colon < 1 || line[0] is (byte)' ' or (byte)'\t' || line[colon - 1] is (byte)' ' or (byte)'\t')
                return false;
            head.TakeHeader(line[..colon], line[(colon + 1)..].Trim(" \t"u8));
        }

        return true;
    }

    private void TakeHeader(scoped ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        switch (name.Length)
        {
            case 10 when Is(name, "connection"u8):
                if (Contains(value, "close"u8))
                    KeepAlive = false;
                else if (Contains(value, "keep-alive"u8))
                    KeepAlive = true;
                break;
            case 14 when Is(name, "content-length"u8):
                HasBody |= !value.SequenceEqual("0"u8);
                break;
            case 17 when Is(name, "transfer-encoding"u8):
                HasBody = true;
                break;
            case 6 when Is(name, "origin"u8):
                HasOrigin = true;
                break;
            case 15 when Is(name, "x-forwarded-for"u8):
                ForwardedFor = ++_forwardedLines == 1 ? value : _forwardedLines <= MaxForwardedLines ? (byte[])[.. ForwardedFor, (byte)',', .. value] : "?"u8;
                break;
            case 9 when Is(name, "x-real-ip"u8):
                RealIp = value;
                break;
        }
    }

    private static ReadOnlySpan<byte> TakeLine(ReadOnlySpan<byte> bytes, out ReadOnlySpan<byte> rest)
    {
        var feed = bytes.IndexOf((byte)'\n');
        var line = feed < 0 ? bytes : bytes[..feed];
        rest = feed < 0 ? [] : bytes[(feed + 1)..];
        return line.Length > 0 && line[^1] == '\r' ? line[..^1] : line;
    }

    private static bool Is(ReadOnlySpan<byte> name, ReadOnlySpan<byte> lower) => System.Text.Ascii.EqualsIgnoreCase(name, lower);

    private static bool Contains(ReadOnlySpan<byte> value, ReadOnlySpan<byte> lower)
    {
        for (; value.Length >= lower.Length; value = value[1..])
        {
            if (Is(value[..lower.Length], lower))
                return true;
        }

        return false;
    }
}
