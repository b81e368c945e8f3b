using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using Pbts.Protocol.Bep10;
using Pbts.Protocol.Receipts;

namespace Pbts.Peer.Exchange;

/// <summary>One connection: frames in and out, and its limits.</summary>
internal sealed class PeerConnection : IVoucherPeer, IDisposable
{
    /// <summary>
    /// Requests a peer may have waiting, as our handshake says (<c>reqq</c>); further ones are ignored, and the peer waits
    /// for them in vain. libtorrent has up to 500 on their way unless it is told of fewer.
    /// </summary>
    public const int MaxQueuedRequests = 2000;

    /// <summary>Small messages that may wait for a peer that does not read.</summary>
    private const int MaxQueuedFrames = 20_000;

    private readonly Socket _socket;
    private readonly NetworkStream _stream;
    private readonly IPeerHandler _handler;
    private readonly int _maxMessage;
    private readonly Lock _gate = new();
    private readonly Queue<byte[]> _frames = new();
    private readonly List<BlockRequest> _requests = [];
    private readonly SemaphoreSlim _wake = new(0, 1);
    private bool _finishing;
    private volatile bool _shutDown;
    private volatile bool _endedWell;

    public PeerConnection(Socket socket, byte[] peerId, bool extended, int pieceCount, IPeerHandler handler, PeerHealth health)
    {
        _socket = socket;
        _stream = new NetworkStream(socket, ownsSocket: true);
        _handler = handler;
        PeerId = peerId;
        IsExtended = extended;
        State = new PeerState(pieceCount);
        EndPoint = (IPEndPoint)socket.RemoteEndPoint!;
        Health = health;
        // The largest legal messages: a block, a whole bitfield, a batch of receipts.
        _maxMessage = Math.Max(PeerMessages.MaxBlockLength + 9, Math.Max((pieceCount + 7) / 8 + 1, Bep10Limits.MaxPayload + 2));
    }

    public IPEndPoint EndPoint { get; }

    public PeerState State { get; }

    public MemberKey? Key => State.Key;

    public PeerCredit Credit => State.Credit;

    public int PieceCount => State.Has.Count;

    public long? CompleteSince => State.CompleteSince;

    public byte[] PeerId { get; }

    /// <summary>Whether we made the call.</summary>
    public bool IsOutgoing { get; init; }

    public bool IsExtended { get; }

    public PeerHealth Health { get; }

    public PbtsExtension Pbts { get; } = new();

    /// <summary>Whether the peer said that it takes part in the exchange of receipts.</summary>
    public bool CanSign => Pbts.PeerSupportsPbts;

    /// <summary>Receipts that came over this connection and were dealt with.</summary>
    public long ReceiptsTaken { get; set; }

    /// <summary>Why the connection ended; <c>null</c> while it lasts.</summary>
    public string? CloseReason { get; private set; }

    /// <summary>Whether the peer closed its side in order.</summary>
    public bool EndedInOrder { get; private set; }

    /// <summary>Whether the peer closed its side in order after we had said that we send no more: it has read everything.</summary>
    public bool HasReadAll { get; private set; }

