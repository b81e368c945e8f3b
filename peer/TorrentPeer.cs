using System.Net;
using System.Threading.Channels;
using Pbts.Peer.Exchange;
using Pbts.Peer.Tracker;
using Pbts.Protocol.Torrents;

namespace Pbts.Peer;

/// <summary>A whole peer for one torrent: listens, calls, announces, exchanges pieces and receipts, and reports.</summary>
internal sealed class TorrentPeer : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);

    private static readonly TimeSpan CallAgain = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan GoodbyeTimeout = TimeSpan.FromSeconds(2);

    private readonly TrackerAnnouncer[] _announcers;
    private readonly PieceStore _store;
    private readonly PeerListener _listener;
    private readonly PeerDialer _dialer;
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource<string> _refused = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<Task> _loops = [];
    private readonly Action<string> _log;
    private bool _hasPeersByHand;
    private bool _stopped;

    private TorrentPeer(PeerSession session, PieceStore store, TrackerSet? trackers, Action<string> log)
    {
        Session = session;
        _store = store;
        _log = log;
        _listener = new PeerListener(session);
        _dialer = new PeerDialer(_listener, session);
        _announcers = [.. (trackers?.Tiers ?? []).Select(tier => new TrackerAnnouncer(session, tier, _dialer, log))];
        if (trackers is { HasMember: true } && session.Receipts.Vouchers is { } vouchers)
            VoucherReporter = new VoucherReporter(vouchers.Earned, trackers.ReportVouchersAsync, session.Serving.Trust, log, session.Clock);
        if (trackers is { HasMember: true })
            Reporter = new ReceiptReporter(session.Receipts.ToReport, trackers.ReportAsync, session.Serving.Trust, log, session.Clock);
    }

    /// <summary>Whether a tracker has taken an announce.</summary>
    public bool IsAnnounced => Array.Exists(_announcers, announcer => announcer.IsAnnounced);

    /// <summary>Ends, with the reason, when every tracker refuses for good and there is nobody else to exchange anything with.</summary>
    public Task<string> Refused => _refused.Task;

    public PeerSession Session { get; }

    public ReceiptReporter? Reporter { get; }

    public VoucherReporter? VoucherReporter { get; }

    /// <summary>Checks what is on disk, then starts.</summary>
    /// <param name="torrent">The torrent.</param>
    /// <param name="folder">Folder of its files.</param>
    /// <param name="trackers">The trackers; <c>null</c> for peers told by hand only. Disposed by their owner.</param>
    /// <param name="options">Limits.</param>
    /// <param name="log">Told what happens.</param>
    /// <param name="clock">The clock.</param>
    /// <param name="writable">Whether missing pieces are fetched.</param>
    /// <param name="cancellationToken">Stops the check.</param>
    /// <exception cref="IOException">Disk or journal cannot be used.</exception>
    /// <exception cref="System.Net.Sockets.SocketException">The port is taken.</exception>
    public static async Task<TorrentPeer> StartAsync(
        TorrentMetadata torrent, string folder, TrackerSet? trackers, PeerOptions options, Action<string> log,
        TimeProvider? clock = null, bool writable = true, CancellationToken cancellationToken = default)
    {
        // A folder that cannot be is better known before the first piece arrives.
        if (writable)
            Directory.CreateDirectory(folder);
        var store = new PieceStore(torrent, folder, writable);
        PeerSession? session = null;
        try
        {
            var have = await store.VerifyAsync(cancellationToken).ConfigureAwait(false);
            if (writable)
                store.CreateEmptyFiles();
            session = new PeerSession(torrent, store, have, options, clock ?? TimeProvider.System);
            var peer = new TorrentPeer(session, store, trackers, log);
            session.ListenPort = peer._listener.Start();
            peer.StartLoops();
            return peer;
        }
        catch
        {
            session?.Dispose();
            store.Dispose();
            throw;
        }
    }

    /// <summary>Peers to call besides those the trackers name.</summary>
    public void AddPeers(IReadOnlyCollection<IPEndPoint> endPoints)
    {
        _hasPeersByHand |= endPoints.Count > 0;
        _dialer.Add(endPoints);
        _dialer.CallDue(_stop.Token);
    }

    /// <summary>
    /// Waits until every receipt we signed is acknowledged by its sender; <c>false</c> when some could not be delivered in
    /// time. Ends the connections that carry receipts: a sender that acknowledges nothing has them when it has read to the end.
    /// </summary>
    public async Task<bool> DeliverReceiptsAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        var started = Session.Clock.GetTimestamp();
        var desk = Session.Receipts;
        // Whoever still owes us receipts or vouchers could not send them to a peer that is gone.
        Session.Serving.Stop();
        // A slow peer can sign only when the piece is whole of which we sent a part; while it gets on, that is worth a while.
        long Progress() => Session.Uploaded + desk.EarnedBytes + (Session.Clock.GetElapsedTime(started) < timeout ? desk.Vouchers?.PiecesOfOwing ?? 0 : 0);
        var (progress, since) = (Progress(), started);
        long? asked = null;
        while ((Session.Serving.IsBusy || desk.Vouchers is { IsOwed: true }) && Session.Clock.GetElapsedTime(since) < Session.Options.ReceiptPatience)
        {
            if (asked is not { } before || Session.Clock.GetElapsedTime(before) > CallAgain)
            {
                desk.Vouchers?.Ask();
                asked = Session.Clock.GetTimestamp();
            }
            await Task.Delay(Pause, cancellationToken).ConfigureAwait(false);
            if (Progress() is var now && now != progress)
                (progress, since) = (now, Session.Clock.GetTimestamp());
        }
        started = Session.Clock.GetTimestamp();
        long? called = null;
        while (!desk.IsAllSigned || desk.ToDeliver.Count > 0 || desk.Vouchers is { IsDelivered: false })
        {
            if (Session.Failure is { } failure)
                throw new IOException(failure);
            if (Session.Clock.GetElapsedTime(started) > timeout)
                return false;
            if (desk.IsAllSigned)
            {
                if (desk.Vouchers is not null)
                    await desk.Vouchers.FlushAsync(cancellationToken).ConfigureAwait(false);
                var owed = desk.Vouchers?.Undelivered ?? [];
                var carrying = Session.Peers.Where(p => Session.Locked(() => p.ReceiptsSent.Count > p.ReceiptsAcknowledged)).ToArray();
                await FinishAsync(carrying, cancellationToken).ConfigureAwait(false);
                // Those that take vouchers say so themselves, on the same connection.
                carrying = [.. carrying, .. Session.Peers.Where(p => p.IsOpen && p.Pbts.Vouchers is not null && p.Key is { } key && owed.Contains(key))];
                if (carrying.Length == 0 && (called is not { } last || Session.Clock.GetElapsedTime(last) > CallAgain))
                {
                    foreach (var address in desk.UndeliveredAddresses())
                        _dialer.CallNow(address);
                    _dialer.CallDue(_stop.Token);
                    called = Session.Clock.GetTimestamp();
                }
            }
            await Task.Delay(Pause, cancellationToken).ConfigureAwait(false);
        }
        return true;
    }

    /// <summary>Stops the exchange, reports what was earned and tells the trackers good-bye.</summary>
    public async Task StopAsync()
    {
        if (_stopped)
            return;
        _stopped = true;
        await SayGoodbyeAsync().ConfigureAwait(false);
        await _stop.CancelAsync().ConfigureAwait(false);
        foreach (var peer in Session.Peers)
            peer.Close("stopped");
        // The listener's connections end by their own when their sockets close; the receipts they brought are still kept.
        Session.Receipts.StopCollecting();
        await Task.WhenAll(_loops).ConfigureAwait(false);
        // A busy tracker takes its time over a large report; what it does not answer stays in the journal.
        using var last = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        try
        {
            if (Reporter is not null)
                await Reporter.ReportAsync(last.Token).ConfigureAwait(false);
            if (VoucherReporter is not null)
                await VoucherReporter.ReportAsync(last.Token).ConfigureAwait(false);
            await Task.WhenAll(_announcers.Select(announcer => announcer.StopAsync(last.Token))).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            _log("the tracker did not answer the last report or the good-bye in time");
        }
    }

    /// <summary>Stops, and lets go of files and sockets.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync().ConfigureAwait(false);
        for (var i = 0; i < 50 && Session.PeerCount > 0; i++)
            await Task.Delay(20, CancellationToken.None).ConfigureAwait(false);
        _listener.Dispose();
        Session.Dispose();
        _store.Dispose();
        _stop.Dispose();
    }

    /// <summary>Lets the peers with PBTS read what they were sent and send what they have signed.</summary>
    private async Task SayGoodbyeAsync()
    {
        Session.Serving.Stop();
        var started = Session.Clock.GetTimestamp();
        var owing = Session.Receipts.Vouchers?.Ask() ?? [];
        while ((Session.Serving.IsBusy || owing.Any(p => p.IsOpen && Session.Locked(() => p.Credit.Unsigned) > 0)) && Session.Clock.GetElapsedTime(started) < GoodbyeTimeout)
            await Task.Delay(Pause).ConfigureAwait(false);
        using var timeout = new CancellationTokenSource(GoodbyeTimeout, Session.Clock);
        try
        {
            while (Session.Peers.Where(p => p.CanSign).ToArray() is { Length: > 0 } peers)
            {
                await FinishAsync(peers, timeout.Token).ConfigureAwait(false);
                await Task.Delay(Pause, timeout.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // Whoever has not ended by now does not get to keep us.
        }
    }

    /// <summary>
    /// Says on connections that we send no more, after what has come over them is dealt with and acknowledged: a peer that
    /// never hears of its receipts calls again and again.
    /// </summary>
    private async Task FinishAsync(IEnumerable<PeerConnection> peers, CancellationToken cancellationToken)
    {
        if (peers.Where(p => p.IsOpen).ToArray() is not { Length: > 0 } open)
            return;
        try
        {
            await Session.Receipts.FlushAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or ChannelClosedException)
        {
            // What cannot be kept is not acknowledged either.
        }
        foreach (var peer in open)
            peer.Finish();
    }

    private void StartLoops()
    {
        _loops.Add(LoopAsync("listening", _listener.RunAsync));
        _loops.Add(LoopAsync("signing", Session.Receipts.SignAsync));
        _loops.Add(LoopAsync("collecting", _ => Session.Receipts.CollectAsync()));
        _loops.Add(LoopAsync("watching", WatchAsync));
        foreach (var announcer in _announcers)
            _loops.Add(LoopAsync("announcing", announcer.RunAsync));
        if (Reporter is not null)
            _loops.Add(LoopAsync("reporting", Reporter.RunAsync));
        if (VoucherReporter is not null)
            _loops.Add(LoopAsync("reporting vouchers", VoucherReporter.RunAsync));
    }

    private async Task LoopAsync(string name, Func<CancellationToken, Task> loop)
    {
        try
        {
            await loop(_stop.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The regular end.
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or System.Net.Sockets.SocketException)
        {
            _log($"{name} ended: {e.Message}");
        }
    }

    private async Task WatchAsync(CancellationToken cancellationToken)
    {
        for (var second = 0; ; second++)
        {
            Session.Watch();
            if (second % 10 == 0)
                Session.Serving.Rechoke();
            _dialer.CallDue(cancellationToken);
            if (_announcers.Length > 0 && Array.TrueForAll(_announcers, announcer => announcer.Refusal is not null) && !_hasPeersByHand && Session.PeerCount == 0)
                _refused.TrySetResult(string.Join("; ", _announcers.Select(announcer => announcer.Refusal)));
            await Task.Delay(TimeSpan.FromSeconds(1), Session.Clock, cancellationToken).ConfigureAwait(false);
        }
    }
}
