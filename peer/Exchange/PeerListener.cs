using System.Net;
using System.Net.Sockets;

namespace Pbts.Peer.Exchange;

/// <summary>Makes connections, called or calling, and does the 68-byte handshakes in bounded time and number.</summary>
/// <param name="session">Where finished connections go.</param>
internal sealed class PeerListener(PeerSession session) : IDisposable
{
    /// <summary>Callers that have not said who they are, the one that waits longest first.</summary>
    private readonly LinkedList<Socket> _halfOpen = [];
    private Socket? _listener;

    /// <summary>Begins to listen and gives the port.</summary>
    /// <exception cref="SocketException">The port is taken.</exception>
    public int Start()
    {
        _listener = new Socket(session.Options.Listen.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        if (session.Options.Listen.Equals(IPAddress.IPv6Any))
            _listener.DualMode = true;
        _listener.Bind(new IPEndPoint(session.Options.Listen, session.Options.Port));
        _listener.Listen(128);
        return ((IPEndPoint)_listener.LocalEndPoint!).Port;
    }

    /// <summary>Takes calls until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            Socket socket;
            try
            {
                socket = await _listener!.AcceptAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (SocketException)
            {
                // The caller left before it was answered, or descriptors ran out: neither ends the listening.
                await Task.Delay(100, cancellationToken).ConfigureAwait(false);
                continue;
            }
            _ = AnswerAsync(socket, cancellationToken);
        }
    }

    /// <summary>Calls a peer and stays until the connection ends; <c>false</c> when there was none.</summary>
    public async Task<bool> CallAsync(IPEndPoint endPoint, CancellationToken cancellationToken)
    {
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        byte[]? answer = null;
        try
        {
            using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            timeout.CancelAfter(session.Options.HandshakeTimeout);
            await socket.ConnectAsync(endPoint, timeout.Token).ConfigureAwait(false);
            await SendAllAsync(socket, PeerHandshake.Build(session.Torrent.InfoHash, session.PeerId), timeout.Token).ConfigureAwait(false);
            answer = await ReceiveHandshakeAsync(socket, timeout.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or IOException)
        {
            // Unreachable, silent or gone: the caller tries again later.
        }
        return await JoinAsync(socket, answer, endPoint, cancellationToken).ConfigureAwait(false);
    }

    public void Dispose() => _listener?.Dispose();

    private async Task AnswerAsync(Socket socket, CancellationToken cancellationToken)
    {
        byte[]? handshake = null;
        var entry = Admit(socket);
        try
        {
            using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            timeout.CancelAfter(session.Options.HandshakeTimeout);
            handshake = await ReceiveHandshakeAsync(socket, timeout.Token).ConfigureAwait(false);
            if (handshake is not null && PeerHandshake.TryParse(handshake, session.Torrent.InfoHash, out _, out _))
                await SendAllAsync(socket, PeerHandshake.Build(session.Torrent.InfoHash, session.PeerId), timeout.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or IOException or ObjectDisposedException)
        {
            handshake = null;
        }
        finally
        {
            lock (_halfOpen)
                if (entry.List is not null)
                    _halfOpen.Remove(entry);
        }
        await JoinAsync(socket, handshake, null, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Beyond the limit the one that has waited longest goes: the silent must not keep out those who speak.</summary>
    private LinkedListNode<Socket> Admit(Socket socket)
    {
        lock (_halfOpen)
        {
            if (_halfOpen.Count >= session.Options.MaxHalfOpen)
            {
                _halfOpen.First!.Value.Dispose();
                _halfOpen.RemoveFirst();
            }
            return _halfOpen.AddLast(socket);
        }
    }

    private async Task<bool> JoinAsync(Socket socket, byte[]? handshake, IPEndPoint? called, CancellationToken cancellationToken)
    {
        if (handshake is null || !PeerHandshake.TryParse(handshake, session.Torrent.InfoHash, out var peerId, out var extended)
            || peerId.AsSpan().SequenceEqual(session.PeerId) || session.Bans.Contains((IPEndPoint)socket.RemoteEndPoint!, peerId))
        {
            socket.Dispose();
            return false;
        }
        socket.NoDelay = true;
        var peer = new PeerConnection(socket, peerId, extended, session.Torrent.PieceCount, session, new PeerHealth(session.Clock)) { State = { DialBack = called }, IsOutgoing = called is not null };
        await session.RunAsync(peer, cancellationToken).ConfigureAwait(false);
        return true;
    }

    private static async Task<byte[]?> ReceiveHandshakeAsync(Socket socket, CancellationToken cancellationToken)
    {
        var bytes = new byte[PeerHandshake.Length];
        for (var received = 0; received < bytes.Length;)
        {
            var count = await socket.ReceiveAsync(bytes.AsMemory(received), cancellationToken).ConfigureAwait(false);
            if (count == 0)
                return null;
            received += count;
        }
        return bytes;
    }

    private static async Task SendAllAsync(Socket socket, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        while (bytes.Length > 0)
            bytes = bytes[await socket.SendAsync(bytes, cancellationToken).ConfigureAwait(false)..];
    }
}
