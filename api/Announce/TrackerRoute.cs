using System.Text;

namespace Pbts.Api.Announce;

internal enum TrackerAction
{
    None,
    Announce,
    Scrape,
}

/// <summary>
/// What a request target asks of the tracker: <c>/announce</c>, <c>/announce/{passkey}</c>, <c>/{passkey}/announce</c>
/// and the same with <c>scrape</c> (BEP 48 replaces the word in the announce URL), or with <c>?passkey=</c>. The only reader
/// of targets, whichever way they came: an announce must mean the same everywhere, and never lose the passkey it carried.
/// Letters of either case, escapes (RFC 3986), doubled and trailing slashes and absolute form (RFC 9112 section 3.2.2) mean
/// what they seem to mean.
/// </summary>
internal readonly ref struct TrackerRoute
{
    private const int MaxPasskey = 64;
    private const int MaxUnusualPath = 512;

    private TrackerRoute(TrackerAction action, string? passkey, ReadOnlySpan<byte> query)
    {
        Action = action;
        Passkey = passkey ?? FromQuery(query);
        Query = query;
    }

    public TrackerAction Action { get; }

    public string? Passkey { get; }

    /// <summary>The bytes behind the question mark.</summary>
    public ReadOnlySpan<byte> Query { get; }

    /// <summary>Reads a raw request target.</summary>
    public static TrackerRoute Parse(ReadOnlySpan<byte> target)
    {
        Split(target, out var path, out var query);
        if (path.Length < 7 || path[0] != '/')
            return default;

        // As clients write it: nothing to decode, nothing twice.
        var plain = path[1..];
        var slash = plain.IndexOf((byte)'/');
        if (slash < 0)
        {
            if (ActionOf(plain) is not TrackerAction.None and var bare)
                return new(bare, null, query);
        }
        else if (slash > 0 && slash + 1 < plain.Length && !plain.Contains((byte)'%') && !plain[(slash + 1)..].Contains((byte)'/'))
        {
            if (ActionOf(plain[..slash]) is not TrackerAction.None and var first)
                return new(first, TextOf(plain[(slash + 1)..]), query);
            if (ActionOf(plain[(slash + 1)..]) is not TrackerAction.None and var second && !IsPageOfUser(plain[..slash]))
                return new(second, TextOf(plain[..slash]), query);
        }

        return ParseUnusual(path, query);
    }

    /// <summary>Reads the URL data of BEP 41, in which an announce may also have no path at all.</summary>
    public static TrackerRoute ParseUrlData(ReadOnlySpan<byte> data)
    {
        Split(data, out var path, out var query);
        return path.IsEmpty || path.SequenceEqual("/"u8) ? new(TrackerAction.Announce, null, query) : Parse(data);
    }

    /// <summary>Whether a target that is no announce and no scrape was meant to be one.</summary>
    public static bool LooksLikeClients(ReadOnlySpan<byte> target)
    {
        Split(target, out var path, out var query);
        Span<byte> buffer = stackalloc byte[MaxUnusualPath];
        return query.IndexOf("info_hash="u8) >= 0 || HasWord(path) || HasWord(Unescape(path[..Math.Min(path.Length, buffer.Length)], buffer));

        static bool HasWord(ReadOnlySpan<byte> path)
        {
            while (path.Length > 0)
            {
                if (StartsWith(path, "/announce"u8) || StartsWith(path, "/scrape"u8))
                    return true;
                var slash = path[1..].IndexOf((byte)'/');
                path = slash < 0 ? [] : path[(slash + 1)..];
            }

            return false;
        }

        static bool StartsWith(ReadOnlySpan<byte> path, ReadOnlySpan<byte> lower) => path.Length >= lower.Length && Ascii.EqualsIgnoreCase(path[..lower.Length], lower);
    }

    private static TrackerRoute ParseUnusual(ReadOnlySpan<byte> path, ReadOnlySpan<byte> query)
    {
        if (path.Length > MaxUnusualPath)
            return default;
        Span<byte> buffer = stackalloc byte[MaxUnusualPath];
        scoped ReadOnlySpan<byte> rest = Unescape(path, buffer), first = default, second = default;
        for (var segments = 0; rest.Length > 0;)
        {
            var slash = rest.IndexOf((byte)'/');
            var segment = slash < 0 ? rest : rest[..slash];
            rest = slash < 0 ? [] : rest[(slash + 1)..];
            if (segment.IsEmpty)
                continue;
            if (++segments == 1)
                first = segment;
            else if (segments == 2)
                second = segment;
            else
                return default;
        }

        if (ActionOfAnyCase(first) is not TrackerAction.None and var action)
            return new(action, second.IsEmpty ? null : TextOf(second), query);
        return ActionOfAnyCase(second) is not TrackerAction.None and var later && !IsPageOfUser(first) ? new(later, TextOf(first), query) : default;
    }

    /// <summary>Path and query; of a target in absolute form without scheme and authority.</summary>
    private static void Split(ReadOnlySpan<byte> target, out ReadOnlySpan<byte> path, out ReadOnlySpan<byte> query)
    {
        if (target.Length > 0 && target[0] is (byte)'h' or (byte)'H')
        {
            var scheme = target.IndexOf("://"u8);
            if (scheme > 0 && (Ascii.EqualsIgnoreCase(target[..scheme], "http"u8) || Ascii.EqualsIgnoreCase(target[..scheme], "https"u8)))
            {
                target = target[(scheme + 3)..];
                var authority = target.IndexOfAny((byte)'/', (byte)'?');
                target = authority < 0 ? [] : target[authority..];
            }
        }

        var mark = target.IndexOf((byte)'?');
        path = mark < 0 ? target : target[..mark];
        query = mark < 0 ? [] : target[(mark + 1)..];
    }

    /// <summary>What is no escape stays as it is.</summary>
    private static ReadOnlySpan<byte> Unescape(ReadOnlySpan<byte> text, Span<byte> buffer)
    {
        var length = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '%' && i + 2 < text.Length && PercentEncoding.TryDecode(text.Slice(i, 3), buffer[length..], out _))
                i += 2;
            else
                buffer[length] = text[i];
            length++;
        }

        return buffer[..length];
    }

    private static string? FromQuery(ReadOnlySpan<byte> query)
    {
        if (query.IndexOf("passkey="u8) < 0)
            return null;
        Span<byte> buffer = stackalloc byte[MaxPasskey * 3];
        var reader = new QueryReader(query);
        while (reader.TryRead(out var name, out var value))
        {
            if (name.SequenceEqual("passkey"u8) && !value.IsEmpty)
                return TextOf(Unescape(value[..Math.Min(value.Length, buffer.Length)], buffer));
        }

        return null;
    }

    /// <summary>A user may be called <c>announce</c>: <c>/user/announce</c> and <c>/u/announce</c> are its pages.</summary>
    private static bool IsPageOfUser(ReadOnlySpan<byte> first) => Ascii.EqualsIgnoreCase(first, "u"u8) || Ascii.EqualsIgnoreCase(first, "user"u8);

    /// <summary>Too long to be one of ours: it stays a passkey, only an unknown one.</summary>
    private static string TextOf(ReadOnlySpan<byte> passkey) => Encoding.Latin1.GetString(passkey[..Math.Min(passkey.Length, MaxPasskey)]);

    private static TrackerAction ActionOf(ReadOnlySpan<byte> word) =>
        word.SequenceEqual("announce"u8) ? TrackerAction.Announce : word.SequenceEqual("scrape"u8) ? TrackerAction.Scrape : TrackerAction.None;

    private static TrackerAction ActionOfAnyCase(ReadOnlySpan<byte> word) =>
        Ascii.EqualsIgnoreCase(word, "announce"u8) ? TrackerAction.Announce : Ascii.EqualsIgnoreCase(word, "scrape"u8) ? TrackerAction.Scrape : TrackerAction.None;
}
