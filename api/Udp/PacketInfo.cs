using System.Net;
using System.Net.Sockets;

namespace Pbts.Api.Udp;

/// <summary>
/// The address a datagram was sent to, so that its answer comes from there (ip(7) <c>IP_PKTINFO</c>, RFC 3542
/// <c>IPV6_PKTINFO</c>): on a machine with several addresses a client takes no answer from another one. Linux only.
/// </summary>
internal static class PacketInfo
{
    /// <summary>Bytes of what the kernel says of a datagram, and is told of an answer.</summary>
    public const int Length = 40;

    private const int HeadLength = 16;

    /// <summary>Whether sockets at this endpoint need it: they listen at every address.</summary>
    public static bool IsNeeded(IPEndPoint endpoint) =>
        Datagrams.IsSupported && (endpoint.Address.Equals(IPAddress.Any) || endpoint.Address.Equals(IPAddress.IPv6Any));

    /// <summary>Asks the kernel for it.</summary>
    public static void Enable(Socket socket)
    {
        const int ip = 0, packetInfo = 8, ip6 = 41, receivePacketInfo6 = 49;
        if (socket.AddressFamily == AddressFamily.InterNetworkV6)
            socket.SetRawSocketOption(ip6, receivePacketInfo6, [1, 0, 0, 0]);
        else
            socket.SetRawSocketOption(ip, packetInfo, [1, 0, 0, 0]);
    }

    /// <summary>The route decides by which interface an answer goes, and not where the datagram came in.</summary>
    public static void ForgetInterface(AddressFamily family, Span<byte> info)
    {
        var number = family == AddressFamily.InterNetworkV6 ? HeadLength + 16 : HeadLength;
        if (info.Length >= number + 4)
            info.Slice(number, 4).Clear();
    }
}
