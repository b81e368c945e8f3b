using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Web;
using Pbts.Peer.Tracker;
using Pbts.Protocol.Bencode;
using Pbts.Protocol.Receipts;

namespace Pbts.Peer.Gate;

/// <summary>What a client announces, and the answer it gets: as the tracker's, but with doors for peers.</summary>
internal sealed record GateAnnounce
{
    /// <summary>What is the gate's to say, or would let peers past it.</summary>
    private static readonly string[] NotPassed = ["port", "ip", "ipv4", "ipv6", "compact", "no_peer_id", "user_id", "signature"];

    private const int MaxQuery = 8192;

    public required InfoHash InfoHash { get; init; }

    /// <summary>Where the client listens.</summary>
    public required int ClientPort { get; init; }

    /// <summary>Bytes it still lacks; <c>null</c> when it does not say.</summary>
    public long? Left { get; init; }

    public string Event { get; init; } = "";

    /// <summary>Its parameters but those the gate says itself.</summary>
    public required string Query { get; init; }

    /// <summary>Reads the query of an announce.</summary>
    /// <param name="query">Without the question mark.</param>
    /// <param name="announce">What it says.</param>
    /// <param name="error">What is wrong, naming the parameter.</param>
    public static bool TryParse(string query, [NotNullWhen(true)] out GateAnnounce? announce, out string error)
    {
        announce = null;
        error = "";
        if (query.Length > MaxQuery)
            error = $"the query is longer than {MaxQuery} characters";
        var parts = query.Split('&', StringSplitOptions.RemoveEmptyEntries).Select(part => part.Split('=', 2)).Where(part => part.Length == 2).ToArray();
        var infoHash = default(InfoHash);
        if (error.Length == 0 && !(Value("info_hash") is { } hash && InfoHash.TryFrom(Unescape(hash), out infoHash)))
            error = "info_hash: must be 20 bytes, percent-encoded";
        var port = 0;
        if (error.Length == 0 && !(int.TryParse(Value("port"), NumberStyles.None, CultureInfo.InvariantCulture, out port) && port is > 0 and <= 65535))
            error = "port: must be 1 to 65535";
        if (error.Length > 0)
            return false;
        announce = new GateAnnounce
        {
            InfoHash = infoHash, ClientPort = port, Event = Value("event") ?? "",
            Left = long.TryParse(Value("left"), NumberStyles.None, CultureInfo.InvariantCulture, out var left) ? left : null,
            Query = string.Join('&', parts.Where(part => !NotPassed.Contains(part[0])).Select(part => $"{part[0]}={part[1]}")),
        };
        return true;

        string? Value(string name) => Array.Find(parts, part => part[0] == name)?[1];
    }

    /// <summary>The torrents of a scrape, at most a hundred.</summary>
    public static IReadOnlyList<InfoHash> InfoHashes(string query)
    {
        const string Name = "info_hash=";
        return [.. query.Split('&').Where(part => part.StartsWith(Name, StringComparison.Ordinal))
            .Select(part => InfoHash.TryFrom(Unescape(part[Name.Length..]), out var hash) ? hash : (InfoHash?)null).OfType<InfoHash>().Take(100)];
    }

    /// <summary>The same as the gate says it to the tracker.</summary>
    public string ToTracker(int port) => $"{Query}&port={port}&compact=1";

    /// <summary>The same with another event, or none.</summary>
    public GateAnnounce With(string announceEvent)
    {
        var rest = string.Join('&', Query.Split('&').Where(part => !part.StartsWith("event=", StringComparison.Ordinal)));
        return this with { Event = announceEvent, Query = announceEvent.Length == 0 ? rest : $"{rest}&event={announceEvent}" };
    }

    /// <summary>The tracker's answer for the client.</summary>
    /// <param name="body">The tracker's.</param>
    /// <param name="door">Gives the door of a peer.</param>
    /// <param name="peers">Peers it names; <c>null</c> for a refusal.</param>
    /// <returns><c>null</c> for what is no answer to an announce.</returns>
    public static byte[]? Answer(byte[] body, Func<IPEndPoint, IPEndPoint> door, out IReadOnlyList<IPEndPoint>? peers)
    {
        peers = null;
        if (BencodeDocument.TryParse(body, BencodeLimits.Reply, out var document) != BencodeError.None || document!.Root.Kind != BencodeKind.Dictionary)
            return null;
        if (document.Root.TryGetBytes("failure reason"u8, out _))
            return body;
        // An answer without peers in it, or without a time to come back, is not one to an announce.
        if (!document.Root.TryGetNumber("interval"u8, out var interval) || interval <= 0
            || IsPeers(document.Root, "peers"u8, 6) is not { } some || IsPeers(document.Root, "peers6"u8, 18) is not { } more || !(some || more))
            return null;
        peers = AnnounceReplyReader.Read(body).Peers;
        var entries = BencodeEntries.Of(document.Root);
        entries.Remove("peers6");
        entries.Set("peers", Compact(peers, door));
        return entries.Encode();
    }

    /// <summary>The answer while the tracker gives none: the peers known last, and why.</summary>
    public static byte[] Away(string why, IReadOnlyList<IPEndPoint> peers, Func<IPEndPoint, IPEndPoint> door) => BencodeValue.Dictionary(
        ("interval", BencodeValue.Of(60)), ("warning message", BencodeValue.Of(why)), ("peers", Compact(peers, door))).Encode();

    /// <summary>A refusal.</summary>
    public static byte[] Failure(string why) => BencodeValue.Dictionary([("failure reason", BencodeValue.Of(why))]).Encode();

    /// <summary>Whether a list of peers is there; <c>null</c> for something else under its name.</summary>
    private static bool? IsPeers(BencodeElement root, ReadOnlySpan<byte> name, int length)
    {
        if (!root.TryGet(name, out var peers))
            return false;
        return peers.Kind == BencodeKind.List || (peers.TryGetBytes(out var compact) && compact.Length % length == 0) ? true : null;
    }

    private static BencodeValue Compact(IReadOnlyList<IPEndPoint> peers, Func<IPEndPoint, IPEndPoint> door) =>
        BencodeValue.Of(peers.Select(door).SelectMany(one => (byte[])[.. one.Address.GetAddressBytes(), (byte)(one.Port >> 8), (byte)one.Port]).ToArray());

    /// <summary>A plus is a byte like others here, not the blank of a form.</summary>
    private static byte[] Unescape(string text) => HttpUtility.UrlDecodeToBytes(text.Replace("+", "%2B", StringComparison.Ordinal));
}
