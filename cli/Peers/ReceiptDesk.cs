using System.Net;
using System.Threading.Channels;
using Pbts.Cli.Keys;
using Pbts.Protocol.Bep10;
using Pbts.Protocol.Receipts;

namespace Pbts.Cli.Peers;

/// <summary>
/// The receipts of one torrent. As a receiver: signs one for each verified piece, delivers it, and keeps it until it is known
/// to have been read. As a sender: checks what arrives, keeps it for the tracker, and extends credit only so far.
/// </summary>
internal sealed class ReceiptDesk : IDisposable
{
    private const int BatchSize = 50;
    private const int MaxBadReceipts = 3;
    private const int MaxRemembered = 50_000;

    private readonly PeerSession _session;
    private readonly PieceStore _store;
    private readonly PeerOptions _options;
    private readonly TimeProvider _clock;
    private readonly long _creditWindow;
    private readonly Bep10Statistics _statistics = new();
    private readonly Dictionary<MemberKey, PeerCredit> _credits = [];
    private readonly Dictionary<int, PieceHash> _hashes = [];
    private readonly Dictionary<(MemberKey Sender, uint Piece), Receipt> _signed = [];
    private readonly Dictionary<MemberKey, IPEndPoint> _addresses = [];
    private readonly HashSet<ReceiptId> _earned = [];
    private readonly Channel<Job> _jobs = Channel.CreateUnbounded<Job>(new UnboundedChannelOptions { SingleReader = true });
    private readonly ulong _startedAt;
    private int _unsigned;

    public ReceiptDesk(PeerSession session, PieceStore store, PeerOptions options, TimeProvider clock)
    {
        _session = session;
        _store = store;
        _options = options;
        _clock = clock;
        _startedAt = (ulong)clock.GetUtcNow().ToUnixTimeSeconds();
        _creditWindow = options.CreditWindow > 0 ? options.CreditWindow : Math.Max(8L * session.Torrent.PieceLength, 2 << 20);
        ToReport = Open("earned", options.Receipts);
        ToDeliver = Open("owed", new PendingReceiptsOptions { WindowSeconds = options.Receipts.WindowSeconds });
    }

    /// <summary>Receipts we earned and the tracker has not settled.</summary>
    public PendingReceipts ToReport { get; }

    /// <summary>Receipts we signed and the sender may not have read.</summary>
    public PendingReceipts ToDeliver { get; }

    public Bep10Statistics Statistics => _statistics;

    /// <summary>Receipts signed so far.</summary>
    public int SignedCount { get; private set; }

    /// <summary>Receipts earned so far.</summary>
    public int EarnedCount { get; private set; }

    public byte[] CreateHandshake(PeerConnection peer, int listenPort) => _options.Identity is { } identity
        ? peer.Pbts.CreateHandshake(listenPort, publicKey: identity.PublicKey)
        : Bep10Frame.Build(Bep10Frame.HandshakeId, new ExtensionHandshake { Port = listenPort, Version = ExtensionHandshake.DefaultVersion }.Encode());

    /// <summary>Addresses of members that are owed receipts.</summary>
    public IReadOnlyList<IPEndPoint> UndeliveredAddresses() => _session.Locked(() =>
        ToDeliver.Peek().Select(r => r.Sender).Distinct().Where(_addresses.ContainsKey).Select(k => _addresses[k]).ToArray());

    public async ValueTask OnExtendedAsync(PeerConnection peer, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken)
    {
        if (payload.IsEmpty || _options.Identity is null)
            return;
        if (payload.Span[0] == Bep10Frame.HandshakeId)
        {
            OnHandshake(peer, payload[1..].ToArray());
            return;
        }
        // The payload's buffer is reused after this call; a parsed message holds copies.
        switch (peer.Pbts.Parse(payload.Span[0], payload[1..], out var message))
        {
            case PbtsParseResult.Malformed:
                Blame(peer, "malformed receipt message");
                break;
            case PbtsParseResult.Parsed when message is PbtsMessage.SingleReceipt single:
                await AcceptAsync(peer, [single.Receipt], cancellationToken).ConfigureAwait(false);
                break;
            case PbtsParseResult.Parsed when message is PbtsMessage.ReceiptBatch batch:
                await AcceptAsync(peer, batch.Receipts, cancellationToken).ConfigureAwait(false);
                break;
            case PbtsParseResult.Parsed when message is PbtsMessage.RequestReceipt request:
                OnRequest(peer, request.Request);
                break;
            default:
                break;
        }
    }

    /// <summary>Whether the peer's credit allows a block. The session's lock is held.</summary>
    public bool MayTake(PeerConnection peer, BlockRequest request)
    {
        if (!peer.CanSign)
            return _options.StrangerAllowance is not { } limit || peer.Credit.Given < limit;
        if (_options.Identity is null || peer.Credit.Unsigned + request.Length <= Math.Max(_creditWindow, request.Length))
            return true;
        peer.Credit.ExhaustedSince ??= _clock.GetTimestamp();
        return false;
    }

