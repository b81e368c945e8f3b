using System.Buffers.Binary;
using System.Security.Cryptography;
using Pbts.Protocol.Torrents;

namespace Pbts.Cli.Peers;

/// <summary>
/// One torrent's exchange with all its peers: pieces in and out, interest, choking, and receipts for what was received.
/// Whoever speaks the wire protocol of BEP 3 can take part; peers with PBTS exchange receipts besides.
/// </summary>
internal sealed class PeerSession : IPeerHandler, IDisposable
{
    private readonly Lock _gate = new();
    private readonly List<PeerConnection> _peers = [];
    private readonly PieceStore _store;
    private readonly PieceFetcher _fetcher;
    private readonly Bitfield _have;
    private readonly Random _random = new();
    private bool _isServing = true;
    private readonly TaskCompletionSource _completed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public PeerSession(TorrentMetadata torrent, PieceStore store, Bitfield have, PeerOptions options, TimeProvider clock)
    {
        Torrent = torrent;
        Options = options;
        Clock = clock;
        _store = store;
        _have = have;
        _fetcher = new PieceFetcher(torrent, have, new PiecePicker(have, _random));
        PeerId = [.. "-PB0100-"u8, .. RandomNumberGenerator.GetHexString(12, lowercase: true).Select(c => (byte)c)];
        Receipts = new ReceiptDesk(this, store, options, clock);
        if (have.IsComplete)
            _completed.SetResult();
    }

    public TorrentMetadata Torrent { get; }

    public PeerOptions Options { get; }

    public TimeProvider Clock { get; }

    public byte[] PeerId { get; }

    public ReceiptDesk Receipts { get; }

    public BanList Bans { get; } = new();

    /// <summary>Port told to peers and tracker.</summary>
    public int ListenPort { get; set; }

    public long Uploaded { get; private set; }

