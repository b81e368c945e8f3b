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
    [Id(3)] private readonly bool _isIPv6;

    public PeerEndpoint(IPAddress address, ushort port)
    {
        ArgumentNullException.ThrowIfNull(address);
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out var length);
        this = new PeerEndpoint(bytes[..length], port);
    }

    /// <param name="address">4 bytes (IPv4) or 16 (IPv6), as they are on the wire.</param>
    public PeerEndpoint(ReadOnlySpan<byte> address, ushort port)
    {
        if (address.Length == 16 && address.StartsWith(MappedPrefix))
            address = address[12..];
        _isIPv6 = address.Length == 16;
        _high = _isIPv6 ? BinaryPrimitives.ReadUInt64BigEndian(address) : 0;
        _low = _isIPv6 ? BinaryPrimitives.ReadUInt64BigEndian(address[8..]) : BinaryPrimitives.ReadUInt32BigEndian(address);
        Port = port;
    }

    public bool IsIPv6 => _isIPv6;

    // ::ffff:0:0/96 (RFC 4291 section 2.5.5.2).
    private static ReadOnlySpan<byte> MappedPrefix => [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

    [Id(2)] public ushort Port { get; init; }

    /// <summary>Bytes of the compact form: 6 (BEP 23) or 18 (BEP 7).</summary>
    public int CompactLength => _isIPv6 ? 18 : 6;

    /// <summary>Writes the compact form: address, then port, both big endian.</summary>
    public void WriteCompact(Span<byte> destination)
    {
        if (_isIPv6)
        {
            BinaryPrimitives.WriteUInt64BigEndian(destination, _high);
            BinaryPrimitives.WriteUInt64BigEndian(destination[8..], _low);
            BinaryPrimitives.WriteUInt16BigEndian(destination[16..], Port);
        }
        else
        {
            BinaryPrimitives.WriteUInt32BigEndian(destination, (uint)_low);
            BinaryPrimitives.WriteUInt16BigEndian(destination[4..], Port);
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
