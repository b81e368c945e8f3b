using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Pbts.Peer.Exchange;
using Pbts.Protocol.Bep10;

namespace Pbts.Peer.Gate;

/// <summary>
/// In the client's place on a connection that is for vouchers alone: it says no more than the handshakes and has nothing to
/// give or to ask for. What is signed, kept and waited for is the relay's, as with any client.
/// </summary>
internal sealed class StandIn : IDisposable
{
    /// <summary>Time for a peer to show that it exchanges vouchers.</summary>
    private static readonly TimeSpan Introduction = TimeSpan.FromSeconds(10);

    /// <summary>Time for a peer that called to bring its vouchers and hear that they are kept.</summary>
    private static readonly TimeSpan Stay = TimeSpan.FromSeconds(30);

    private readonly Socket _own;

    private StandIn(Socket own, Socket client, byte[] hello) => (_own, Client, Hello) = (own, client, hello);

    /// <summary>The relay's end.</summary>
    public Socket Client { get; }

    /// <summary>What it says first.</summary>
    public byte[] Hello { get; }

    /// <summary>Begins.</summary>
    /// <param name="torrent">The torrent.</param>
    /// <param name="peer">Whom the connection is with.</param>
    /// <param name="leavesFirst">Whether it leaves as soon as the peer is known, so that the relay settles; else the peer is to leave.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="SocketException">The loopback interface cannot be used.</exception>
    public static async Task<StandIn> StartAsync(GateTorrent torrent, IPEndPoint peer, bool leavesFirst, CancellationToken cancellationToken)
    {
        var (own, client) = await PairAsync(cancellationToken).ConfigureAwait(false);
        var hello = PeerHandshake.Build(torrent.InfoHash, PeerHandshake.NewPeerId());
        var standIn = new StandIn(own, client, hello);
        _ = standIn.RunAsync(torrent, peer, leavesFirst, cancellationToken);
        return standIn;
    }

    public void Dispose()
    {
        _own.Dispose();
        Client.Dispose();
    }

    private async Task RunAsync(GateTorrent torrent, IPEndPoint peer, bool leavesFirst, CancellationToken cancellationToken)
    {
        using var time = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        time.CancelAfter(Introduction);
        var buffer = new byte[1 << 14];
        try
        {
            await _own.SendAsync(Bep10Frame.Build(Bep10Frame.HandshakeId, "d1:mdee"u8.ToArray()), time.Token).ConfigureAwait(false);
            // The peer's extended handshake comes here too, after the relay has seen it.
            for (var isKnown = false; await _own.ReceiveAsync(buffer, time.Token).ConfigureAwait(false) > 0;)
            {
                if (isKnown || !torrent.Peers.Any(relay => relay.Peer.Equals(peer) && relay.Key is not null))
                    continue;
                if (leavesFirst)
                    break;
                isKnown = true;
                time.CancelAfter(Stay);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // Over.
        }

        _own.Dispose();
    }

    /// <summary>Two ends of one connection within this process: nobody else's call is taken for ours.</summary>
    private static async Task<(Socket Own, Socket Client)> PairAsync(CancellationToken cancellationToken)
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(1);
        var own = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await own.ConnectAsync(listener.LocalEndPoint!, cancellationToken).ConfigureAwait(false);
            var client = await listener.AcceptAsync(cancellationToken).ConfigureAwait(false);
            if (client.RemoteEndPoint!.Equals(own.LocalEndPoint))
                return (own, client);
            client.Dispose();
            throw new SocketException((int)SocketError.ConnectionRefused);
        }
        catch
        {
            own.Dispose();
            throw;
        }
    }
}
