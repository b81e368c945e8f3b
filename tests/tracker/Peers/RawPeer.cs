using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Pbts.Peer;
using Pbts.Peer.Exchange;
using Pbts.Protocol.Bep10;
using Pbts.Protocol.Receipts;
using Pbts.Protocol.Torrents;
using Pbts.Protocol.Vouchers;

namespace Pbts.Tracker.Tests.Peers;

/// <summary>A peer that says exactly the bytes a test wants.</summary>
internal sealed class RawPeer : IDisposable
{
    // A small buffer that does not grow: who does not read must hold up the sender soon, however much memory the system would lend.
    private readonly Socket _socket;

    private RawPeer(Socket? accepted = null) =>
        _socket = accepted ?? new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 16 * 1024 };

    /// <summary>Connects and does the 68-byte handshake.</summary>
    public static Task<RawPeer> ConnectAsync(TorrentPeer target, TorrentMetadata torrent, string peerId = "-XX0000-0123456789ab") =>
        ConnectAsync(TransferSetup.Address(target), torrent.InfoHash, peerId);

    /// <inheritdoc cref="ConnectAsync(TorrentPeer, TorrentMetadata, string)"/>
    public static async Task<RawPeer> ConnectAsync(IPEndPoint target, InfoHash torrent, string peerId = "-XX0000-0123456789ab")
    {
        var peer = new RawPeer();
        await peer._socket.ConnectAsync(target);
        await peer.SendAsync(PeerHandshake.Build(torrent, System.Text.Encoding.ASCII.GetBytes(peerId)));
        var answer = await peer.ReadAsync(PeerHandshake.Length);
        Assert.NotNull(answer);
        return peer;
    }

    /// <summary>Connects and says nothing.</summary>
    public static async Task<RawPeer> ConnectSilentlyAsync(TorrentPeer target)
    {
        var peer = new RawPeer();
        await peer._socket.ConnectAsync(TransferSetup.Address(target));
        return peer;
    }

    /// <summary>Is called by a peer that wants a torrent, and offers all of it.</summary>
    public static async Task<RawPeer> UploaderAsync(TransferSetup setup, TorrentPeer target, MemberKey? key, InstanceId? instance = null)
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        target.AddPeers([(IPEndPoint)listener.LocalEndPoint!]);
        var peer = new RawPeer(await listener.AcceptAsync());
        Assert.NotNull(await peer.ReadAsync(PeerHandshake.Length));
        var everything = new Bitfield(setup.Torrent.PieceCount);
        for (var piece = 0; piece < everything.Length; piece++)
            everything.Set(piece);
        await peer.SendAsync([.. PeerHandshake.Build(setup.Torrent.InfoHash, "-XX0000-raw-uploader"u8), .. PeerMessages.WithPayload(PeerMessages.BitfieldId, everything.ToArray())]);
        if (key is not null)
            await peer.SendAsync(new PbtsExtension().CreateHandshake(publicKey: key, instance: instance));
        await peer.SendAsync(PeerMessages.Simple(PeerMessages.Unchoke));
        return peer;
    }

    /// <summary>Sends what it is asked for, until every byte has been sent.</summary>
    public async Task ServeAllAsync(TransferSetup setup)
    {
        for (var served = 0; served < setup.Data.Length;)
        {
            var payload = await NextAsync(PeerMessages.Request);
            Assert.True(BlockRequest.TryRead(payload, setup.Torrent, out var request));
            await SendAsync(Block(setup, request));
            served += request.Length;
        }
    }

    /// <summary>The message with a block.</summary>
    public static byte[] Block(TransferSetup setup, BlockRequest request)
    {
        var frame = PeerMessages.PieceFrame(request);
        setup.Data.AsSpan(request.Piece * setup.Torrent.PieceLength + request.Begin, request.Length).CopyTo(frame.AsSpan(13));
        return frame;
    }

    /// <summary>Sends the bytes and resets the connection, as closing with unread messages does.</summary>
    public void SendAndReset(byte[] bytes)
    {
        _socket.Send(bytes);
        _socket.LingerState = new LingerOption(true, 0);
        _socket.Close();
    }

    public async Task SendAsync(byte[] bytes)
    {
        try
        {
            await _socket.SendAsync(bytes);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The other side may have closed already: reading will tell.
        }
    }

    /// <summary>The next message; <c>null</c> when the connection ended or nothing came in time.</summary>
    public async Task<(byte Id, byte[] Payload)?> NextAsync(int seconds = 10)
    {
        while (true)
        {
            if (await ReadAsync(4, seconds) is not { } header)
                return null;
            var length = BinaryPrimitives.ReadInt32BigEndian(header);
            if (length == 0)
                continue;
            return await ReadAsync(length, seconds) is { } body ? (body[0], body[1..]) : null;
        }
    }

    /// <summary>Reads until a message of one kind.</summary>
    public async Task<byte[]?> NextAsync(byte id, int seconds = 10)
    {
        while (await NextAsync(seconds) is { } message)
            if (message.Id == id)
                return message.Payload;
        return null;
    }

    /// <summary>Whether the other side ends the connection in time; what it sends before is read and dropped.</summary>
    public async Task<bool> IsClosedAsync(int seconds = 10)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(seconds));
        var buffer = new byte[65536];
        try
        {
            while (await _socket.ReceiveAsync(buffer, timeout.Token) > 0)
            {
            }
            return true;
        }
        catch (SocketException)
        {
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    public void Dispose() => _socket.Dispose();

    private async Task<byte[]?> ReadAsync(int length, int seconds = 10)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(seconds));
        var bytes = new byte[length];
        try
        {
            for (var received = 0; received < length;)
            {
                var count = await _socket.ReceiveAsync(bytes.AsMemory(received), timeout.Token);
                if (count == 0)
                    return null;
                received += count;
            }
            return bytes;
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            return null;
        }
    }
}
