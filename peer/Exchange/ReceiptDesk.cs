using System.Net;
using Pbts.Protocol.Bep10;
using Pbts.Protocol.Receipts;
using Pbts.Protocol.Storage;

namespace Pbts.Peer.Exchange;

/// <summary>
/// The receipts of one torrent: speaks the extension with each peer, and hands what is to be signed to the
/// <see cref="ReceiptSigner"/> and what arrives to the <see cref="ReceiptCollector"/>. Both work behind the transfer.
/// </summary>
internal sealed class ReceiptDesk : IDisposable
{
    private const int MaxAddresses = 10_000;

    private readonly IPeerContext _session;
    private readonly CreditBook _credits;
    private readonly PieceHashes _hashes;
    private readonly ReceiptSigner _signer;
    private readonly ReceiptCollector _collector;
    private readonly BackgroundThread _background = new("receipts");
    private readonly Dictionary<MemberKey, IPEndPoint> _addresses = [];

    public ReceiptDesk(IPeerContext session, PieceStore store, CreditBook credits)
    {
        _session = session;
        _credits = credits;
        _hashes = new PieceHashes(session.Torrent, store);
        ToReport = Open("earned", Options.Receipts);
        ToDeliver = Open("owed", new PendingReceiptsOptions { WindowSeconds = Options.Receipts.WindowSeconds });
        _signer = new ReceiptSigner(session, ToDeliver, _background, session.Clock);
        _collector = new ReceiptCollector(session, _hashes, ToReport, _background, session.Clock);
        credits.Pressed = _collector.Hurry;
        if (Options is { Identity: { } member, Instance: { } instance })
            Vouchers = new VoucherDesk<PeerConnection>(session, instance, member, _background, _collector.Blame);
        if (Options.Identity is { } identity)
            _ = _background.RunAsync(() => WarmUp(identity, gives: session.Left == 0));
    }

    /// <summary>The exchange of vouchers; <c>null</c> when the tracker is not known or we have no key.</summary>
    public VoucherDesk<PeerConnection>? Vouchers { get; }

    /// <summary>Receipts we earned and the tracker has not settled.</summary>
    public PendingReceipts ToReport { get; }

    /// <summary>Receipts we signed and the sender may not have read.</summary>
    public PendingReceipts ToDeliver { get; }

    public Bep10Statistics Statistics { get; } = new();

    /// <summary>Receipts signed so far.</summary>
    public int SignedCount => _signer.Count;

    /// <summary>Bytes we signed for.</summary>
    public long SignedBytes => _signer.Bytes + (Vouchers?.SignedBytes ?? 0);

    /// <summary>Receipts earned so far.</summary>
    public int EarnedCount => _collector.Count;

    /// <summary>Bytes others signed for.</summary>
    public long EarnedBytes => _collector.Bytes + (Vouchers?.EarnedBytes ?? 0);

    /// <summary>Whether every verified piece has its receipt.</summary>
    public bool IsAllSigned => _signer.IsDone;

    private PeerOptions Options => _session.Options;

    public byte[] CreateHandshake(PeerConnection peer, int listenPort) => Options.Identity is { } identity
        ? peer.Pbts.CreateHandshake(listenPort, publicKey: identity.PublicKey, instance: Options.Instance, requestQueue: PeerConnection.MaxQueuedRequests)
        : Bep10Frame.Build(Bep10Frame.HandshakeId, new ExtensionHandshake { Port = listenPort, Version = ExtensionHandshake.DefaultVersion, RequestQueue = PeerConnection.MaxQueuedRequests }.Encode());

    /// <summary>Addresses of members that are owed receipts.</summary>
    public IReadOnlyList<IPEndPoint> UndeliveredAddresses() => _session.Locked(() =>
        ToDeliver.Peek().Select(r => r.Sender).Concat(Vouchers?.Undelivered ?? []).Distinct().Where(_addresses.ContainsKey).Select(k => _addresses[k]).ToArray());

