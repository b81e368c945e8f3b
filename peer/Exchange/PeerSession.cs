using System.Buffers.Binary;
using Pbts.Protocol.Receipts;
using Pbts.Protocol.Torrents;

namespace Pbts.Peer.Exchange;

/// <summary>
/// One torrent's exchange with all its peers: pieces in and out, interest, choking, and receipts for what was received.
/// Whoever speaks the wire protocol of BEP 3 can take part; peers with PBTS exchange receipts besides.
/// </summary>
internal sealed class PeerSession : IPeerHandler, IPeerContext, IDisposable
{
    private readonly Lock _gate = new();
    private readonly List<PeerConnection> _peers = [];
    private readonly PieceStore _store;
    private readonly PieceFetcher _fetcher;
    private readonly Bitfield _have;

    /// <summary>Pieces that are being written.</summary>
    private readonly HashSet<int> _completing = [];

    private readonly Random _random = new();
    private readonly TaskCompletionSource _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _completed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public PeerSession(TorrentMetadata torrent, PieceStore store, Bitfield have, PeerOptions options, TimeProvider clock)
    {
        Torrent = torrent;
        Options = options;
        Clock = clock;
        _store = store;
        _have = have;
        _fetcher = new PieceFetcher(torrent, have, new PiecePicker(have, _random), options, clock);
        var credits = new CreditBook(options, torrent.PieceLength, clock);
        Serving = new Serving(_gate, _peers, credits, options, clock, _random);
        PeerId = PeerHandshake.NewPeerId();
        Receipts = new ReceiptDesk(this, store, credits);
        if (have.IsComplete)
            _completed.SetResult();
    }

    public TorrentMetadata Torrent { get; }

    public InfoHash InfoHash => Torrent.InfoHash;

    public int PieceLength => Torrent.PieceLength;

    public string? StateFolder => Options.StateFolder;

    public PeerOptions Options { get; }

    public TimeProvider Clock { get; }

    public byte[] PeerId { get; }

    public ReceiptDesk Receipts { get; }

    public Serving Serving { get; }

    public BanList Bans { get; } = new();

    /// <summary>Port told to peers and tracker.</summary>
    public int ListenPort { get; set; }

    /// <summary>Piece bytes sent.</summary>
    public long Uploaded => Serving.Uploaded;

    /// <summary>Piece bytes received that were asked for.</summary>
    public long Downloaded { get; private set; }

    /// <summary>Those of them whose pieces were given up before they were whole, so that no receipt covers them.</summary>
    public long Wasted => Locked(() => _fetcher.Wasted);

    /// <summary>Bytes still missing.</summary>
    public long Left
    {
        get
        {
            lock (_gate)
                return _have.IsComplete ? 0 : Enumerable.Range(0, _have.Length).Where(i => !_have[i]).Sum(i => (long)Torrent.PieceSize(i));
        }
    }

    /// <summary>Ends when every piece is there and right.</summary>
    public Task Completed => _completed.Task;

    /// <summary>Ends when the disk makes it pointless to go on.</summary>
    public Task Failed => _failed.Task;

    /// <summary>The first unrecoverable trouble with the disk.</summary>
    public string? Failure { get; private set; }

    public int PeerCount
    {
        get
        {
            lock (_gate)
                return _peers.Count;
        }
    }

    public IReadOnlyList<PeerConnection> Peers
    {
        get
        {
            lock (_gate)
                return [.. _peers];
        }
    }

