using System.Buffers.Binary;
using System.Net;
using Pbts.Api.Announce;
using Pbts.GrainInterfaces.Swarms;
using Pbts.Protocol.Receipts;

namespace Pbts.Api.Udp;

/// <summary>Reads the announce request of BEP 15 and what BEP 41 puts behind it.</summary>
internal static class UdpAnnounce
{
    /// <summary>Bytes of an announce without options; one with options is longer.</summary>
    public const int Length = 98;

    /// <summary>Reads a whole packet, its header of 16 bytes included.</summary>
    /// <param name="ipv6">The packet came over IPv6, where the <c>ip</c> field has no meaning.</param>
    /// <param name="passkey">From the path of the announce URL; null when there is none.</param>
    /// <returns>Null, or what is wrong, naming the field.</returns>
    public static string? Parse(ReadOnlySpan<byte> packet, bool ipv6, out AnnounceQuery announce, out string? passkey)
    {
        announce = new AnnounceQuery { Compact = true };
        passkey = null;
        if (packet.Length < Length)
            return $"announce is too short: it has at least {Length} bytes";
        announce.InfoHash = InfoHash.From(packet.Slice(16, InfoHash.Length));
        announce.PeerId = PeerId.Read(packet[36..]);
        announce.Downloaded = ReadSize(packet[56..]);
        announce.Left = ReadSize(packet[64..]);
        announce.Uploaded = ReadSize(packet[72..]);
        announce.Event = ReadEvent(BinaryPrimitives.ReadUInt32BigEndian(packet[80..]));
        if (!ipv6 && BinaryPrimitives.ReadUInt32BigEndian(packet[84..]) != 0)
            announce.Address = new IPAddress(packet.Slice(84, 4));
        announce.Identity = AnnounceQuery.IdentityOf(BinaryPrimitives.ReadUInt32BigEndian(packet[88..]));
        var numWant = BinaryPrimitives.ReadInt32BigEndian(packet[92..]);
        announce.NumWant = numWant < 0 ? null : numWant;
        announce.Port = BinaryPrimitives.ReadUInt16BigEndian(packet[96..]);
        if (announce.Port == 0)
            return "port is invalid: it must be 1 to 65535";
        return packet.Length == Length ? null : TakeOptions(packet[Length..], ref announce, out passkey);
    }

    private static string? TakeOptions(ReadOnlySpan<byte> options, ref AnnounceQuery announce, out string? passkey)
    {
        passkey = null;
        Span<byte> buffer = stackalloc byte[options.Length];
        var length = UrlData.Read(options, buffer);
        var route = TrackerRoute.ParseUrlData(buffer[..length]);
        if (route.Action == TrackerAction.None)
            return "unknown path: it must be /announce or /announce/{passkey}";
        passkey = route.Passkey;
        return announce.TakeUser(route.Query);
    }

    private static long ReadSize(ReadOnlySpan<byte> bytes) => (long)Math.Min(BinaryPrimitives.ReadUInt64BigEndian(bytes), long.MaxValue);

    private static AnnounceEvent ReadEvent(uint number) => number switch
    {
        1 => AnnounceEvent.Completed,
        2 => AnnounceEvent.Started,
        3 => AnnounceEvent.Stopped,

        // Not in BEP 15; libtorrent sends BEP 21's paused so.
        4 => AnnounceEvent.Paused,
        _ => AnnounceEvent.None,
    };
}