    public long Downloaded { get; private set; }

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
            if (_peers.Count >= Options.MaxConnections || _peers.Any(p => p.PeerId.AsSpan().SequenceEqual(peer.PeerId)))
            {
                peer.Dispose();
                return;
            }
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
        lock (_gate)
            if (peer.AmChoking || !Receipts.MayTake(peer, request))
                return null;
        var frame = PeerMessages.PieceFrame(request);
        if (_store.TryRead((long)request.Piece * Torrent.PieceLength + request.Begin, frame.AsSpan(13)))
            return frame;
        Fail("cannot read the data any more");
        return null;
    }

    public void OnBlockSent(PeerConnection peer, BlockRequest request)
    {
        lock (_gate)
        {
            Uploaded += request.Length;
            peer.Credit.Serve(request, Torrent.PieceSize(request.Piece));
        }
    }

    /// <summary>Every ten seconds: chooses whom to serve.</summary>
    public void Rechoke()
    {
        lock (_gate)
        {
            if (!_isServing)
                return;
            var chosen = Choker.Choose(_peers, Options.MaxUnchoked, Options.StrangerAllowance, _random);
            foreach (var peer in _peers)
            {
                SetChoking(peer, !chosen.Contains(peer));
                peer.ReceivedThisRound = 0;
                peer.Credit.EndRound();
            }
        }
    }

    /// <summary>Serves nobody any more: what peers owe grows no further.</summary>
    public void StopServing()
    {
        lock (_gate)
        {
            _isServing = false;
            foreach (var peer in _peers)
                SetChoking(peer, true);
        }
    }

    /// <summary>Whether a connected peer has yet to sign for whole pieces.</summary>
    public bool IsOwed
    {
        get
        {
            lock (_gate)
                return _peers.Exists(p => p.CanSign && p.IsOpen && p.Credit.Owed.Count > 0);
        }
    }

    /// <summary>Every second: closes dead connections, frees pieces of silent peers, chokes those that do not sign.</summary>
    public void Watch()
    {
        lock (_gate)
        {
            foreach (var peer in _peers)
            {
                if (peer.Health.Problem(Options) is { } problem)
                    peer.Close(problem);
                else if (peer.Downloads.Count > 0 && peer.Health.SinceBlock > Options.RequestTimeout)
                {
                    peer.IsSnubbing = true;
                    _fetcher.Abandon(peer);
                }
                else if (peer.Health.SinceSent > TimeSpan.FromSeconds(100))
                    peer.Send(PeerMessages.KeepAlive);
                if (Receipts.IsOutOfPatience(peer))
                {
                    peer.Credit.IsDelinquent = true;
                    SetChoking(peer, true);
                }
            }
        }
        foreach (var peer in Peers)
            Receipts.Remind(peer);
        RefillAll();
    }

    /// <summary>A delinquent peer signed, or somebody left: it may be served at once when there is room.</summary>
    public void TryUnchoke(PeerConnection peer)
    {
        lock (_gate)
            if (_isServing && peer.AmChoking && peer.IsInterested && Choker.MayBeServed(peer, Options.StrangerAllowance)
                && _peers.Count(p => !p.AmChoking) < Options.MaxUnchoked)
                SetChoking(peer, false);
        peer.Wake();
    }

    /// <summary>Runs under the session's lock: receipts change credit, which choking reads.</summary>
    public T Locked<T>(Func<T> action)
    {
        lock (_gate)
            return action();
    }

    public void Dispose() => Receipts.Dispose();

    private bool Handle(PeerConnection peer, byte id, ReadOnlySpan<byte> payload, ref PieceDownload? complete)
    {
        switch (id)
        {
            case PeerMessages.Choke:
                peer.IsChokingUs = true;
                foreach (var download in peer.Downloads)
                    download.Forget();
                return true;
            case PeerMessages.Unchoke:
                peer.IsChokingUs = false;
                _fetcher.Refill(peer);
                return true;
            case PeerMessages.Interested:
                peer.IsInterested = true;
                TryUnchoke(peer);
                return true;
            case PeerMessages.NotInterested:
                peer.IsInterested = false;
                SetChoking(peer, true);
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
        if (!peer.Has.Set((int)piece))
            return true;
        _fetcher.OnPeerHas(peer, (int)piece);
        return true;
    }

    private bool OnBitfield(PeerConnection peer, ReadOnlySpan<byte> payload)
    {
        if (!Bitfield.TryParse(payload, _have.Length, out var bitfield))
            return false;
        // BEP 3 wants it first and once, but aria2 sends another in place of several haves.
        _fetcher.OnPeerHas(peer, bitfield);
        return true;
    }

    private bool OnRequest(PeerConnection peer, BlockRequest request)
    {
        if (!_have[request.Piece])
            return false;
        // A request that crossed our choke is nobody's fault.
        if (!peer.AmChoking)
            peer.Enqueue(request);
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
        var fresh = false;
        try
        {
            if (right && !Locked(() => _have[index]))
                _store.Write((long)index * Torrent.PieceLength, download.Data);
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
                // All its blocks came from this peer, so there is no doubt whose fault it is.
                Bans.Add(peer);
                peer.Close($"piece {index} is wrong");
                return;
            }
            fresh = _have.Set(index);
            if (fresh)
                _fetcher.OnHave(index, _peers);
        }
        Receipts.OnPieceReceived(peer, index, download.Data);
        if (fresh && Locked(() => _have.IsComplete))
            _completed.TrySetResult();
    }

    private static void SetChoking(PeerConnection peer, bool choking)
    {
        if (peer.AmChoking == choking)
            return;
        peer.AmChoking = choking;
        if (choking)
            peer.DropRequests();
        peer.Send(PeerMessages.Simple(choking ? PeerMessages.Choke : PeerMessages.Unchoke));
    }

    private void RefillAll()
    {
        lock (_gate)
            foreach (var peer in _peers)
                _fetcher.Refill(peer);
    }

    private void Fail(string reason)
    {
        Failure ??= reason;
        _completed.TrySetException(new IOException(reason));
    }
}
