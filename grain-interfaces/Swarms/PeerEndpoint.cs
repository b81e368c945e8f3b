using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Pbts.GrainInterfaces.Swarms;

/// <summary>Address and port of a peer. An IPv4-mapped IPv6 address is the IPv4 address.</summary>
[GenerateSerializer, Immutable, Alias("pbts.PeerEndpoint")]
public readonly record struct PeerEndpoint
{
    // IPv4 is kept in the low 32 bits of Low.
    [Id(0)] private readonly ulong _high;
    [Id(1)] private readonly ulong _low;
    [Id(2)] private readonly ushort _port;
    [Id(3)] private readonly bool _isIPv6;

    public PeerEndpoint(IPAddress address, ushort port)
    {
        ArgumentNullException.ThrowIfNull(address);
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        _isIPv6 = address.AddressFamily == AddressFamily.InterNetworkV6;
        _high = _isIPv6 ? BinaryPrimitives.ReadUInt64BigEndian(bytes) : 0;
        _low = _isIPv6 ? BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]) : BinaryPrimitives.ReadUInt32BigEndian(bytes);
        _port = port;
    }

    public bool IsIPv6 => _isIPv6;

    public ushort Port => _port;

    /// <summary>Bytes of the compact form: 6 (BEP 23) or 18 (BEP 7).</summary>
    public int CompactLength => _isIPv6 ? 18 : 6;

    /// <summary>Writes the compact form: address, then port, both big endian.</summary>
    public void WriteCompact(Span<byte> destination)
    {
        if (_isIPv6)
        {
            BinaryPrimitives.WriteUInt64BigEndian(destination, _high);
            BinaryPrimitives.WriteUInt64BigEndian(destination[8..], _low);
            BinaryPrimitives.WriteUInt16BigEndian(destination[16..], _port);
        }
        else
        {
            BinaryPrimitives.WriteUInt32BigEndian(destination, (uint)_low);
            BinaryPrimitives.WriteUInt16BigEndian(destination[4..], _port);
        }
    }

    /// <summary>The address alone.</summary>
    public IPAddress ToAddress()
    {
        Span<byte> bytes = stackalloc byte[18];
        WriteCompact(bytes);
        return new IPAddress(bytes[..(_isIPv6 ? 16 : 4)]);
    }
}