    public async ValueTask OnExtendedAsync(PeerConnection peer, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken)
    {
        if (payload.IsEmpty)
            return;
        if (payload.Span[0] == Bep10Frame.HandshakeId)
        {
            OnHandshake(peer, payload[1..].ToArray());
            return;
        }
        if (Options.Identity is null)
            return;
        // The payload's buffer is reused after this call; a parsed message holds copies.
        switch (peer.Pbts.Parse(payload.Span[0], payload[1..], out var message))
        {
            case PbtsParseResult.Malformed:
                _collector.Blame(peer, "malformed receipt message");
                break;
            case PbtsParseResult.Parsed when message is PbtsMessage.SingleReceipt single:
                await _collector.TakeAsync(peer, [single.Receipt], cancellationToken).ConfigureAwait(false);
                break;
            case PbtsParseResult.Parsed when message is PbtsMessage.ReceiptBatch batch:
                await _collector.TakeAsync(peer, batch.Receipts, cancellationToken).ConfigureAwait(false);
                break;
            case PbtsParseResult.Parsed when message is PbtsMessage.RequestReceipt request:
                OnRequest(peer, request.Request);
                break;
            case PbtsParseResult.Parsed when message is PbtsMessage.NewVoucher voucher:
                Vouchers!.Take(peer, voucher.Voucher);
                break;
            case PbtsParseResult.Parsed when message is PbtsMessage.VoucherKept kept:
                Vouchers!.OnKept(peer, kept.Ack);
                break;
            case PbtsParseResult.Parsed when message is PbtsMessage.RequestVoucher:
                Vouchers!.OnRequest(peer);
                break;
            case PbtsParseResult.Parsed when message is PbtsMessage.ReceiptAck ack:
                OnAck(peer, ack.Count);
                break;
            default:
                break;
        }
    }

    /// <summary>Asks a peer at the end of its credit for receipts, once.</summary>
    public void Remind(PeerConnection peer)
    {
        if (peer.State.Credit.SignsVouchers)
        {
            if (_session.Locked(() => CreditBook.TakeReminder(peer.State.Credit)) && peer.Pbts.TryCreateVoucherRequest(out var request))
                peer.Send(request);
            return;
        }
        foreach (var piece in _session.Locked(() => _credits.TakeReminders(peer.State.Credit)))
            if (_hashes.Of(piece) is { } hash && peer.Pbts.TryCreateRequest(new ReceiptRequest(_session.Torrent.InfoHash, hash, (uint)piece), out var frame))
                peer.Send(frame);
    }

    /// <summary>A piece arrived whole and right and is about to be written: what came from peers that are paid by the block is counted.</summary>
    /// <exception cref="IOException">The disk refuses.</exception>
    public void OnVerified(PieceDownload download)
    {
        if (Vouchers is not null && download.Senders.Count > 0)
            Vouchers.OnVerified([.. download.Senders.Select(sender => (sender.Key, sender.Value))]);
    }

    /// <summary>A piece arrived whole and right: its sender gets a receipt, if it said its key and takes no vouchers.</summary>
    public void OnPieceReceived(PeerConnection peer, int index, byte[] data)
    {
        if (peer.Pbts.Vouchers is null && Options.Identity is { } identity && peer.Pbts.Remote?.PublicKey is { } sender && sender != identity.PublicKey)
            _signer.Enqueue(peer, sender, index, data);
    }

    /// <summary>Signs what arrives, until cancelled.</summary>
    public Task SignAsync(CancellationToken cancellationToken) => _signer.RunAsync(cancellationToken);

    /// <summary>Checks and keeps what others sign, until <see cref="StopCollecting"/>.</summary>
    public Task CollectAsync() => _collector.RunAsync();

    /// <summary>Lets the collecting end with what has arrived.</summary>
    public void StopCollecting() => _collector.Complete();