    /// <summary>Asks a peer at the end of its credit for receipts, once.</summary>
    public void Remind(PeerConnection peer)
    {
        var pieces = _session.Locked<int[]>(() =>
        {
            // Half its time first: receipts on the way need no reminder.
            if (peer.Credit.ExhaustedSince is not { } since || peer.Credit.IsReminded || _clock.GetElapsedTime(since) < _options.ReceiptPatience / 2)
                return [];
            peer.Credit.IsReminded = true;
            return [.. peer.Credit.Owed.Take(16)];
        });
        foreach (var piece in pieces)
            if (Hash(piece) is { } hash && peer.Pbts.TryCreateRequest(new ReceiptRequest(_session.Torrent.InfoHash, hash, (uint)piece), out var frame))
                peer.Send(frame);
    }

    /// <summary>Whether the peer has waited at the end of its credit for too long. The session's lock is held.</summary>
    public bool IsOutOfPatience(PeerConnection peer) =>
        !peer.Credit.IsDelinquent && peer.Credit.ExhaustedSince is { } since && _clock.GetElapsedTime(since) > _options.ReceiptPatience;

    /// <summary>A piece arrived whole and right: its sender gets a receipt, if it said its key.</summary>
    public void OnPieceReceived(PeerConnection peer, int index, byte[] data)
    {
        if (_options.Identity is not { } identity || peer.Pbts.Remote?.PublicKey is not { } sender || sender == identity.PublicKey)
            return;
        Interlocked.Increment(ref _unsigned);
        _jobs.Writer.TryWrite(new Job(peer, sender, (uint)index, PieceHash.OfPiece(data), data.Length));
    }

    /// <summary>Signs and sends, until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var batch = new List<(PeerConnection Peer, Receipt Receipt)>();
        while (await _jobs.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
        {
            batch.Clear();
            while (batch.Count < BatchSize && _jobs.Reader.TryRead(out var job))
                batch.Add((job.Peer, Sign(job)));
            foreach (var group in batch.GroupBy(b => b.Peer))
                Deliver(group.Key, [.. group.Select(g => g.Receipt)]);
            Interlocked.Add(ref _unsigned, -batch.Count);
        }
    }

    /// <summary>Whether every verified piece has its receipt.</summary>
    public bool IsAllSigned => Volatile.Read(ref _unsigned) == 0;

    /// <summary>A peer that read to the end of what we sent has its receipts.</summary>
    public void OnClosed(PeerConnection peer)
    {
        if (peer is { EndedInOrder: true, IsFinishing: true })
            ToDeliver.Settle(_session.Locked(() => peer.ReceiptsSent.ToArray()));
    }

    /// <summary>The tracker does not take this receiver's receipts: nothing more for it.</summary>
    public void Distrust(MemberKey receiver) => _session.Locked(() => Credit(receiver).IsDistrusted = true);

    public void Dispose()
    {
        ToReport.Dispose();
        ToDeliver.Dispose();
    }

    private PendingReceipts Open(string kind, PendingReceiptsOptions options)
    {
        if (_options.StateFolder is null || _options.Identity is null)
            return new PendingReceipts(null, options, _clock);
        Directory.CreateDirectory(_options.StateFolder);
        var path = Path.Combine(_options.StateFolder, $"{_session.Torrent.InfoHash}.{kind}");
        try
        {
            return new PendingReceipts(path, options, _clock);
        }
        catch (IOException e)
        {
            throw new IOException($"{path}: is another pbts with this key busy with this torrent? ({e.Message})", e);
        }
    }

    private void OnHandshake(PeerConnection peer, byte[] payload)
    {
        var own = _options.Identity!.PublicKey;
        Receipt[] waiting = _session.Locked(() =>
        {
            peer.Pbts.ParseHandshake(payload);
            if (peer.Pbts.Remote is { Port: { } port })
                peer.DialBack ??= new IPEndPoint(peer.EndPoint.Address, port);
            if (!peer.CanSign || peer.Key is not null || peer.Pbts.Remote!.PublicKey is not { } key || key == own)
                return [];
            peer.Key = key;
            peer.Credit = Credit(key);
            if (peer.DialBack is { } address)
                _addresses[key] = address;
            return ToDeliver.Peek().Where(r => r.Sender == key).ToArray();
        });
        Deliver(peer, waiting);
    }

    private void Deliver(PeerConnection peer, IReadOnlyCollection<Receipt> receipts)
    {
        foreach (var part in receipts.Chunk(BatchSize))
        {
            var wires = part.Select(r => new WireReceipt(r, (ulong)_clock.GetUtcNow().ToUnixTimeSeconds())).ToArray();
            _session.Locked(() =>
            {
                peer.ReceiptsSent.AddRange(part.Select(r => r.Id));
                if (wires.Length > 1 && peer.Pbts.TryCreateReceiptBatch(wires, out var batch))
                    peer.Send(batch);
                else
                    foreach (var wire in wires)
                        if (peer.Pbts.TryCreateReceipt(wire, out var frame) || peer.Pbts.TryCreateReceiptBatch([wire], out frame))
                            peer.Send(frame);
                return true;
            });
        }
    }

