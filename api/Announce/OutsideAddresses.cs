using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Options;
using Pbts.GrainInterfaces.Swarms;
using Pbts.Hosting.Configuration;

namespace Pbts.Api.Announce;

/// <summary>
/// Makes peers that announced from the tracker's own machine or network useful to those outside: they are given under
/// <see cref="TrackerOptions.ExternalAddress"/>. A loopback address is never given to anybody but this machine, where it
/// would be somebody else's own.
/// </summary>
internal sealed class OutsideAddresses
{
    private const int PortLength = 2;

    private readonly byte[]? _external;
    private readonly byte[]? _external6;

    public OutsideAddresses(IOptions<TrackerOptions> options)
    {
        options.Value.TryGetExternalAddresses(out var addresses);
        _external = addresses.FirstOrDefault(address => address.AddressFamily == AddressFamily.InterNetwork)?.GetAddressBytes();
        _external6 = addresses.FirstOrDefault(address => address.AddressFamily == AddressFamily.InterNetworkV6)?.GetAddressBytes();
    }

    /// <summary>The answer as this asker may have it; the same one where nothing is to be changed.</summary>
    public AnnounceReply For(PeerEndpoint asker, AnnounceReply reply)
    {
        Span<byte> compact = stackalloc byte[asker.CompactLength];
        asker.WriteCompact(compact);
        var from = PlaceOf(compact[..^PortLength]);
        if (from == Place.Machine || !(Changes(reply.Peers, 4, _external, from) || Changes(reply.Peers6, 16, _external6, from)))
            return reply;

        var ids = new List<byte>(reply.PeerIds.Length);
        var (peers, peers6) = (new List<byte>(reply.Peers.Length), new List<byte>(reply.Peers6.Length));
        var place = Copy(reply.Peers, 4, _external, from, reply.PeerIds, 0, peers, ids);
        Copy(reply.Peers6, 16, _external6, from, reply.PeerIds, place, peers6, ids);
        return new() { Complete = reply.Complete, Incomplete = reply.Incomplete, Peers = [.. peers], Peers6 = [.. peers6], PeerIds = [.. ids] };
    }

    private static bool Changes(ReadOnlySpan<byte> peers, int length, byte[]? external, Place asker)
    {
        for (; peers.Length > 0; peers = peers[(length + PortLength)..])
        {
            if (IsHidden(PlaceOf(peers[..length]), external, asker))
                return true;
        }

        return false;
    }

    /// <returns>The place of the next peer.</returns>
    private static int Copy(ReadOnlySpan<byte> peers, int length, byte[]? external, Place asker, ReadOnlySpan<byte> allIds, int place, List<byte> kept, List<byte> ids)
    {
        for (; peers.Length > 0; peers = peers[(length + PortLength)..], place++)
        {
            var hidden = IsHidden(PlaceOf(peers[..length]), external, asker);
            if (hidden && external is null)
                continue;
            kept.AddRange(hidden ? external : peers[..length]);
            kept.AddRange(peers.Slice(length, PortLength));
            if (!allIds.IsEmpty)
                ids.AddRange(allIds.Slice(place * PeerId.Length, PeerId.Length));
        }

        return place;
    }

    /// <summary>Whether the peer's address is of no use to the asker, or worse.</summary>
    private static bool IsHidden(Place peer, byte[]? external, Place asker) =>
        peer == Place.Machine || (peer == Place.Network && asker == Place.Outside && external is not null);

    private static Place PlaceOf(ReadOnlySpan<byte> address) => address.Length == 4
        ? address[0] switch
        {
            127 => Place.Machine,
            10 => Place.Network,
            172 when (address[1] & 0xf0) == 16 => Place.Network,
            192 when address[1] == 168 => Place.Network,
            169 when address[1] == 254 => Place.Network,
            _ => Place.Outside,
        }
        : address[15] == 1 && address[..15].IndexOfAnyExcept((byte)0) < 0 ? Place.Machine
        : (address[0] & 0xfe) == 0xfc || (address[0] == 0xfe && (address[1] & 0xc0) == 0x80) ? Place.Network : Place.Outside;

    private enum Place
    {
        /// <summary>Loopback.</summary>
        Machine,

        /// <summary>Private or link-local (RFC 1918, RFC 3927, RFC 4193, RFC 4291).</summary>
        Network,

        Outside,
    }
}
