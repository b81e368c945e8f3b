using System.Buffers;
using System.Buffers.Text;
using System.Net;
using System.Text;
using Pbts.GrainInterfaces.Swarms;
using Pbts.Protocol.Receipts;

namespace Pbts.Api.Announce;

/// <summary>
/// The parameters of one announce (BEP 3, 7, 21, 23; <c>numwant</c>, <c>key</c>, <c>no_peer_id</c> and <c>trackerid</c>
/// are customary). The first occurrence of a parameter counts; a second <c>info_hash</c> is refused. What an announce can do
/// without is as if absent where it cannot be read; what says whose announce it is never is.
/// </summary>
internal struct AnnounceQuery
{
    private const int MaxText = 512;

    public InfoHash InfoHash;
    public PeerId PeerId;
    public ulong Identity;
    public ushort Port;
    public long? Left;
    public long Uploaded;
    public long Downloaded;
    public AnnounceEvent Event;

    /// <summary>Null when absent or negative: as many as the tracker likes.</summary>
    public int? NumWant;

    public bool Compact;
    public bool NoPeerId;

    /// <summary>The <c>ipv4</c>, <c>ipv6</c> or <c>ip</c> parameter when it holds an address; believed only where configured.</summary>
    public IPAddress? Address;

    public string? UserId;
    public string? Signature;

    private bool _hasKey;

    /// <summary>Reads the raw query.</summary>
    /// <returns>Null, or what is wrong, naming the parameter.</returns>
    public static string? Parse(ReadOnlySpan<byte> query, out AnnounceQuery announce)
    {
        announce = new AnnounceQuery { Compact = true };
        var seen = Parameters.None;
        Span<byte> buffer = stackalloc byte[MaxText];
        var reader = new QueryReader(query);
        while (reader.TryRead(out var name, out var value))
        {
            var parameter = Recognize(name);
            if (parameter == Parameters.None)
                continue;

            // Without a value it is not there, whatever it is.
            if (value.IsEmpty)
                continue;
            if ((seen & parameter) != 0)
            {
                if (parameter == Parameters.InfoHash)
                    return "info_hash is repeated: an announce is for one torrent";
                continue;
            }

            seen |= parameter;
            if (announce.Take(parameter, value, buffer) is { } error)
                return error;
        }

        if ((seen & Parameters.InfoHash) == 0)
            return "info_hash is missing";
        if ((seen & Parameters.PeerId) == 0)
            return "peer_id is missing";
        if ((seen & Parameters.Port) == 0)
            return "port is missing";
        if (!announce._hasKey)
            announce.Identity = HashOf(announce.PeerId);
        return null;
    }

    /// <summary>Takes <c>user_id</c> and <c>signature</c>, and nothing else, from the query of an announce URL.</summary>
    /// <returns>Null, or what is wrong, naming the parameter.</returns>
    public string? TakeUser(ReadOnlySpan<byte> query)
    {
        Span<byte> buffer = stackalloc byte[MaxText];
        var reader = new QueryReader(query);
        while (reader.TryRead(out var name, out var value))
        {
            var parameter = Recognize(name);
            if (!value.IsEmpty && ((parameter == Parameters.UserId && UserId is null) || (parameter == Parameters.Signature && Signature is null))
                && Take(parameter, value, buffer) is { } error)
                return error;
        }

        return null;
    }

    /// <summary>The identity behind a numeric key, as UDP has it (BEP 15).</summary>
    public static ulong IdentityOf(uint key)
    {
        Span<byte> digits = stackalloc byte[8];
        Utf8Formatter.TryFormat(key, digits, out _, new StandardFormat('X', 8));
        return HashOf(digits);
    }

    /// <summary>
    /// The identity behind a key's bytes. Clients write one 32-bit key as upper-case hex, as lower-case hex or without leading
    /// zeros, and send it as a number over UDP: all of these are one identity.
    /// </summary>
    private static ulong IdentityOf(ReadOnlySpan<byte> key) =>
        key.Length is >= 1 and <= 8 && Utf8Parser.TryParse(key, out uint number, out var consumed, 'x') && consumed == key.Length
            ? IdentityOf(number) : HashOf(key);

    private static Parameters Recognize(ReadOnlySpan<byte> name) => name.Length switch
    {
        2 when name.SequenceEqual("ip"u8) => Parameters.Ip,
        3 when name.SequenceEqual("key"u8) => Parameters.Key,
        4 when name.SequenceEqual("port"u8) => Parameters.Port,
        4 when name.SequenceEqual("left"u8) => Parameters.Left,
        4 when name.SequenceEqual("ipv4"u8) => Parameters.IPv4,
        4 when name.SequenceEqual("ipv6"u8) => Parameters.IPv6,
        5 when name.SequenceEqual("event"u8) => Parameters.Event,
        7 when name.SequenceEqual("peer_id"u8) => Parameters.PeerId,
        7 when name.SequenceEqual("numwant"u8) => Parameters.NumWant,
        7 when name.SequenceEqual("compact"u8) => Parameters.Compact,
        7 when name.SequenceEqual("user_id"u8) => Parameters.UserId,
        8 when name.SequenceEqual("uploaded"u8) => Parameters.Uploaded,
        9 when name.SequenceEqual("info_hash"u8) => Parameters.InfoHash,
        9 when name.SequenceEqual("signature"u8) => Parameters.Signature,
        10 when name.SequenceEqual("downloaded"u8) => Parameters.Downloaded,
        10 when name.SequenceEqual("no_peer_id"u8) => Parameters.NoPeerId,
        _ => Parameters.None,
    };

