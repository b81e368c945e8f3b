using System.Threading.Channels;
using Pbts.Protocol.Bep10;
using Pbts.Protocol.Receipts;

namespace Pbts.Peer.Exchange;

/// <summary>
/// The receiver's side: signs a receipt for each verified piece on the background thread, keeps it until it is known to have
/// been read, and sends it. Nothing in a transfer waits for it.
/// </summary>
internal sealed class ReceiptSigner(IPeerContext session, PendingReceipts toDeliver, BackgroundThread background, TimeProvider clock)
{
    /// <summary>Receipts signed before they are sent together.</summary>
    private const int BatchSize = 50;
    private const int MaxRemembered = 50_000;

    /// <summary>How often, on average, each piece's receipt goes over one connection.</summary>
    private const int MaxSends = 4;

    /// <summary>Bytes of pieces kept for hashing in the background; beyond them a piece is hashed where it arrives.</summary>
    private const long MaxWaitingBytes = 32 << 20;

    // One job for each piece received: the torrent bounds them.
    private readonly Channel<Job> _jobs = Channel.CreateUnbounded<Job>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Dictionary<(MemberKey Sender, uint Piece), Receipt> _signed = [];
    private readonly TimeSpan _flushEvery = TimeSpan.FromSeconds(1);
    private long _flushedAt = clock.GetTimestamp();
    private long _waitingBytes;
    private int _unsigned;

    /// <summary>Receipts signed so far.</summary>
    public int Count { get; private set; }

    /// <summary>Bytes of the pieces they cover.</summary>
    public long Bytes { get; private set; }

    /// <summary>Whether every verified piece has its receipt.</summary>
    public bool IsDone => Volatile.Read(ref _unsigned) == 0;

    /// <summary>Queues the receipt for a piece; the data must not change any more.</summary>
    public void Enqueue(PeerConnection peer, MemberKey sender, int index, byte[] data)
    {
        Interlocked.Increment(ref _unsigned);
        var keeps = Interlocked.Add(ref _waitingBytes, data.Length) <= MaxWaitingBytes;
        if (!keeps)
            Interlocked.Add(ref _waitingBytes, -data.Length);
        _jobs.Writer.TryWrite(new Job(peer, sender, (uint)index, keeps ? data : null, keeps ? default : PieceHash.OfPiece(data), data.Length));
    }

    /// <summary>The receipt signed for a peer and piece.</summary>
    public Receipt? Find(MemberKey sender, uint piece) => session.Locked(() => _signed.GetValueOrDefault((sender, piece)));

    /// <summary>Signs and sends, until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var jobs = new List<Job>();
        while (await _jobs.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
        {
            jobs.Clear();
            while (jobs.Count < BatchSize && _jobs.Reader.TryRead(out var job))
                jobs.Add(job);
            var receipts = new Receipt[jobs.Count];
            try
            {
                await background.RunAsync(() => SignAll(jobs, receipts)).ConfigureAwait(false);
            }
            catch (IOException e)
            {
                session.Fail($"cannot keep receipts: {e.Message}");
                return;
            }
            foreach (var group in jobs.Zip(receipts).GroupBy(s => s.First.Peer, s => s.Second))
                Deliver(group.Key, [.. group]);
            Interlocked.Add(ref _unsigned, -jobs.Count);
        }
    }

    /// <summary>Sends receipts; they stay kept until the connection ends in order.</summary>
    public void Deliver(PeerConnection peer, IReadOnlyCollection<Receipt> receipts)
    {
        foreach (var part in receipts.Chunk(BatchSize))
        {
            var wires = part.Select(r => new WireReceipt(r, (ulong)clock.GetUtcNow().ToUnixTimeSeconds())).ToArray();
            session.Locked(() =>
            {
                // Too late for this connection: they go when the peer is met again.
                if (!peer.IsOpen)
                    return false;
                // What was sent is remembered until the connection ends; nobody needs a receipt again and again.
                if (peer.State.ReceiptsSent.Count > MaxSends * (session.Torrent.PieceCount + 100))
                {
                    peer.Close("asks for receipts again and again");
                    return false;
                }
                peer.State.ReceiptsSent.AddRange(part.Select(r => r.Id));
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

    private void SignAll(List<Job> jobs, Receipt[] receipts)
    {
        var time = ReceiptTime.FromEpoch(ReceiptTime.EpochOf((ulong)clock.GetUtcNow().ToUnixTimeSeconds()));
        for (var i = 0; i < receipts.Length; i++)
        {
            var job = jobs[i];
            var hash = job.Data is null ? job.Hash : PieceHash.OfPiece(job.Data);
            if (job.Data is not null)
                Interlocked.Add(ref _waitingBytes, -job.Size);
            receipts[i] = session.Options.Identity!.SignReceipt(session.Torrent.InfoHash, job.Sender, hash, job.Index, time, job.Size);
        }
        toDeliver.Add(receipts);
        // The end of the process loses nothing; against a power cut the disk is told now and then.
        if (clock.GetElapsedTime(_flushedAt) > _flushEvery)
        {
            toDeliver.Flush();
            _flushedAt = clock.GetTimestamp();
        }
        session.Locked(() =>
        {
            if (_signed.Count >= MaxRemembered)
                _signed.Clear();
            foreach (var receipt in receipts)
                _signed[(receipt.Sender, receipt.PieceIndex)] = receipt;
            Bytes += receipts.Sum(r => r.PieceSize);
            return Count += receipts.Length;
        });
    }

    private sealed record Job(PeerConnection Peer, MemberKey Sender, uint Index, byte[]? Data, PieceHash Hash, int Size);
}
