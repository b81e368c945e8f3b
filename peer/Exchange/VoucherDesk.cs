using Pbts.Protocol.Bep10;
using Pbts.Protocol.Bls;
using Pbts.Protocol.Receipts;
using Pbts.Protocol.Storage;
using Pbts.Protocol.Vouchers;

namespace Pbts.Peer.Exchange;

/// <summary>
/// The vouchers of one torrent: signs for what was verified, and checks and keeps what others sign. Both are done on the
/// background thread, never more than one signature for a peer at a time, so that no transfer waits for it: the next voucher
/// covers what has come meanwhile.
/// </summary>
/// <typeparam name="TPeer">A connection.</typeparam>
internal sealed class VoucherDesk<TPeer> : IDisposable
    where TPeer : class, IVoucherPeer
{
    /// <summary>What a peer is blamed for whose signature does not hold: no chance, nor a mistake of an honest one.</summary>
    public const string BadSignature = "voucher with a bad signature";

    /// <summary>Seconds that a voucher's time may be from ours.</summary>
    private const long MaxClockDifference = 600;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);

    private readonly IVoucherContext<TPeer> _session;
    private readonly BackgroundThread _background;
    private readonly MemberIdentity _identity;
    private readonly DownloadSessions _received;
    private readonly Lock _gate = new();
    private readonly HashSet<MemberKey> _signing = [];
    private readonly Dictionary<TPeer, Voucher> _arrived = [];
    private readonly Action<TPeer, string> _blame;
    private bool _checking;

    /// <param name="session">The torrent's exchange.</param>
    /// <param name="instance">The tracker.</param>
    /// <param name="identity">Our key.</param>
    /// <param name="background">Signs and checks.</param>
    /// <param name="blame">Told of peers that keep not to the rules.</param>
    /// <exception cref="IOException">The state cannot be used.</exception>
    public VoucherDesk(IVoucherContext<TPeer> session, InstanceId instance, MemberIdentity identity, BackgroundThread background, Action<TPeer, string> blame)
    {
        (_session, _identity, _background, _blame) = (session, identity, background, blame);
        Earned = new EarnedVouchers(PathOf(instance, "vouchers"));
        _received = new DownloadSessions(instance, session.InfoHash, identity.PublicKey, session.PieceLength, PathOf(instance, "sessions"), session.Clock);
    }

    /// <summary>What others signed for and the tracker has not settled.</summary>
    public EarnedVouchers Earned { get; }

    /// <summary>Bytes that others have signed for since the start.</summary>
    public long EarnedBytes { get; private set; }

    /// <summary>Bytes we signed for.</summary>
    public long SignedBytes => _received.SignedBytes;

    /// <summary>Vouchers signed and vouchers taken since the start.</summary>
    public (int Signed, int Taken) Count { get; private set; }

    /// <summary>Whether everybody who sent us something has acknowledged the voucher for all of it.</summary>
    public bool IsDelivered => _received.Owed.Count == 0;

    /// <summary>Senders whose vouchers are not acknowledged.</summary>
    public IReadOnlyList<MemberKey> Undelivered => _received.Owed;

    /// <summary>Counts a piece that arrived whole and right, for those who sent its blocks. Before it is written: what is on disk was counted.</summary>
    /// <exception cref="IOException">The disk refuses.</exception>
    public void OnVerified(IReadOnlyCollection<(MemberKey Sender, long Bytes)> blocks)
    {
        _received.Receive(blocks);
        foreach (var (sender, _) in blocks)
            SignIfDue(sender);
    }

    /// <summary>Every second: signs what has waited.</summary>
    public void Watch()
    {
        foreach (var sender in _received.UnsignedSenders)
            SignIfDue(sender);
    }

    /// <summary>Whether somebody we are connected to has not signed for all it has got.</summary>
    public bool IsOwed => Owing.Any();

    /// <summary>Pieces that those have who have not signed for all they have got: grows while they get on.</summary>
    public long PiecesOfOwing => Owing.Sum(p => (long)p.PieceCount);

    private IEnumerable<TPeer> Owing =>
        _session.Peers.Where(p => p.IsOpen && p.Pbts.Vouchers is not null && _session.Locked(() => p.Credit.MayStillSign(IsDone(p))));

    /// <summary>Whether the peer has had every piece for as long as it may wait before it signs.</summary>
    private bool IsDone(TPeer peer) => peer.CompleteSince is { } since && _session.Clock.GetElapsedTime(since) > VoucherPolicy.LongestWait;

    /// <summary>Asks everybody for a voucher for what they have got; gives who has not signed for all of it yet.</summary>
    public IReadOnlyList<TPeer> Ask()
    {
        var owing = Owing.ToArray();
        foreach (var peer in owing)
        {
            if (peer.Pbts.TryCreateVoucherRequest(out var frame))
                peer.Send(frame);
        }

        return owing;
    }

    /// <summary>A peer has said that vouchers are exchanged with it: what it does not know of yet goes to it.</summary>
    public void OnMet(MemberKey sender)
    {
        if (_received.Owed.Contains(sender))
            Sign(sender);
    }

    /// <summary>The peer asks for a voucher for all it has sent.</summary>
    public void OnRequest(TPeer peer)
    {
        if (peer.Key is { } sender)
            Sign(sender);
    }

    /// <summary>The peer has a voucher on disk.</summary>
    public void OnKept(TPeer peer, VoucherAck ack)
    {
        if (peer.Key is not { } sender || !_received.Acknowledge(sender, ack))
            _blame(peer, "acknowledges what was not signed");
    }

    /// <summary>Takes a voucher: of several that wait for their check only the newest of a peer is looked at.</summary>
    public void Take(TPeer peer, Voucher voucher)
    {
        if (!IsOurs(peer, voucher))
        {
            _blame(peer, "voucher that is not for what it got");
            return;
        }

        if (Earned.BytesOf(voucher.Id) is > 0 and var known && known >= voucher.Bytes)
        {
            // It has not heard of our acknowledgement.
            Acknowledge(peer, voucher with { Bytes = known });
            return;
        }

        if (!Earned.Wants(voucher))
        {
            _blame(peer, "voucher of a session that is over");
            return;
        }

        lock (_gate)
        {
            if (!_arrived.TryGetValue(peer, out var waiting) || waiting.Id != voucher.Id || waiting.Bytes < voucher.Bytes)
                _arrived[peer] = voucher;
            if (_checking)
                return;
            _checking = true;
        }

        _ = CheckAsync();
    }

    /// <summary>Begins to sign for everything that has come.</summary>
    public void SignAll()
    {
        foreach (var sender in _received.UnsignedSenders)
            Sign(sender);
    }

    /// <summary>Signs for everything that has come, and waits until that is sent and all that came is checked and kept.</summary>
    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        SignAll();
        while (IsBusy && _session.Failure is null)
            await Task.Delay(Pause, cancellationToken).ConfigureAwait(false);
    }

    public void Dispose()
    {
        Earned.Dispose();
        _received.Dispose();
    }

    private bool IsBusy
    {
        get
        {
            lock (_gate)
                return _checking || _signing.Count > 0;
        }
    }

    /// <summary>What was signed for one tracker is nothing to another.</summary>
    private string? PathOf(InstanceId instance, string kind)
    {
        if (_session.StateFolder is not { } folder)
            return null;
        PrivateFile.CreateFolder(folder);
        return Path.Combine(folder, $"{_session.InfoHash}.{instance.ToString()[..8]}.{kind}");
    }

    private void SignIfDue(MemberKey sender)
    {
        if (_received.IsDue(sender))
            Sign(sender);
    }

    private void Sign(MemberKey sender)
    {
        lock (_gate)
        {
            if (!_signing.Add(sender))
                return;
        }

        _ = SignAsync(sender);
    }

    private async Task SignAsync(MemberKey sender)
    {
        Voucher? voucher = null;
        try
        {
            await _background.RunAsync(() => voucher = _received.Sign(sender, message =>
            {
                Count = (Count.Signed + 1, Count.Taken);
                return _identity.Sign(message);
            })).ConfigureAwait(false);
        }
        catch (IOException e)
        {
            _session.Fail($"cannot keep vouchers: {e.Message}");
        }
        catch (InvalidOperationException)
        {
            // Stopped.
        }

        if (voucher is not null)
        {
            foreach (var peer in _session.Peers.Where(p => p.Key == sender && p.Pbts.Vouchers is not null))
            {
                if (peer.Pbts.TryCreateVoucher(voucher, out var frame))
                    peer.Send(frame);
            }
        }

        lock (_gate)
            _signing.Remove(sender);
        if (voucher is not null)
            SignIfDue(sender);
    }

    private async Task CheckAsync()
    {
        while (true)
        {
            (TPeer Peer, Voucher Voucher)[] batch;
            lock (_gate)
            {
                batch = [.. _arrived.Select(a => (a.Key, a.Value))];
                _arrived.Clear();
                if (batch.Length == 0)
                {
                    _checking = false;
                    return;
                }
            }

            try
            {
                await _background.RunAsync(() => Check(batch)).ConfigureAwait(false);
            }
            catch (IOException e)
            {
                _session.Fail($"cannot keep vouchers: {e.Message}");
            }
            catch (InvalidOperationException)
            {
                // Stopped: nothing is acknowledged, so it comes again.
            }
        }
    }

    private void Check((TPeer Peer, Voucher Voucher)[] batch)
    {
        var verdicts = StatementVerifier.Verify([.. batch.Select(one => one.Voucher.Statement())]);
        var good = batch.Where((_, i) => verdicts[i]).Select(one => (one.Peer, one.Voucher, Before: Earned.BytesOf(one.Voucher.Id))).ToArray();
        // On disk before the credit and the word of it: what was signed for is never lost.
        Earned.Keep([.. good.Select(one => one.Voucher)]);
        foreach (var (peer, voucher, before) in good)
        {
            _session.Locked(() =>
            {
                EarnedBytes += voucher.Bytes - before;
                Count = (Count.Signed, Count.Taken + 1);
                peer.Credit.Sign(voucher.Bytes - before);
                return true;
            });
            Acknowledge(peer, voucher);
            _session.OnSigned(peer);
        }

        for (var i = 0; i < batch.Length; i++)
        {
            if (!verdicts[i])
                _blame(batch[i].Peer, BadSignature);
        }
    }

    private bool IsOurs(TPeer peer, Voucher voucher)
    {
        var now = _session.Clock.GetUtcNow().ToUnixTimeSeconds();
        return voucher.InfoHash == _session.InfoHash && voucher.Sender == _identity.PublicKey && voucher.Receiver == peer.Key
            && voucher.Receiver != _identity.PublicKey && Math.Abs(voucher.SignedAt - now) <= MaxClockDifference;
    }

    private static void Acknowledge(TPeer peer, Voucher voucher)
    {
        if (peer.Pbts.TryCreateVoucherAck(new VoucherAck(voucher.Session, voucher.Bytes), out var frame))
            peer.Send(frame);
    }
}
