using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace Pbts.Peer.Tracker;

/// <summary>Announces over UDP (BEP 15); path and query of the URL, where a passkey is, go with them (BEP 41).</summary>
internal sealed class UdpTracker : IAnnounceTracker
{
    private const ulong Magic = 0x41727101980;
    private const uint Connect = 0;
    private const uint Announce = 1;
    private const uint Error = 3;
    private const int HeaderLength = 8;
    private const int AnnounceHeaderLength = 20;
    private const int MaxOption = 255;

    /// <summary>How long each of the tries waits. BEP 15 waits longer and more often: the announcer asks again, and others may be left to ask.</summary>
    private static readonly TimeSpan[] Patience = [TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(10)];

    private readonly Uri _url;
    private readonly uint _key = BinaryPrimitives.ReadUInt32BigEndian(RandomNumberGenerator.GetBytes(4));

    /// <param name="url">The announce URL.</param>
    /// <exception cref="UriFormatException">Not a udp URL with a port.</exception>
    public UdpTracker(string url)
    {
        _url = new Uri(url, UriKind.Absolute);
        if (_url.Scheme != "udp" || _url.Port <= 0)
            throw new UriFormatException($"{url}: not udp://HOST:PORT");
    }

    /// <inheritdoc/>
    public string Name => $"udp://{_url.Authority}";

    /// <inheritdoc/>
    public async Task<AnnounceReply> AnnounceAsync(AnnounceRequest request, CancellationToken cancellationToken)
    {
        var trouble = "no address";
        try
        {
            foreach (var address in await Dns.GetHostAddressesAsync(_url.DnsSafeHost, cancellationToken).ConfigureAwait(false))
            {
                try
                {
                    return await AnnounceAsync(new IPEndPoint(address, _url.Port), request, cancellationToken).ConfigureAwait(false);
                }
                catch (SocketException e)
                {
                    trouble = e.Message;
                }
                catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
                {
                    trouble = "no answer";
                }
            }
        }
        catch (SocketException e)
        {
            trouble = e.Message;
        }
        return new AnnounceReply { Failure = $"tracker not reached: {trouble}", IsUnreachable = true, Interval = 60 };
    }

    public void Dispose()
    {
        // Each announce has a socket of its own.
    }

    private async Task<AnnounceReply> AnnounceAsync(IPEndPoint tracker, AnnounceRequest request, CancellationToken cancellationToken)
    {
        using var socket = new Socket(tracker.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        // Connected, so that datagrams of others are not given to us, and nobody there is said at once.
        await socket.ConnectAsync(tracker, cancellationToken).ConfigureAwait(false);
        var packet = new byte[16];
        BinaryPrimitives.WriteUInt64BigEndian(packet, Magic);
        var answer = await ExchangeAsync(socket, packet, Connect, HeaderLength + 8, cancellationToken).ConfigureAwait(false);
        if (answer.Failure is not null)
            return answer.Failure;
        packet = Build(BinaryPrimitives.ReadUInt64BigEndian(answer.Packet.AsSpan(HeaderLength)), request);
        answer = await ExchangeAsync(socket, packet, Announce, AnnounceHeaderLength, cancellationToken).ConfigureAwait(false);
        return answer.Failure ?? Read(answer.Packet, tracker.AddressFamily == AddressFamily.InterNetwork ? 4 : 16);
    }

    /// <summary>Sends a request with its action and a transaction id until it is answered.</summary>
    /// <exception cref="OperationCanceledException">No answer in time.</exception>
    private static async Task<(byte[] Packet, AnnounceReply? Failure)> ExchangeAsync(Socket socket, byte[] packet, uint action, int least, CancellationToken cancellationToken)
    {
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(8), action);
        RandomNumberGenerator.Fill(packet.AsSpan(12, 4));
        var buffer = new byte[65536];
        for (var attempt = 0; ; attempt++)
        {
            using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            timeout.CancelAfter(Patience[attempt]);
            try
            {
                await socket.SendAsync(packet, timeout.Token).ConfigureAwait(false);
                while (true)
                {
                    var answer = buffer[..await socket.ReceiveAsync(buffer, timeout.Token).ConfigureAwait(false)];
                    if (answer.Length < HeaderLength || !answer.AsSpan(4, 4).SequenceEqual(packet.AsSpan(12, 4)))
                        continue;
                    var said = BinaryPrimitives.ReadUInt32BigEndian(answer);
                    if (said == Error)
                        return (answer, Refused(Encoding.UTF8.GetString(answer.AsSpan(HeaderLength)).TrimEnd('\0')));
                    if (said == action && answer.Length >= least)
                        return (answer, null);
                }
            }
            catch (OperationCanceledException) when (attempt + 1 < Patience.Length && !cancellationToken.IsCancellationRequested)
            {
                // Datagrams get lost.
            }
        }
    }

    private static AnnounceReply Refused(string reason) => new() { Failure = reason, IsFinal = FinalRefusals.IsFinal(reason) };

    private byte[] Build(ulong connection, AnnounceRequest request)
    {
        // An uninteresting path tells the tracker nothing.
        var path = _url.PathAndQuery is "/" ? [] : Encoding.ASCII.GetBytes(_url.PathAndQuery);
        var packet = new byte[98];
        BinaryPrimitives.WriteUInt64BigEndian(packet, connection);
        request.InfoHash.Span.CopyTo(packet.AsSpan(16));
        request.PeerId.CopyTo(packet, 36);
        BinaryPrimitives.WriteInt64BigEndian(packet.AsSpan(56), request.Downloaded);
        BinaryPrimitives.WriteInt64BigEndian(packet.AsSpan(64), request.Left);
        BinaryPrimitives.WriteInt64BigEndian(packet.AsSpan(72), request.Uploaded);
        BinaryPrimitives.WriteInt32BigEndian(packet.AsSpan(80), request.Event switch { "completed" => 1, "started" => 2, "stopped" => 3, _ => 0 });
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(88), _key);
        BinaryPrimitives.WriteInt32BigEndian(packet.AsSpan(92), request.NumWant);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(96), (ushort)request.Port);
        return [.. packet, .. path.Chunk(MaxOption).SelectMany(part => (byte[])[2, (byte)part.Length, .. part])];
    }

    private static AnnounceReply Read(byte[] packet, int addressLength)
    {
        var peers = new List<IPEndPoint>();
        AnnounceReplyReader.ReadCompact(packet.AsSpan(AnnounceHeaderLength), addressLength, peers);
        return new AnnounceReply
        {
            Interval = AnnounceReplyReader.Seconds(BinaryPrimitives.ReadUInt32BigEndian(packet.AsSpan(8)), 1800),
            Leechers = BinaryPrimitives.ReadUInt32BigEndian(packet.AsSpan(12)),
            Seeders = BinaryPrimitives.ReadUInt32BigEndian(packet.AsSpan(16)),
            Peers = peers,
        };
    }
}