    private string? Take(Parameters parameter, ReadOnlySpan<byte> value, Span<byte> buffer)
    {
        switch (parameter)
        {
            case Parameters.InfoHash:
                return PercentEncoding.TryDecode(value, buffer, out var length) && InfoHash.TryFrom(buffer[..length], out InfoHash)
                    ? null : "info_hash is invalid: it must be 20 bytes, percent-encoded";
            case Parameters.PeerId:
                if (!PercentEncoding.TryDecode(value, buffer, out length) || length != PeerId.Length)
                    return "peer_id is invalid: it must be 20 bytes, percent-encoded";
                PeerId = PeerId.Read(buffer);
                return null;
            case Parameters.Port:
                if (!PercentEncoding.TryParseSize(value, out var port) || port is < 1 or > 65535)
                    return "port is invalid: it must be 1 to 65535";
                Port = (ushort)port;
                return null;
            case Parameters.Left:
                Left = PercentEncoding.TryParseSize(value, out var left) ? left : null;
                return null;
            case Parameters.Uploaded:
                Uploaded = PercentEncoding.TryParseSize(value, out var uploaded) ? uploaded : 0;
                return null;
            case Parameters.Downloaded:
                Downloaded = PercentEncoding.TryParseSize(value, out var downloaded) ? downloaded : 0;
                return null;
            case Parameters.NumWant:
                // Negative: as many as the tracker likes.
                if (PercentEncoding.TryParseSize(value, out var wanted))
                    NumWant = (int)Math.Min(wanted, int.MaxValue);
                return null;
            case Parameters.Compact:
                Compact = !value.SequenceEqual("0"u8);
                return null;
            case Parameters.NoPeerId:
                NoPeerId = !value.SequenceEqual("0"u8);
                return null;
            case Parameters.Event:
                Event = ParseEvent(value);
                return null;
            case Parameters.Key:
                // Opaque bytes (aria2 sends raw ones), only ever compared.
                _hasKey = PercentEncoding.TryDecode(value, buffer, out length);
                Identity = IdentityOf(buffer[..length]);
                return null;
            case Parameters.UserId:
                UserId = Text(value, buffer);
                return UserId is null ? "user_id is invalid: it must be text, percent-encoded" : null;
            case Parameters.Signature:
                Signature = Text(value, buffer);
                return Signature is null ? "signature is invalid: it must be text, percent-encoded" : null;
            case Parameters.Ip or Parameters.IPv4 or Parameters.IPv6:
                if (Address is null && Text(value, buffer) is { } text && IPAddress.TryParse(text, out var address))
                    Address = address;
                return null;
            default:
                return null;
        }
    }

    private static AnnounceEvent ParseEvent(ReadOnlySpan<byte> value) => value.Length switch
    {
        7 when value.SequenceEqual("started"u8) => AnnounceEvent.Started,
        7 when value.SequenceEqual("stopped"u8) => AnnounceEvent.Stopped,
        9 when value.SequenceEqual("completed"u8) => AnnounceEvent.Completed,
        6 when value.SequenceEqual("paused"u8) => AnnounceEvent.Paused,
        _ => AnnounceEvent.None,
    };

    private static string? Text(ReadOnlySpan<byte> value, Span<byte> buffer) =>
        PercentEncoding.TryDecode(value, buffer, out var length) && System.Text.Unicode.Utf8.IsValid(buffer[..length])
            ? Encoding.UTF8.GetString(buffer[..length]) : null;

    private static ulong HashOf(PeerId id)
    {
        Span<byte> bytes = stackalloc byte[PeerId.Length];
        id.Write(bytes);
        return HashOf(bytes);
    }

    /// <summary>FNV-1a, 64 bits: the same in every process, because swarms move between them.</summary>
    private static ulong HashOf(ReadOnlySpan<byte> bytes)
    {
        var hash = 14695981039346656037;
        foreach (var value in bytes)
            hash = (hash ^ value) * 1099511628211;
        return hash;
    }

    [Flags]
    private enum Parameters
    {
        None = 0,
        InfoHash = 1 << 0,
        PeerId = 1 << 1,
        Port = 1 << 2,
        Left = 1 << 3,
        Uploaded = 1 << 4,
        Downloaded = 1 << 5,
        Event = 1 << 6,
        NumWant = 1 << 7,
        Compact = 1 << 8,
        NoPeerId = 1 << 9,
        Key = 1 << 10,
        UserId = 1 << 11,
        Signature = 1 << 12,
        Ip = 1 << 13,
        IPv4 = 1 << 14,
        IPv6 = 1 << 15,
    }
}