    /// <summary>Takes a connection whose handshakes are done and serves it to its end.</summary>
    public async Task RunAsync(PeerConnection peer, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            var other = _peers.Find(p => p.PeerId.AsSpan().SequenceEqual(peer.PeerId));
            if (other is null ? !HasRoom() : !Replaces(peer, other))
            {
                peer.Dispose();
                return;
            }
            other?.Close("called each other at once");
            _peers.Add(peer);
            // The bitfield comes first; the extended handshake follows.
            if (_have.Count > 0)
                peer.Send(PeerMessages.WithPayload(PeerMessages.BitfieldId, _have.ToArray()));
        }
        if (peer.IsExtended)
            peer.Send(Receipts.CreateHandshake(peer, ListenPort));
        try
        {
            await peer.RunAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            lock (_gate)
            {
                _peers.Remove(peer);
                _fetcher.OnGone(peer);
            }
            Receipts.OnClosed(peer);
            peer.Dispose();
            RefillAll();
        }
    }

    public async ValueTask OnMessageAsync(PeerConnection peer, byte id, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken)
    {
        if (id == PeerMessages.Extended)
        {
            await Receipts.OnExtendedAsync(peer, payload, cancellationToken).ConfigureAwait(false);
            return;
        }
        PieceDownload? complete = null;
        lock (_gate)
        {
            if (!Handle(peer, id, payload.Span, ref complete))
                peer.Close($"bad message {id}");
        }
        if (complete is not null)
            Complete(peer, complete);
    }

    public byte[]? TakeBlock(PeerConnection peer, BlockRequest request)
    {
        if (!Serving.MayTake(peer, request))
            return null;
        var frame = PeerMessages.PieceFrame(request);
        if (_store.TryRead((long)request.Piece * Torrent.PieceLength + request.Begin, frame.AsSpan(13)))
            return frame;
        Fail("cannot read the data any more");
        return null;
    }

    public Task PaceAsync(BlockRequest request, CancellationToken cancellationToken) => Serving.PaceAsync(request, cancellationToken);

    public Task OnEndedAsync(CancellationToken cancellationToken) => Receipts.FlushAsync(cancellationToken);

    public void OnBlockSending(PeerConnection peer, BlockRequest request) => Serving.OnSending(peer, request, Torrent.PieceSize(request.Piece));

    /// <summary>Every second: closes dead connections, frees pieces of silent peers.</summary>
    public void Watch()
    {
        lock (_gate)
        {
            foreach (var peer in _peers)
            {
                if (peer.Health.Problem(Options) is { } problem)
                    peer.Close(problem);
                else if (peer.State.Downloads.Count > 0 && peer.Health.SinceBlock > Options.RequestTimeout)
                {
                    peer.State.IsSnubbing = true;
                    _fetcher.Abandon(peer);
                }
                else if (peer.Health.SinceSent > TimeSpan.FromSeconds(100))
                    peer.Send(PeerMessages.KeepAlive);
            }
        }
        Serving.Watch();
        Receipts.Vouchers?.Watch();
        foreach (var peer in Peers)
            Receipts.Remind(peer);
        RefillAll();
    }

    /// <summary>Runs under the session's lock: receipts change credit, which choking reads.</summary>
    public T Locked<T>(Func<T> action)
    {
        lock (_gate)
            return action();
    }

    public void OnSigned(PeerConnection peer) => Serving.TryUnchoke(peer);

    public void Dispose() => Receipts.Dispose();

    private bool Handle(PeerConnection peer, byte id, ReadOnlySpan<byte> payload, ref PieceDownload? complete)
    {
        switch (id)
        {
            case PeerMessages.Choke:
                peer.State.IsChokingUs = true;
                _fetcher.OnChoked(peer);
                foreach (var other in _peers)
                    _fetcher.Refill(other);
                return true;
            case PeerMessages.Unchoke:
                peer.State.IsChokingUs = false;
                _fetcher.Refill(peer);
                return true;
            case PeerMessages.Interested:
                peer.State.IsInterested = true;
                Serving.TryUnchoke(peer);
                return true;
            case PeerMessages.NotInterested:
                Serving.OnNotInterested(peer);
                return true;
            case PeerMessages.Have:
                return payload.Length == 4 && OnHave(peer, BinaryPrimitives.ReadUInt32BigEndian(payload));
            case PeerMessages.BitfieldId:
                return OnBitfield(peer, payload);
            case PeerMessages.Request:
                return BlockRequest.TryRead(payload, Torrent, out var request) && OnRequest(peer, request);
            case PeerMessages.Cancel:
                if (!BlockRequest.TryRead(payload, Torrent, out request))
                    return false;
                peer.Dequeue(request);
                return true;
            case PeerMessages.Piece:
                return payload.Length >= 8 && OnBlock(peer, payload, ref complete);
            default:
                return true; // ids of extensions we did not offer
        }
    }

    private bool OnHave(PeerConnection peer, uint piece)
    {
        if (piece >= (uint)_have.Length)
            return false;
        if (!peer.State.Has.Set((int)piece))
            return true;
        _fetcher.OnPeerHas(peer, (int)piece);
        NoteComplete(peer);
        return true;
    }

    private bool OnBitfield(PeerConnection peer, ReadOnlySpan<byte> payload)
    {
        if (!Bitfield.TryParse(payload, _have.Length, out var bitfield))
            return false;
        // BEP 3 wants it first and once, but aria2 sends another in place of several haves.
        _fetcher.OnPeerHas(peer, bitfield);
        NoteComplete(peer);
        return true;
    }

    private void NoteComplete(PeerConnection peer)
    {
        if (peer.State.Has.IsComplete)
            peer.State.CompleteSince ??= Clock.GetTimestamp();
    }

    private bool OnRequest(PeerConnection peer, BlockRequest request)
    {
        if (!_have[request.Piece])
            return false;
        Serving.OnRequest(peer, request);
        return true;
    }

    private bool OnBlock(PeerConnection peer, ReadOnlySpan<byte> payload, ref PieceDownload? complete)
    {
        var (piece, begin) = (BinaryPrimitives.ReadInt32BigEndian(payload), BinaryPrimitives.ReadInt32BigEndian(payload[4..]));
        if (piece < 0 || begin < 0)
            return false;
        if (_fetcher.TryReceive(peer, piece, begin, payload[8..], out complete))
            Downloaded += payload.Length - 8;
        return true;
    }

    private void Complete(PeerConnection peer, PieceDownload download)
    {
        var index = download.Index;
        var right = TorrentHash.Matches(download.Data, Torrent.PieceHash(index).Span);
        // Of two that complete the same piece at once, one is thrown away: it counts for nobody who is paid by the block.
        var first = right && Locked(() => !_have[index] && _completing.Add(index));
        var fresh = false;
        try
        {
            if (first)
            {
                // In this order: what is on disk was counted for whoever sent it, wherever the process may end.
                Receipts.OnVerified(download);
                _store.Write((long)index * Torrent.PieceLength, download.Data);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Fail($"cannot write: {e.Message}");
            return;
        }
        lock (_gate)
        {
            _fetcher.OnEnded(index);
            if (!right)
            {
                if (download.IsMixed)
                {
                    _fetcher.OnWrong(download);
                    return;
                }
                // All its blocks came from this peer, so there is no doubt whose fault it is.
                Bans.Add(peer);
                peer.Close($"piece {index} is wrong");
                return;
            }
            if (first)
            {
                _completing.Remove(index);
                fresh = _have.Set(index);
                _fetcher.OnHave(index, _peers);
            }
            else
            {
                _fetcher.OnSpare(peer, download);
            }
        }
        Receipts.OnPieceReceived(peer, index, download.Data);
        if (fresh && Locked(() => _have.IsComplete))
            _completed.TrySetResult();
    }

    /// <summary>
    /// Of two connections made at the same time from both sides, both sides keep the one that the higher id called: each
    /// keeping its own would end both.
    /// </summary>
    private bool Replaces(PeerConnection peer, PeerConnection other) =>
        peer.IsOutgoing != other.IsOutgoing && other.Health.Age < TimeSpan.FromSeconds(10)
        && peer.IsOutgoing == PeerId.AsSpan().SequenceCompareTo(peer.PeerId) > 0;

    /// <summary>When all places are taken, whoever has been of no use for longest makes room: they cannot be held by sitting there.</summary>
    private bool HasRoom()
    {
        if (_peers.Count(p => p.IsOpen) < Options.MaxConnections)
            return true;
        var useless = _peers.Where(p => p.IsOpen).MaxBy(p => p.Health.SinceUseful)!;
        if (useless.Health.SinceUseful < Options.UselessTimeout)
            return false;
        useless.Close("made room");
        return true;
    }

    private void RefillAll()
    {
        lock (_gate)
            foreach (var peer in _peers)
                _fetcher.Refill(peer);
    }

    /// <summary>Gives up: the disk does not do its part.</summary>
    public void Fail(string reason)
    {
        Failure ??= reason;
        _failed.TrySetResult();
        _completed.TrySetException(new IOException(reason));
    }
}