    /// <summary>Waits until all receipts that have arrived are on disk, and those for what has been received are sent.</summary>
    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        await _collector.FlushAsync(cancellationToken).ConfigureAwait(false);
        if (Vouchers is not null)
            await Vouchers.FlushAsync(cancellationToken).ConfigureAwait(false);
        while (!IsAllSigned && _session.Failure is null)
            await Task.Delay(10, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>A peer that read to the end of what we sent has its receipts; one that acknowledges has said so itself.</summary>
    public void OnClosed(PeerConnection peer)
    {
        if (peer.HasReadAll && !peer.Pbts.PeerAcknowledges)
            ToDeliver.Settle(_session.Locked(() => peer.State.ReceiptsSent.ToArray()));
    }

    public void Dispose()
    {
        _background.Dispose();
        Vouchers?.Dispose();
        ToReport.Dispose();
        ToDeliver.Dispose();
    }

    /// <summary>
    /// Compiles the curve's code before the first signature needs it: that takes longer than a hundred signatures. Who has yet
    /// to download signs at first and checks nothing.
    /// </summary>
    private static void WarmUp(MemberIdentity identity, bool gives)
    {
        var receipt = identity.SignReceipt(default, identity.PublicKey, PieceHash.OfPiece([]), 0, default, 0);
        if (gives)
            StatementVerifier.Verify([receipt.Statement()]);
    }

    private PendingReceipts Open(string kind, PendingReceiptsOptions limits)
    {
        if (Options.StateFolder is null || Options.Identity is null)
            return new PendingReceipts(null, limits, _session.Clock);
        PrivateFile.CreateFolder(Options.StateFolder);
        var path = Path.Combine(Options.StateFolder, $"{_session.Torrent.InfoHash}.{kind}");
        try
        {
            return new PendingReceipts(path, limits, _session.Clock);
        }
        catch (IOException e)
        {
            throw new IOException($"{path}: is another pbts with this key busy with this torrent? ({e.Message})", e);
        }
    }

    private void OnHandshake(PeerConnection peer, byte[] payload)
    {
        Receipt[] waiting = _session.Locked(() =>
        {
            // Whoever has called us need not be called.
            if (ExtensionHandshake.TryParse(payload, out var said) && said.Port is { } port)
                peer.State.DialBack ??= new IPEndPoint(peer.EndPoint.Address, port);
            if (Options.Identity is not { } own)
                return [];
            peer.Pbts.ParseHandshake(payload);
            if (!peer.CanSign || peer.State.Key is not null || peer.Pbts.Remote!.PublicKey is not { } key || key == own.PublicKey)
                return [];
            peer.State.Key = key;
            peer.State.Credit = _credits.Of(key);
            peer.State.Credit.SignsVouchers |= peer.Pbts.Vouchers is not null;
            if (_addresses.Count >= MaxAddresses)
                _addresses.Clear();
            if (peer.State.DialBack is { } address)
                _addresses[key] = address;
            return ToDeliver.Peek().Where(r => r.Sender == key).ToArray();
        });
        _signer.Deliver(peer, waiting);
        if (peer is { Pbts.Vouchers: not null, State.Key: { } met })
            Vouchers?.OnMet(met);
    }

    private void OnAck(PeerConnection peer, long count)
    {
        var settled = _session.Locked<ReceiptId[]?>(() =>
        {
            var before = peer.State.ReceiptsAcknowledged;
            if (count < before || count > peer.State.ReceiptsSent.Count)
                return null;
            peer.State.ReceiptsAcknowledged = (int)count;
            return [.. peer.State.ReceiptsSent[before..(int)count]];
        });
        if (settled is null)
            _collector.Blame(peer, "acknowledges what was not sent");
        else if (settled.Length > 0)
            _ = _background.RunAsync(() => ToDeliver.Settle(settled));
    }

    private void OnRequest(PeerConnection peer, ReceiptRequest request)
    {
        if (peer.State.Key is { } key && request.InfoHash == _session.Torrent.InfoHash && _signer.Find(key, request.PieceIndex) is { } receipt
            && receipt.PieceHash == request.PieceHash)
            _signer.Deliver(peer, [receipt]);
    }
}
