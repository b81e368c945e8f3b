using System.Net;
using System.Net.Sockets;
using Pbts.Peer.Exchange;
using Pbts.Protocol.Receipts;

namespace Pbts.Peer.Gate;

/// <summary>Makes connections: the client's calls at doors go to the peers behind them, peers' calls go to the client.</summary>
/// <param name="options">Limits.</param>
/// <param name="doors">The doors.</param>
/// <param name="callers">Who may call.</param>
/// <param name="find">Finds a torrent of the client.</param>
/// <param name="port">Where the member is called.</param>
/// <param name="refused">Told whom nothing is passed for, and why.</param>
internal sealed class GateCalls(GateOptions options, Doors doors, Callers callers, Func<InfoHash, GateTorrent?> find, int port, Action<IPEndPoint, string> refused)
{
    private const int ExtensionByte = 25;
    private const byte ExtensionBit = 0x10;

    private static readonly TimeSpan HandshakeTimeout = TimeSpan.FromSeconds(10);

    private int _saidEncryption;

    /// <summary>Takes calls at the doors until cancelled.</summary>
    public Task RunDoorsAsync(CancellationToken cancellationToken) => TakeAsync(doors.AcceptAsync, OnDoorAsync, cancellationToken);

    /// <summary>Takes calls of peers until cancelled.</summary>
    public Task RunPeersAsync(Socket listener, CancellationToken cancellationToken) => TakeAsync(listener.AcceptAsync, OnPeerAsync, cancellationToken);

    private static async Task TakeAsync(Func<CancellationToken, ValueTask<Socket>> accept, Func<Socket, CancellationToken, Task> serve, CancellationToken cancellationToken)
    {
        while (true)
        {
            Socket socket;
            try
            {
                socket = await accept(cancellationToken).ConfigureAwait(false);
            }
            catch (SocketException)
            {
                // The caller left before it was answered, or descriptors ran out: neither ends the listening.
                await Task.Delay(100, cancellationToken).ConfigureAwait(false);
                continue;
            }

            _ = ServeAsync(socket, serve, cancellationToken);
        }
    }

