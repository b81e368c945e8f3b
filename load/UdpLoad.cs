using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Pbts.Load;

/// <summary>
/// Announces over UDP (BEP 15) from one thread: every socket keeps a window of announces under way and sends the next
/// when an answer comes. What has no answer after half a second counts as an error and is made up for.
/// </summary>
public sealed class UdpLoad : IDisposable
{
    private const ulong ConnectMagic = 0x41727101980;
    private const int AnnounceLength = 98;
    private const byte UrlDataOption = 2;
    private static readonly long Patience = Stopwatch.Frequency / 2;

    private readonly byte[][] _announces;
    private readonly Client[] _clients;
    private readonly byte[] _buffer = new byte[65_536];
    private readonly LatencyHistogram _latencies = new();
    private int _next;
    private long _errors;

    public UdpLoad(int port, int sockets, int window, byte[][] announces)
    {
        _announces = announces;
        _clients = [.. Enumerable.Range(0, sockets).Select(_ => new Client(port, window))];
    }

    /// <summary>
    /// Announces of every torrent times <paramref name="peers"/>, half of them seeders, shuffled; connection and transaction id
    /// still empty. With passkeys, each has one in its URL (BEP 41).
    /// </summary>
    public static byte[][] RenderAnnounces(IEnumerable<string> hashes, int peers, int numWant, string[] keys)
    {
        var random = new Random(7);
        var packets = hashes.SelectMany((hash, torrent) => Enumerable.Range(1, peers).Select(peer =>
        {
            var url = keys.Length == 0 ? "" : $"/announce/{keys[((torrent * peers) + peer) % keys.Length]}";
            var packet = new byte[AnnounceLength + (url.Length == 0 ? 0 : 2 + url.Length)];
            if (url.Length > 0)
                (packet[AnnounceLength], packet[AnnounceLength + 1]) = (UrlDataOption, (byte)url.Length);
            Encoding.ASCII.GetBytes(url, packet.AsSpan(packet.Length - url.Length));
            BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(8), 1);
            Convert.FromHexString(hash, packet.AsSpan(16, 20), out _, out _);
            Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"-BN0001-{torrent:D6}{peer:D6}"), packet.AsSpan(36));
            BinaryPrimitives.WriteInt64BigEndian(packet.AsSpan(56), peer * 500);
            BinaryPrimitives.WriteInt64BigEndian(packet.AsSpan(64), random.Next(2) == 0 ? 0 : 123_456_789);
            BinaryPrimitives.WriteInt64BigEndian(packet.AsSpan(72), peer * 1000);
            BinaryPrimitives.WriteInt32BigEndian(packet.AsSpan(88), (torrent * 1000) + peer);
            BinaryPrimitives.WriteInt32BigEndian(packet.AsSpan(92), numWant);
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(96), (ushort)(1024 + (((torrent * 131) + (peer * 7)) % 60_000)));
            return packet;
        })).ToArray();
        random.Shuffle(packets);
        return packets;
    }

    /// <returns>One line as bench/announce.lua prints for HTTP: RESULT answers answers/s p50-ms p99-ms errors.</returns>
    public string Run(TimeSpan duration)
    {
        foreach (var client in _clients)
        {
            client.Connect(_buffer);
            for (var slot = 0; slot < client.SentAt.Length; slot++)
                Send(client, slot);
        }

        var watch = Stopwatch.StartNew();
        while (watch.Elapsed < duration)
        {
            var any = false;
            foreach (var client in _clients)
            {
                for (var burst = 0; burst < 32 && TakeAnswer(client); burst++)
                    any = true;
            }

            if (!any)
            {
                _clients[0].Socket.Poll(TimeSpan.FromMilliseconds(0.2), SelectMode.SelectRead);
                MakeUpForLost();
            }
        }

        return string.Create(CultureInfo.InvariantCulture,
            $"RESULT {_latencies.Count} {_latencies.Count / watch.Elapsed.TotalSeconds:F0} {_latencies.Quantile(0.5):F2} {_latencies.Quantile(0.99):F2} {_errors}");
    }

    public void Dispose()
    {
        foreach (var client in _clients)
            client.Socket.Dispose();
    }

    private void Send(Client client, int slot)
    {
        var packet = _announces[_next = (_next + 1) % _announces.Length];
        client.Id.CopyTo(packet, 0);
        BinaryPrimitives.WriteInt32BigEndian(packet.AsSpan(12), slot);
        client.SentAt[slot] = Stopwatch.GetTimestamp();
        client.Socket.Send(packet, SocketFlags.None, out _);
    }

    private bool TakeAnswer(Client client)
    {
        var length = client.Socket.Receive(_buffer, SocketFlags.None, out var error);
        if (error != SocketError.Success)
            return false;
        var slot = BinaryPrimitives.ReadInt32BigEndian(_buffer.AsSpan(4));
        if (length < 20 || BinaryPrimitives.ReadInt32BigEndian(_buffer) != 1 || slot < 0 || slot >= client.SentAt.Length)
        {
            _errors++;
            return true;
        }

        _latencies.Add(Stopwatch.GetTimestamp() - client.SentAt[slot]);
        Send(client, slot);
        return true;
    }

    private void MakeUpForLost()
    {
        var now = Stopwatch.GetTimestamp();
        foreach (var client in _clients)
        {
            for (var slot = 0; slot < client.SentAt.Length; slot++)
            {
                if (now - client.SentAt[slot] <= Patience)
                    continue;
                _errors++;
                Send(client, slot);
            }
        }
    }

    private sealed class Client
    {
        public Client(int port, int window)
        {
            SentAt = new long[window];
            Socket.Connect(IPAddress.Loopback, port);
        }

        public Socket Socket { get; } = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);

        /// <summary>The connection id, as it goes onto the wire.</summary>
        public byte[] Id { get; } = new byte[8];

        public long[] SentAt { get; }

        public void Connect(byte[] buffer)
        {
            var request = new byte[16];
            BinaryPrimitives.WriteUInt64BigEndian(request, ConnectMagic);
            Socket.ReceiveTimeout = 2000;
            Socket.Send(request);
            if (Socket.Receive(buffer) != 16)
                throw new InvalidOperationException("The tracker did not give a connection id.");
            buffer.AsSpan(8, 8).CopyTo(Id);
            Socket.Blocking = false;
        }
    }
}