    private Receipt Sign(Job job)
    {
        var time = ReceiptTime.FromEpoch(ReceiptTime.EpochOf((ulong)_clock.GetUtcNow().ToUnixTimeSeconds()));
        var receipt = _options.Identity!.SignReceipt(_session.Torrent.InfoHash, job.Sender, job.Hash, job.Index, time, job.Size);
        ToDeliver.Add(receipt);
        _session.Locked(() =>
        {
            if (_signed.Count >= MaxRemembered)
                _signed.Clear();
            _signed[(job.Sender, job.Index)] = receipt;
            return ++SignedCount;
        });
        return receipt;
    }

    private void OnRequest(PeerConnection peer, ReceiptRequest request)
    {
        var receipt = _session.Locked(() => peer.Key is { } key && request.InfoHash == _session.Torrent.InfoHash
            ? _signed.GetValueOrDefault((key, request.PieceIndex)) : null);
        if (receipt is not null && receipt.PieceHash == request.PieceHash)
            Deliver(peer, [receipt]);
    }

    private async Task AcceptAsync(PeerConnection peer, IReadOnlyList<WireReceipt> wires, CancellationToken cancellationToken)
    {
        var candidates = _session.Locked(() => wires.Select(w => w.Receipt).DistinctBy(r => r.Id).Where(r => IsOwed(peer, r)).ToList());
        candidates = [.. candidates.Where(r => Hash((int)r.PieceIndex) == r.PieceHash)];
        if (candidates.Count == 0)
            return;
        // A pairing takes milliseconds: off the threads that move data.
        var verdicts = await Task.Run(() => ReceiptVerifier.Verify(candidates), cancellationToken).ConfigureAwait(false);
        for (var i = 0; i < verdicts.Length; i++)
        {
            if (!verdicts[i])
            {
                Blame(peer, "receipt with a bad signature");
                continue;
            }
            var size = _session.Torrent.PieceSize((int)candidates[i].PieceIndex);
            // On disk before the credit: what was signed for is never lost, at worst reported twice.
            ToReport.Add(candidates[i] with { PieceSize = size });
            _session.Locked(() =>
            {
                peer.Key ??= candidates[i].Receiver;
                if (_earned.Count >= MaxRemembered)
                    _earned.Clear();
                EarnedCount += _earned.Add(candidates[i].Id) ? 1 : 0;
                return peer.Credit.Settle((int)candidates[i].PieceIndex, size);
            });
        }
        _session.TryUnchoke(peer);
    }

    /// <summary>
    /// Everything but hash and signature: cheap, and refuses what was never served. What was served before a restart is
    /// not remembered, so a receipt that may be that old passes: only its signer pays for it.
    /// </summary>
    private bool IsOwed(PeerConnection peer, Receipt receipt) =>
        _options.Identity is { } identity && receipt.Sender == identity.PublicKey && receipt.Receiver != identity.PublicKey
        && receipt.InfoHash == _session.Torrent.InfoHash
        && (peer.Key is null || peer.Key == receipt.Receiver)
        && receipt.PieceIndex < (uint)_session.Torrent.PieceCount
        && (peer.Credit.Owed.Contains((int)receipt.PieceIndex) || (receipt.Time.Earliest < _startedAt && !_earned.Contains(receipt.Id)))
        && ReceiptFreshness.Check(receipt.Time, _clock.GetUtcNow().ToUnixTimeSeconds(), _options.Receipts.WindowSeconds) == ReceiptStatus.Accepted;

    /// <summary>SHA-256 of a piece we have.</summary>
    private PieceHash? Hash(int piece)
    {
        lock (_hashes)
        {
            if (_hashes.TryGetValue(piece, out var known))
                return known;
        }
        var data = new byte[_session.Torrent.PieceSize(piece)];
        if (!_store.TryRead((long)piece * _session.Torrent.PieceLength, data))
            return null;
        var hash = PieceHash.OfPiece(data);
        lock (_hashes)
        {
            if (_hashes.Count >= MaxRemembered)
                _hashes.Clear();
            _hashes[piece] = hash;
        }
        return hash;
    }

    private void Blame(PeerConnection peer, string reason)
    {
        if (_session.Locked(() => ++peer.Credit.BadReceipts) >= MaxBadReceipts)
            peer.Close(reason);
    }

    private PeerCredit Credit(MemberKey key)
    {
        if (_credits.TryGetValue(key, out var credit))
            return credit;
        if (_credits.Count >= MaxRemembered)
            foreach (var (old, account) in _credits.ToArray())
                if (account is { Unsigned: 0, IsDelinquent: false, IsDistrusted: false })
                    _credits.Remove(old);
        return _credits[key] = new PeerCredit();
    }

    private sealed record Job(PeerConnection Peer, MemberKey Sender, uint Index, PieceHash Hash, int Size);
}