    private static async Task ServeAsync(Socket socket, Func<Socket, CancellationToken, Task> serve, CancellationToken cancellationToken)
    {
        try
        {
            await serve(socket, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // Nobody there, or gone again.
        }
        finally
        {
            socket.Dispose();
        }
    }

    private async Task OnDoorAsync(Socket client, CancellationToken cancellationToken)
    {
        var caller = (IPEndPoint)client.RemoteEndPoint!;
        var door = (IPEndPoint)client.LocalEndPoint!;
        if (!doors.TryGet(door.Address, out var infoHash, out var peer) || find(infoHash) is not { } torrent)
            return;
        // What goes through a door is signed for by the member.
        if (SocketOwner.Of(caller, door) is var user && user != torrent.ClientUser)
        {
            refused(caller, $"a program of user {user} at a door of user {torrent.ClientUser}");
            return;
        }

        if (!callers.TryEnter(peer.Address, isClients: true))
        {
            refused(peer, "too many connections");
            return;
        }

        try
        {
            using var timeout = Within(HandshakeTimeout, cancellationToken);
            if (await ReadHandshakeAsync(client, timeout.Token).ConfigureAwait(false) is not { } hello)
            {
                // Encrypted (MSE): a client that is not told to insist on it tries again in the clear.
                if (Interlocked.Exchange(ref _saidEncryption, 1) == 0)
                    options.Log("the client calls with encryption, which ends at this machine's own doors; if it does not try again without, set its encryption to allowed instead of required");
                return;
            }

            if (!IsFor(hello, infoHash))
                return;
            await CallAsync(torrent, client, hello, peer, timeout.Token, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            callers.Leave(peer.Address);
        }
    }

    /// <summary>Calls a peer of the gate's own accord, for the vouchers alone.</summary>
    public async Task RunErrandAsync(GateTorrent torrent, IPEndPoint peer, CancellationToken cancellationToken)
    {
        if (!callers.TryEnter(peer.Address, isClients: true))
            return;
        try
        {
            using var timeout = Within(HandshakeTimeout, cancellationToken);
            using var standIn = await StandIn.StartAsync(torrent, peer, leavesFirst: true, cancellationToken).ConfigureAwait(false);
            await CallAsync(torrent, standIn.Client, standIn.Hello, peer, timeout.Token, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            // Nobody there, or gone again: it is tried later.
        }
        finally
        {
            callers.Leave(peer.Address);
        }
    }

    private async Task CallAsync(GateTorrent torrent, Socket client, byte[] hello, IPEndPoint peer, CancellationToken timeout, CancellationToken cancellationToken)
    {
        using var world = new Socket(peer.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        await world.ConnectAsync(peer, timeout).ConfigureAwait(false);
        await world.SendAsync(hello, timeout).ConfigureAwait(false);
        if (await ReadHandshakeAsync(world, timeout).ConfigureAwait(false) is not { } answer || !IsFor(answer, torrent.InfoHash))
            return;
        await client.SendAsync(answer, timeout).ConfigureAwait(false);
        await RelayAsync(torrent, client, world, peer, isCalled: true, (IsExtended(hello), IsExtended(answer)), cancellationToken).ConfigureAwait(false);
    }

    private async Task OnPeerAsync(Socket world, CancellationToken cancellationToken)
    {
        var peer = Unmapped((IPEndPoint)world.RemoteEndPoint!);
        if (!callers.TryEnter(peer.Address, isClients: false))
        {
            refused(peer, "too many connections");
            return;
        }

        try
        {
            using var timeout = Within(HandshakeTimeout, cancellationToken);
            var waiting = callers.Await(world);
            byte[]? hello;
            try
            {
                hello = await ReadHandshakeAsync(world, timeout.Token).ConfigureAwait(false);
            }
            finally
            {
                callers.Heard(waiting);
            }

            if (hello is null || !InfoHash.TryFrom(hello.AsSpan(28, InfoHash.Length), out var infoHash) || find(infoHash) is not { } torrent || !IsFor(hello, infoHash))
                return;
            using var client = torrent.Query is null ? null : await CallClientAsync(torrent, peer, timeout.Token).ConfigureAwait(false);
            if (client is null)
            {
                await AnswerAsync(torrent, hello, world, peer, timeout.Token, cancellationToken).ConfigureAwait(false);
                return;
            }

            await client.SendAsync(hello, timeout.Token).ConfigureAwait(false);
            if (await ReadHandshakeAsync(client, timeout.Token).ConfigureAwait(false) is not { } answer || !IsFor(answer, infoHash))
                return;
            // Whoever has that port now is not given what is the member's.
            if (SocketOwner.Of((IPEndPoint)client.RemoteEndPoint!, (IPEndPoint)client.LocalEndPoint!) is var user && user != torrent.ClientUser)
            {
                refused(peer, $"a program of user {user} listens on port {torrent.ClientPort} of user {torrent.ClientUser}");
                return;
            }

            await world.SendAsync(answer, timeout.Token).ConfigureAwait(false);
            await RelayAsync(torrent, client, world, peer, isCalled: false, (IsExtended(answer), IsExtended(hello)), cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            callers.Leave(peer.Address);
        }
    }

    private async Task<Socket?> CallClientAsync(GateTorrent torrent, IPEndPoint peer, CancellationToken cancellationToken)
    {
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            // From an address that no other peer has: clients keep one connection an address.
            client.Bind(new IPEndPoint(doors.SourceOf(peer.Address), 0));
            await client.ConnectAsync(new IPEndPoint(IPAddress.Loopback, torrent.ClientPort), cancellationToken).ConfigureAwait(false);
            return client;
        }
        catch (SocketException)
        {
            client.Dispose();
            return null;
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    /// <summary>The client is away: whoever brings a voucher, or wants one, is answered all the same.</summary>
    private async Task AnswerAsync(GateTorrent torrent, byte[] hello, Socket world, IPEndPoint peer, CancellationToken timeout, CancellationToken cancellationToken)
    {
        if (!IsExtended(hello))
            return;
        using var standIn = await StandIn.StartAsync(torrent, peer, leavesFirst: false, cancellationToken).ConfigureAwait(false);
        await world.SendAsync(standIn.Hello, timeout).ConfigureAwait(false);
        await RelayAsync(torrent, standIn.Client, world, peer, isCalled: false, (true, true), cancellationToken).ConfigureAwait(false);
    }

    private async Task RelayAsync(GateTorrent torrent, Socket client, Socket world, IPEndPoint peer, bool isCalled, (bool Client, bool Peer) isExtended, CancellationToken cancellationToken)
    {
        client.NoDelay = world.NoDelay = true;
        using var relay = new GateRelay(torrent, client, world, peer, isCalled, isExtended, port, options);
        torrent.Add(relay);
        try
        {
            await relay.RunAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            torrent.Remove(relay);
        }
    }

    private static bool IsFor(byte[] handshake, InfoHash infoHash) => PeerHandshake.TryParse(handshake, infoHash, out _, out _);

    private static bool IsExtended(byte[] handshake) => (handshake[ExtensionByte] & ExtensionBit) != 0;

    /// <summary>The first 68 bytes; <c>null</c> as soon as they are of another protocol, or when there are fewer.</summary>
    private static async Task<byte[]?> ReadHandshakeAsync(Socket socket, CancellationToken cancellationToken)
    {
        var bytes = new byte[PeerHandshake.Length];
        for (var received = 0; received < bytes.Length;)
        {
            var count = await socket.ReceiveAsync(bytes.AsMemory(received), cancellationToken).ConfigureAwait(false);
            if (count == 0 || bytes[0] != 19)
                return null;
            received += count;
        }

        return bytes;
    }

    private static CancellationTokenSource Within(TimeSpan time, CancellationToken cancellationToken)
    {
        var source = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        source.CancelAfter(time);
        return source;
    }

    private static IPEndPoint Unmapped(IPEndPoint endPoint) =>
        endPoint.Address.IsIPv4MappedToIPv6 ? new IPEndPoint(endPoint.Address.MapToIPv4(), endPoint.Port) : endPoint;
}