    /// <summary>Runs until either side ends the connection; never throws.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var writing = GuardAsync(WriteWhileReadAsync(stop.Token));
        await GuardAsync(ReadAsync(stop.Token)).ConfigureAwait(false);
        if (EndedInOrder && !cancellationToken.IsCancellationRequested)
            await GuardAsync(EndAsync(writing, cancellationToken)).ConfigureAwait(false);
        await stop.CancelAsync().ConfigureAwait(false);
        Close("ended");
        await writing.ConfigureAwait(false);
    }

    /// <summary>Queues a message.</summary>
    public void Send(byte[] frame)
    {
        bool full;
        lock (_gate)
        {
            full = _frames.Count >= MaxQueuedFrames;
            if (!full && IsOpen)
                _frames.Enqueue(frame);
        }
        if (full)
            Close("does not read");
        Wake();
    }

    /// <summary>Queues a block for the peer; ignored when it has asked for too many.</summary>
    public void Enqueue(BlockRequest request)
    {
        lock (_gate)
            if (_requests.Count < MaxQueuedRequests && !_requests.Contains(request))
                _requests.Add(request);
        Wake();
    }

    public void Dequeue(BlockRequest request)
    {
        lock (_gate)
            _requests.Remove(request);
    }

    /// <summary>Forgets what the peer asked for: it is being choked.</summary>
    public void DropRequests() => DropRequests(_ => true);

    /// <summary>Forgets some of what the peer asked for.</summary>
    public void DropRequests(Predicate<BlockRequest> which)
    {
        lock (_gate)
            _requests.RemoveAll(which);
    }

    /// <summary>Sends what is queued, then says that no more will come.</summary>
    public void Finish()
    {
        lock (_gate)
        {
            _requests.Clear();
            _finishing = true;
        }
        Wake();
    }

    /// <summary>Lets the writer look again whether a block may go.</summary>
    public void Wake()
    {
        lock (_gate)
            if (_wake.CurrentCount == 0)
                _wake.Release();
    }

    public void Close(string reason)
    {
        CloseReason ??= reason;
        if (!_endedWell)
            Abort();
        _stream.Dispose();
    }

    // The semaphore is left alone: others may still call Wake, and without a wait handle it holds nothing.
    public void Dispose() => _stream.Dispose();

    /// <summary>Whether the connection can still carry something.</summary>
    public bool IsOpen => CloseReason is null && !_finishing;

    /// <summary>The peer sends no more, but it reads: what is queued, receipts among it, still goes.</summary>
    private async Task EndAsync(Task writing, CancellationToken cancellationToken)
    {
        await _handler.OnEndedAsync(cancellationToken).ConfigureAwait(false);
        _endedWell = true;
        Finish();
        await Task.WhenAny(writing, Task.Delay(TimeSpan.FromSeconds(5), cancellationToken)).ConfigureAwait(false);
    }

    /// <summary>An orderly end tells the peer that its receipts are kept; any other end must not look like one.</summary>
    private void Abort()
    {
        try
        {
            _socket.LingerState = new LingerOption(true, 0);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Closed already.
        }
    }

    private async Task GuardAsync(Task loop)
    {
        try
        {
            await loop.ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException or OperationCanceledException or InvalidOperationException)
        {
            Close(e is OperationCanceledException ? "stopped" : "connection lost");
        }
    }

    private async Task ReadAsync(CancellationToken cancellationToken)
    {
        var reader = PipeReader.Create(_stream, new StreamPipeReaderOptions(bufferSize: 32 * 1024, leaveOpen: true));
        while (true)
        {
            var result = await reader.ReadAtLeastAsync(4, cancellationToken).ConfigureAwait(false);
            if (result.Buffer.Length < 4)
            {
                EndedInOrder = result.Buffer.IsEmpty && CloseReason is null;
                HasReadAll = EndedInOrder && _shutDown;
                return;
            }
            var length = ReadLength(result.Buffer);
            reader.AdvanceTo(result.Buffer.GetPosition(4));
            Health.Received();
            if (length == 0)
                continue;
            if (length > _maxMessage)
            {
                Close($"message of {length} bytes");
                return;
            }
            Health.MessageStarted();
            result = await reader.ReadAtLeastAsync(length, cancellationToken).ConfigureAwait(false);
            if (result.Buffer.Length < length)
                return;
            Health.MessageEnded();
            var message = ArrayPool<byte>.Shared.Rent(length);
            try
            {
                result.Buffer.Slice(0, length).CopyTo(message);
                reader.AdvanceTo(result.Buffer.GetPosition(length));
                await _handler.OnMessageAsync(this, message[0], message.AsMemory(1, length - 1), cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(message);
            }
        }
    }

    private static int ReadLength(ReadOnlySequence<byte> buffer)
    {
        Span<byte> bytes = stackalloc byte[4];
        buffer.Slice(0, 4).CopyTo(bytes);
        return (int)Math.Min(BinaryPrimitives.ReadUInt32BigEndian(bytes), int.MaxValue);
    }

    /// <summary>
    /// A peer that can no longer be written to has gone, but blocks it sent before may have arrived: reading goes on until it
    /// finds the end itself.
    /// </summary>
    private async Task WriteWhileReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            await WriteAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            CloseReason ??= "connection lost";
        }
    }

    private async Task WriteAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var frame = NextFrame(out var block);
            if (frame is null)
            {
                if (_finishing)
                {
                    _shutDown = true;
                    _socket.Shutdown(SocketShutdown.Send);
                    return;
                }
                await _wake.WaitAsync(cancellationToken).ConfigureAwait(false);
                continue;
            }
            if (block is { } next)
                await _handler.PaceAsync(next, cancellationToken).ConfigureAwait(false);
            // Before the write: its receipt may be here before the write is known to have ended.
            if (block is { } sending)
                _handler.OnBlockSending(this, sending);
            Health.WriteStarted();
            await _stream.WriteAsync(frame, cancellationToken).ConfigureAwait(false);
            Health.WriteEnded();
        }
    }

    /// <summary>The next small message, else the next block the session grants.</summary>
    private byte[]? NextFrame(out BlockRequest? block)
    {
        block = null;
        BlockRequest request;
        lock (_gate)
        {
            if (_frames.TryDequeue(out var frame))
                return frame;
            if (_requests.Count == 0)
                return null;
            request = _requests[0];
        }
        // Outside the lock: the session has its own, and it calls in here while holding it.
        var bytes = _handler.TakeBlock(this, request);
        if (bytes is null)
            return null;
        lock (_gate)
            if (!_requests.Remove(request))
                return NextFrameWithoutBlock();
        block = request;
        return bytes;
    }

    private byte[]? NextFrameWithoutBlock() => _frames.TryDequeue(out var frame) ? frame : null;
}
