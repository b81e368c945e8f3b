using System.Net.Sockets;
using Pbts.GrainInterfaces.Swarms;

namespace Pbts.Api.Udp;

/// <summary>A caller and the buffer for its answer, used again and again. What the kernel reads and writes does not move.</summary>
internal sealed class UdpExchange(AddressFamily family)
{
    /// <summary>Of the longest <c>sockaddr</c>, IPv6's.</summary>
    public const int NameLength = 28;

    public byte[] Reply { get; } = GC.AllocateUninitializedArray<byte>(UdpReply.MaxLength, pinned: true);

    /// <summary>The caller, as a <c>sockaddr</c>.</summary>
    public byte[] Name { get; } = GC.AllocateArray<byte>(NameLength, pinned: true);

    public int NameUsed { get; set; }

    /// <summary>Where it was asked, see <see cref="PacketInfo"/>.</summary>
    public byte[] Info { get; } = GC.AllocateArray<byte>(PacketInfo.Length, pinned: true);

    public int InfoUsed { get; set; }

    /// <summary>The caller as it lies in a <c>sockaddr</c>: port at 2 in network order, address at 4 (IPv4) or 8 (IPv6).</summary>
    public PeerEndpoint Endpoint =>
        new(family == AddressFamily.InterNetworkV6 ? Name.AsSpan(8, 16) : Name.AsSpan(4, 4), (ushort)((Name[2] << 8) | Name[3]));
}
