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
/// and the same with <c>scrape</c> (BEP 48 replaces the word in the announce URL).
/// </summary>
internal readonly ref struct TrackerRoute
{
    private const int MaxPasskey = 64;

    private TrackerRoute(TrackerAction action, string? passkey, ReadOnlySpan<byte> query)
    {
        Action = action;
        Passkey = passkey;
        Query = query;
    }

    public TrackerAction Action { get; }

    public string? Passkey { get; }

    /// <summary>The bytes behind the question mark.</summary>
    public ReadOnlySpan<byte> Query { get; }

    /// <summary>Reads a raw request target in origin form.</summary>
    public static TrackerRoute Parse(ReadOnlySpan<byte> target)
    {
        var mark = target.IndexOf((byte)'?');
        var path = mark < 0 ? target : target[..mark];
        var query = mark < 0 ? [] : target[(mark + 1)..];
        if (path.Length < 7 || path[0] != '/')
            return default;
        path = path[1..];
        var slash = path.IndexOf((byte)'/');
        if (slash < 0)
            return new(ActionOf(path), null, query);

        var first = path[..slash];
        var second = path[(slash + 1)..];
        if (ActionOf(first) is not TrackerAction.None and var action)
            return second.Length == 0 ? new(action, null, query) : WithPasskey(action, second, query);
        return ActionOf(second) is not TrackerAction.None and var later ? WithPasskey(later, first, query) : default;
    }

    private static TrackerRoute WithPasskey(TrackerAction action, ReadOnlySpan<byte> passkey, ReadOnlySpan<byte> query)
    {
        if (passkey.Contains((byte)'/'))
            return default;

        // Too long to be one of ours: it stays a passkey, only an unknown one.
        return new(action, Encoding.Latin1.GetString(passkey[..Math.Min(passkey.Length, MaxPasskey)]), query);
    }

    private static TrackerAction ActionOf(ReadOnlySpan<byte> word) =>
        word.SequenceEqual("announce"u8) ? TrackerAction.Announce : word.SequenceEqual("scrape"u8) ? TrackerAction.Scrape : TrackerAction.None;
}
