using System.Buffers.Binary;
using System.Text;
using Pbts.GrainInterfaces.Swarms;

namespace Pbts.Api.Udp;

/// <summary>Writes the answers of BEP 15 and returns their length.</summary>
internal static class UdpReply
{
    /// <summary>No answer is longer: what crosses Ethernet over IPv6 in one piece.</summary>
    public const int MaxLength = 1500 - 40 - 8;

    private const int AnnounceHead = 20;

    /// <summary>Most peers an announce answer has room for.</summary>
    public static int MaxPeers(bool ipv6) => (MaxLength - AnnounceHead) / (ipv6 ? 18 : 6);

    public static int Connect(Span<byte> reply, uint transaction, ulong connectionId)
    {
        Head(reply, UdpAction.Connect, transaction);
        BinaryPrimitives.WriteUInt64BigEndian(reply[8..], connectionId);
        return 16;
    }

    /// <param name="peers">Compact peers of the packet's address family.</param>
    public static int Announce(Span<byte> reply, uint transaction, int interval, int leechers, int seeders, ReadOnlySpan<byte> peers)
    {
        Head(reply, UdpAction.Announce, transaction);
        BinaryPrimitives.WriteInt32BigEndian(reply[8..], interval);
        BinaryPrimitives.WriteInt32BigEndian(reply[12..], leechers);
        BinaryPrimitives.WriteInt32BigEndian(reply[16..], seeders);
        peers.CopyTo(reply[AnnounceHead..]);
        return AnnounceHead + peers.Length;
    }

    public static int Scrape(Span<byte> reply, uint transaction, ReadOnlySpan<SwarmCounts> counts)
    {
        Head(reply, UdpAction.Scrape, transaction);
        var length = 8;
        foreach (var count in counts)
        {
            BinaryPrimitives.WriteInt32BigEndian(reply[length..], count.Complete);
            BinaryPrimitives.WriteInt32BigEndian(reply[(length + 4)..], (int)Math.Min(count.Downloaded, int.MaxValue));
            BinaryPrimitives.WriteInt32BigEndian(reply[(length + 8)..], count.Incomplete);
            length += 12;
        }

        return length;
    }

    public static int Error(Span<byte> reply, uint transaction, string message)
    {
        Head(reply, UdpAction.Error, transaction);
        Encoding.UTF8.TryGetBytes(message, reply[8..], out var written);
        return 8 + written;
    }

    private static void Head(Span<byte> reply, uint action, uint transaction)
    {
        BinaryPrimitives.WriteUInt32BigEndian(reply, action);
        BinaryPrimitives.WriteUInt32BigEndian(reply[4..], transaction);
    }
}
