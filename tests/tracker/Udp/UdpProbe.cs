using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Udp;

/// <summary>One UDP socket that sends exactly the bytes given and reads single answers.</summary>
internal sealed class UdpProbe : IDisposable
{
    public const ulong Magic = 0x41727101980;

    /// <summary>Long enough for a busy machine; only tests of silence use the short wait.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    private static int s_transaction = 1000;

    private readonly Socket _socket;
    private readonly EndPoint _tracker;

    public UdpProbe(NodeProcess node, IPAddress? from = null, bool ipv6 = false)
        : this(node.Port, from ?? (ipv6 ? IPAddress.IPv6Loopback : IPAddress.Loopback))
    {
    }

    private UdpProbe(int port, IPAddress from)
    {
        _tracker = new IPEndPoint(from.AddressFamily == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Loopback : IPAddress.Loopback, port);
        _socket = new Socket(from.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        _socket.Bind(new IPEndPoint(from, 0));
    }

    public static uint NextTransaction() => (uint)Interlocked.Increment(ref s_transaction);

    public static byte[] ConnectPacket(uint transaction, ulong magic = Magic) => [.. U64(magic), .. U32(0), .. U32(transaction)];

    public static byte[] AnnouncePacket(
        ulong connection, uint transaction, byte[] infoHash, int peer, long left, uint @event = 0, uint key = 7, int numWant = -1, uint ip = 0,
        int? port = null, long uploaded = 0, long downloaded = 0, byte[]? options = null) =>
    [
        .. U64(connection), .. U32(1), .. U32(transaction), .. infoHash, .. Encoding.ASCII.GetBytes($"-XX0001-{peer:D12}"),
        .. U64((ulong)downloaded), .. U64((ulong)left), .. U64((ulong)uploaded), .. U32(@event), .. U32(ip), .. U32(key), .. U32((uint)numWant),
        .. U32((uint)(port ?? 1000 + peer))[2..], .. options ?? [],
    ];

    public static byte[] ScrapePacket(ulong connection, uint transaction, params byte[][] infoHashes) =>
        [.. U64(connection), .. U32(2), .. U32(transaction), .. infoHashes.SelectMany(hash => hash)];

    /// <summary>URLData options (BEP 41) that carry <paramref name="url"/> in pieces of at most <paramref name="piece"/> bytes.</summary>
    public static byte[] UrlData(string url, int piece = 255) =>
        [.. Encoding.ASCII.GetBytes(url).Chunk(piece).SelectMany(part => (byte[])[2, (byte)part.Length, .. part])];

    public static byte[] U32(uint value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        return bytes;
    }

    public static byte[] U64(ulong value)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, value);
        return bytes;
    }

    public void Send(byte[] packet) => _socket.SendTo(packet, _tracker);

    /// <summary>The next datagram, or null when none comes.</summary>
    public async Task<byte[]?> ReceiveAsync(TimeSpan? patience = null)
    {
        var buffer = new byte[65_536];
        using var limit = new CancellationTokenSource(patience ?? Patience);
        try
        {
            var result = await _socket.ReceiveFromAsync(buffer, SocketFlags.None, new IPEndPoint(_tracker.AddressFamily == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any, 0), limit.Token);
            return buffer[..result.ReceivedBytes];
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    public async Task<UdpAnswer> ExchangeAsync(byte[] packet)
    {
        Send(packet);
        return new UdpAnswer(await ReceiveAsync() ?? throw new TimeoutException("The tracker did not answer."));
    }

    public async Task<ulong> ConnectAsync()
    {
        var transaction = NextTransaction();
        var answer = await ExchangeAsync(ConnectPacket(transaction));
        Assert.Equal((0u, transaction, 16), (answer.Action, answer.Transaction, answer.Bytes.Length));
        return BinaryPrimitives.ReadUInt64BigEndian(answer.Bytes.AsSpan(8));
    }

    /// <summary>Connects and announces.</summary>
    public async Task<UdpAnswer> AnnounceAsync(byte[] infoHash, int peer, long left, uint @event = 0, uint key = 7, int numWant = -1, uint ip = 0, int? port = null, byte[]? options = null)
    {
        var transaction = NextTransaction();
        var answer = await ExchangeAsync(AnnouncePacket(await ConnectAsync(), transaction, infoHash, peer, left, @event, key, numWant, ip, port, options: options));
        Assert.Equal(transaction, answer.Transaction);
        return answer;
    }

    public void Dispose() => _socket.Dispose();
}

/// <summary>An answer, read by the offsets of BEP 15.</summary>
internal sealed record UdpAnswer(byte[] Bytes)
{
    public uint Action => BinaryPrimitives.ReadUInt32BigEndian(Bytes);

    public uint Transaction => BinaryPrimitives.ReadUInt32BigEndian(Bytes.AsSpan(4));

    public string? Error => Action == 3 ? Encoding.UTF8.GetString(Bytes.AsSpan(8)) : null;

    public int Interval => Int32(8);

    public int Leechers => Int32(12);

    public int Seeders => Int32(16);

    public IPEndPoint[] Peers(bool ipv6 = false)
    {
        Assert.True(Action == 1, Error);
        var stride = ipv6 ? 18 : 6;
        Assert.Equal(0, (Bytes.Length - 20) % stride);
        return [.. Bytes[20..].Chunk(stride).Select(peer => new IPEndPoint(new IPAddress(peer[..^2]), (peer[^2] << 8) | peer[^1]))];
    }

    /// <summary>Seeders, completed and leechers of one torrent of a scrape.</summary>
    public (int Seeders, int Completed, int Leechers) Scrape(int index)
    {
        Assert.True(Action == 2, Error);
        return (Int32(8 + (12 * index)), Int32(12 + (12 * index)), Int32(16 + (12 * index)));
    }

    private int Int32(int offset)
    {
        Assert.True(Action != 3, Error);
        return BinaryPrimitives.ReadInt32BigEndian(Bytes.AsSpan(offset));
    }
}
