using System.Threading.Channels;
using Pbts.Protocol.Bep10;
using Pbts.Protocol.Receipts;

namespace Pbts.Peer.Exchange;

/// <summary>
/// The sender's side: receipts that arrive are checked together on the background thread, written to disk together, and
/// only then count for their signer. Who sends faster than that is read from more slowly.
/// </summary>
#pragma warning disable CA1001 // Nobody asks the semaphore for its wait handle, so it holds nothing to dispose of.
internal sealed class ReceiptCollector(
    IPeerContext session, PieceHashes hashes, PendingReceipts toReport, BackgroundThread background, TimeProvider clock)
#pragma warning restore CA1001
{
    /// <summary>Receipts worth checking at once; fewer wait a moment for others, because many cost little more than one.</summary>
    private const int EnoughReceipts = 50;
    private const int MaxBatch = 200;
    private const int MaxMessages = 64;
    private const int MaxBadReceipts = 3;
    private const int MaxRemembered = 50_000;

    /// <summary>Receipts for pieces served before the start: anybody may claim to have had some, and none may fill the store.</summary>
    private const int MaxFromBefore = 20_000;

    private static readonly TimeSpan Linger = TimeSpan.FromMilliseconds(200);

    private readonly Channel<Arrival> _arrived = Channel.CreateBounded<Arrival>(new BoundedChannelOptions(MaxMessages) { SingleReader = true });
    private readonly SemaphoreSlim _hurry = new(0, 1);
    private readonly HashSet<ReceiptId> _earned = [];
    private readonly ulong _startedAt = (ulong)clock.GetUtcNow().ToUnixTimeSeconds();
    private int _waiting;
    private int _undone;
    private int _fromBefore;

    /// <summary>Receipts earned so far.</summary>
    public int Count { get; private set; }

    /// <summary>Bytes of the pieces they cover.</summary>
    public long Bytes { get; private set; }

    /// <summary>Queues what a peer sent; waits while too much is queued.</summary>
    /// <exception cref="ChannelClosedException">Stopped.</exception>
    public async ValueTask TakeAsync(PeerConnection peer, IReadOnlyList<WireReceipt> receipts, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _undone);
        try
        {
            await _arrived.Writer.WriteAsync(new Arrival(peer, receipts, null), cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            Interlocked.Decrement(ref _undone);
            throw;
        }
        if (Interlocked.Add(ref _waiting, receipts.Count) >= EnoughReceipts)
            Hurry();
    }

    /// <summary>Waits until everything taken before is checked, on disk and acknowledged.</summary>
    /// <exception cref="IOException">The disk refuses.</exception>
    /// <exception cref="ChannelClosedException">Stopped.</exception>
    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref _undone) == 0)
            return;
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await _arrived.Writer.WriteAsync(new Arrival(null, [], done), cancellationToken).ConfigureAwait(false);
        Hurry();
        await done.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Checks now what has arrived.</summary>
    public void Hurry()
    {
        lock (_hurry)
            if (_hurry.CurrentCount == 0)
                _hurry.Release();
    }

    /// <summary>Takes no more; <see cref="RunAsync"/> ends when the rest is done.</summary>
    public void Complete()
    {
        _arrived.Writer.TryComplete();
        Hurry();
    }

    /// <summary>Checks what arrives, until <see cref="Complete"/>.</summary>
    public async Task RunAsync()
    {
        var batch = new List<Arrival>();
        while (await _arrived.Reader.WaitToReadAsync().ConfigureAwait(false))
        {
            await _hurry.WaitAsync(Linger).ConfigureAwait(false);
            batch.Clear();
            for (var count = 0; count < MaxBatch && _arrived.Reader.TryRead(out var arrival); count += arrival.Receipts.Count)
                batch.Add(arrival);
            Interlocked.Add(ref _waiting, -batch.Sum(a => a.Receipts.Count));
            IOException? trouble = null;
            try
            {
                var kept = false;
                await background.RunAsync(() => kept = Process(batch)).ConfigureAwait(false);
                if (!kept)
                    trouble = new IOException("too many receipts wait for the tracker");
            }
            catch (IOException e)
            {
                trouble = e;
                session.Fail($"cannot keep receipts: {e.Message}");
            }
            if (trouble is null)
                Acknowledge(batch);
            foreach (var arrival in batch)
                if (trouble is null)
                    arrival.Done?.TrySetResult();
                else if (arrival.Done?.TrySetException(trouble) is null)
                    arrival.Peer!.Close("its receipts cannot be kept");
            Interlocked.Add(ref _undone, -batch.Count(a => a.Peer is not null));
        }
    }

    /// <summary>Counts against a peer whose receipts do not hold.</summary>
    public void Blame(PeerConnection peer, string reason)
    {
        if (session.Locked(() => ++peer.State.Credit.BadReceipts) >= MaxBadReceipts)
            peer.Close(reason);
    }

    /// <summary>Tells each peer how far its receipts are dealt with: kept, or refused for good.</summary>
    private static void Acknowledge(List<Arrival> batch)
    {
        foreach (var arrivals in batch.Where(a => a.Peer is not null).GroupBy(a => a.Peer!))
        {
            arrivals.Key.ReceiptsTaken += arrivals.Sum(a => a.Receipts.Count);
            if (arrivals.Key.Pbts.TryCreateAck(arrivals.Key.ReceiptsTaken, out var frame))
                arrivals.Key.Send(frame);
        }
    }

    /// <summary>Checks and keeps a batch; <c>false</c> when the store is full: what is not acknowledged waits at its signer.</summary>
    private bool Process(List<Arrival> batch)
    {
        var candidates = session.Locked(() => batch
            .SelectMany(a => a.Receipts.Select(w => (a.Peer, w.Receipt)))
            .DistinctBy(c => (c.Peer, c.Receipt.Id))
            .Where(c => IsOwed(c.Peer!, c.Receipt)).ToArray());
        candidates = [.. candidates.Where(c => hashes.Of((int)c.Receipt.PieceIndex) == c.Receipt.PieceHash)];
        if (candidates.Length == 0)
            return true;
        var verdicts = StatementVerifier.Verify([.. candidates.Select(c => c.Receipt.Statement())]);
        var good = candidates.Zip(verdicts).Where(c => c.Second).Select(c => (c.First.Peer, Receipt: c.First.Receipt with
        {
            PieceSize = session.Torrent.PieceSize((int)c.First.Receipt.PieceIndex),
        })).ToArray();
        var room = toReport.Room;
        var fits = good.Length <= room;
        if (!fits)
            good = good[..room];
        // On disk before the credit: what was signed for is never lost, at worst reported twice.
        toReport.Add([.. good.Select(g => g.Receipt)]);
        toReport.Flush();
        session.Locked(() =>
        {
            foreach (var (peer, receipt) in good)
                Credit(peer!, receipt);
            return true;
        });
        foreach (var (candidate, holds) in candidates.Zip(verdicts))
            if (!holds)
                Blame(candidate.Peer!, "receipt with a bad signature");
        foreach (var peer in good.Select(g => g.Peer!).Distinct())
            session.Serving.TryUnchoke(peer);
        return fits;
    }

    private void Credit(PeerConnection peer, Receipt receipt)
    {
        peer.State.Key ??= receipt.Receiver;
        if (_earned.Count >= MaxRemembered)
            _earned.Clear();
        if (_earned.Add(receipt.Id))
        {
            Count++;
            Bytes += receipt.PieceSize;
        }
        if (!peer.State.Credit.Settle((int)receipt.PieceIndex, (int)receipt.PieceSize))
            _fromBefore++;
    }

    /// <summary>
    /// Everything but hash and signature: cheap, and refuses what was never served. What was served before a restart is
    /// not remembered, so a receipt that may be that old passes: only its signer pays for it.
    /// </summary>
    private bool IsOwed(PeerConnection peer, Receipt receipt) =>
        session.Options.Identity is { } identity && receipt.Sender == identity.PublicKey && receipt.Receiver != identity.PublicKey
        && receipt.InfoHash == session.Torrent.InfoHash
        && (peer.State.Key is null || peer.State.Key == receipt.Receiver)
        && receipt.PieceIndex < (uint)session.Torrent.PieceCount
        && (peer.State.Credit.Owed.Contains((int)receipt.PieceIndex) || (receipt.Time.Earliest < _startedAt && _fromBefore < MaxFromBefore && !_earned.Contains(receipt.Id)))
        && ReceiptFreshness.Check(receipt.Time, clock.GetUtcNow().ToUnixTimeSeconds(), session.Options.Receipts.WindowSeconds) == ReceiptStatus.Accepted;

    /// <summary>A message's receipts, or a mark in the queue that somebody waits for.</summary>
    private sealed record Arrival(PeerConnection? Peer, IReadOnlyList<WireReceipt> Receipts, TaskCompletionSource? Done);
}
