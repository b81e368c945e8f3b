using System.Net;
using System.Text;
using System.Threading.Channels;
using Pbts.Peer.Exchange;
using Pbts.Peer.Tracker;
using Pbts.Protocol.Storage;
using Pbts.Protocol.Torrents;
using Pbts.Protocol.Vouchers;

namespace Pbts.Peer;

/// <summary>
/// A whole peer for one torrent: listens, calls, announces, exchanges pieces with any client, receipts and vouchers with
/// peers of PBTS, and reports what it earned. Works from <see cref="StartAsync(TorrentMetadata, string, PeerOptions, CancellationToken)"/>
/// until <see cref="StopAsync"/>. All members are thread safe.
/// </summary>
public sealed class TorrentPeer : IAsyncDisposable
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
    private TrackerSet? _ownTrackers;
    private bool _hasPeersByHand;
    private bool _stopped;

    private TorrentPeer(PeerSession session, PieceStore store, TrackerSet? trackers)
    {
        var log = session.Options.Log;
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

    /// <summary>What it exchanges.</summary>
    public TorrentMetadata Torrent => Session.Torrent;

    /// <summary>The port it listens on.</summary>
    public int Port => Session.ListenPort;

    /// <summary>Ends when every piece is there and right: with an <see cref="IOException"/> when the disk makes that impossible.</summary>
    public Task Completed => Session.Completed;

    /// <summary>Ends when the disk makes it pointless to go on; <see cref="Failure"/> says why.</summary>
    public Task Failed => Session.Failed;

    /// <summary>The first unrecoverable trouble with the disk.</summary>
    public string? Failure => Session.Failure;

    /// <summary>Ends, with the reason, when every tracker refuses for good and there is nobody else to exchange anything with.</summary>
    public Task<string> Refused => _refused.Task;

    /// <summary>How far it is now.</summary>
    public PeerProgress Progress => new()
    {
        Peers = Session.PeerCount,
        Left = Session.Left,
        Downloaded = Session.Downloaded,
        Uploaded = Session.Uploaded,
        Wasted = Session.Wasted,
        BytesSigned = Session.Receipts.SignedBytes,
        BytesEarned = Session.Receipts.EarnedBytes,
        ReceiptsSigned = Session.Receipts.SignedCount,
        ReceiptsUndelivered = Session.Receipts.ToDeliver.Count,
        ReceiptsEarned = Session.Receipts.EarnedCount,
        ReceiptsCredited = Reporter?.Accepted ?? 0,
        ReceiptsRefused = Reporter?.Refused ?? 0,
        ReceiptsWaiting = Session.Receipts.ToReport.Count,
        VouchersSigned = Session.Receipts.Vouchers?.Count.Signed ?? 0,
        VouchersUndelivered = Session.Receipts.Vouchers?.Undelivered.Count ?? 0,
        VouchersTaken = Session.Receipts.Vouchers?.Count.Taken ?? 0,
        VouchersWaiting = Session.Receipts.Vouchers?.Earned.Waiting ?? 0,
        VoucherBytes = Session.Receipts.Vouchers?.EarnedBytes ?? 0,
        VoucherBytesCredited = VoucherReporter?.Credited ?? 0,
    };

    internal PeerSession Session { get; }

    internal ReceiptReporter? Reporter { get; }

    internal VoucherReporter? VoucherReporter { get; }

    /// <summary>Checks what is on disk, then starts.</summary>
    /// <param name="torrent">The torrent.</param>
    /// <param name="folder">Folder that holds the torrent's file or folder.</param>
    /// <param name="options">Who we are, which trackers are asked, and limits.</param>
    /// <param name="cancellationToken">Stops the check; not the peer.</param>
    /// <exception cref="IOException">Folder, files or journals cannot be used.</exception>
    /// <exception cref="UnauthorizedAccessException">They may not be used.</exception>
    /// <exception cref="System.Net.Sockets.SocketException">It cannot be listened there: the port is taken, say.</exception>
    public static async Task<TorrentPeer> StartAsync(TorrentMetadata torrent, string folder, PeerOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(torrent);
        ArgumentNullException.ThrowIfNull(options);
        var trackers = TrackerSet.Create(
            torrent, options.Tracker, options is { Identity: { } identity, UserId: { } user } ? (user, identity) : null, options.Passkey, options.Log);
        try
        {
            // Whoever we meet with the same tracker signs for bytes; without it, for pieces.
            if (trackers is { HasMember: true })
                options = options with { Instance = await FindInstanceAsync(torrent, trackers, options.StateFolder, cancellationToken).ConfigureAwait(false) };
            var peer = await StartAsync(torrent, folder, trackers, options, cancellationToken).ConfigureAwait(false);
            peer._ownTrackers = trackers;
            return peer;
        }
        catch
        {
            trackers?.Dispose();
            throw;
        }
    }

    /// <summary>The same with these trackers, or with none, for peers told by hand only. Disposed by their owner.</summary>
    internal static async Task<TorrentPeer> StartAsync(
        TorrentMetadata torrent, string folder, TrackerSet? trackers, PeerOptions options, CancellationToken cancellationToken = default)
    {
        // A folder that cannot be is better known before the first piece arrives.
        if (options.Fetches)
            Directory.CreateDirectory(folder);
        var store = new PieceStore(torrent, folder, options.Fetches);
        PeerSession? session = null;
        try
        {
            var have = await store.VerifyAsync(cancellationToken).ConfigureAwait(false);
            if (options.Fetches)
                store.CreateEmptyFiles();
            session = new PeerSession(torrent, store, have, options, TimeProvider.System);
            var peer = new TorrentPeer(session, store, trackers);
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
        ArgumentNullException.ThrowIfNull(endPoints);
        _hasPeersByHand |= endPoints.Count > 0;
        _dialer.Add(endPoints);
        _dialer.CallDue(_stop.Token);
    }

    /// <summary>
    /// Waits until every receipt we signed is acknowledged by its sender; <c>false</c> when some could not be delivered in
    /// time. Ends the connections that carry receipts: a sender that acknowledges nothing has them when it has read to the end.
    /// For a peer that has all it wants and is about to stop.
    /// </summary>
    /// <param name="timeout">How long senders may take; those that still owe us receipts are waited for before that.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="IOException">The disk refuses.</exception>
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
                var carrying = Session.Peers.Where(p => Session.Locked(() => p.State.ReceiptsSent.Count > p.State.ReceiptsAcknowledged)).ToArray();
                await FinishAsync(carrying, cancellationToken).ConfigureAwait(false);
                // Those that take vouchers say so themselves, on the same connection.
                carrying = [.. carrying, .. Session.Peers.Where(p => p.IsOpen && p.Pbts.Vouchers is not null && p.State.Key is { } key && owed.Contains(key))];
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

    /// <summary>Stops the exchange, reports what was earned and tells the trackers good-bye. Takes half a minute at most where a tracker does not answer.</summary>
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
        _ownTrackers?.Dispose();
        _stop.Dispose();
    }

    /// <summary>The id of the tracker, remembered for when it does not answer.</summary>
    private static async Task<InstanceId?> FindInstanceAsync(TorrentMetadata torrent, TrackerSet trackers, string? stateFolder, CancellationToken cancellationToken)
    {
        var path = stateFolder is null ? null : Path.Combine(stateFolder, $"{torrent.InfoHash}.tracker");
        if (await trackers.FindInstanceAsync(cancellationToken).ConfigureAwait(false) is { } found)
        {
            if (path is not null)
            {
                PrivateFile.CreateFolder(stateFolder!);
                await File.WriteAllTextAsync(path, found.ToString(), cancellationToken).ConfigureAwait(false);
            }

            return found;
        }

        return File.Exists(path) && InstanceId.TryParse(Encoding.UTF8.GetString(BoundedFile.Read(path, BoundedFile.MaxKey)), out var known) ? known : null;
    }

    /// <summary>Lets the peers with PBTS read what they were sent and send what they have signed.</summary>
    private async Task SayGoodbyeAsync()
    {
        Session.Serving.Stop();
        var started = Session.Clock.GetTimestamp();
        var owing = Session.Receipts.Vouchers?.Ask() ?? [];
        while ((Session.Serving.IsBusy || owing.Any(p => p.IsOpen && Session.Locked(() => p.State.Credit.Unsigned) > 0)) && Session.Clock.GetElapsedTime(started) < GoodbyeTimeout)
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
