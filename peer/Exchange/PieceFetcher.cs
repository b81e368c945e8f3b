using Pbts.Protocol.Receipts;
using Pbts.Protocol.Torrents;

namespace Pbts.Peer.Exchange;

/// <summary>Asks peers for pieces and puts them together. Not thread-safe: the session's lock guards it.</summary>
/// <param name="torrent">The torrent.</param>
/// <param name="have">The pieces we have.</param>
/// <param name="picker">Chooses what to ask for.</param>
/// <param name="options">Times.</param>
/// <param name="clock">The clock.</param>
internal sealed class PieceFetcher(TorrentMetadata torrent, Bitfield have, PiecePicker picker, PeerOptions options, TimeProvider clock)
{
    /// <summary>Requests kept waiting at a peer, so that its line never idles.</summary>
    private const int Pipeline = 64;

    /// <summary>Who sends a piece; of two, the later one.</summary>
    private readonly Dictionary<int, (PeerConnection Peer, long Since)> _senders = [];

    /// <summary>Pieces of which some blocks have come from peers that are paid by the block: others send the rest.</summary>
    private readonly Dictionary<int, PieceDownload> _begun = [];

    /// <summary>Pieces that were wrong when their blocks came from several: only from one peer can it be told whose fault that is.</summary>
    private readonly HashSet<int> _suspect = [];

    /// <summary>Bytes received of pieces that were then given up, which no receipt covers.</summary>
    public long Wasted { get; private set; }

    public void OnPeerHas(PeerConnection peer, int piece)
    {
        picker.AddOne(piece);
        if (!have[piece])
            ShowInterest(peer);
    }

    public void OnPeerHas(PeerConnection peer, Bitfield bitfield)
    {
        picker.Add(peer.State.Has, -1);
        picker.Add(bitfield, 1);
        peer.State.Has = bitfield;
        if (picker.IsInteresting(bitfield))
            ShowInterest(peer);
    }

    /// <summary>Takes a block.</summary>
    /// <param name="peer">Who sent it.</param>
    /// <param name="piece">The piece.</param>
    /// <param name="begin">First byte in the piece.</param>
    /// <param name="data">The bytes.</param>
    /// <param name="complete">The piece, when this was its last block.</param>
    /// <returns><c>false</c> for what was not asked for: late answers to what was cancelled or given to somebody else.</returns>
    public bool TryReceive(PeerConnection peer, int piece, int begin, ReadOnlySpan<byte> data, out PieceDownload? complete)
    {
        complete = null;
        peer.State.IsSnubbing = false;
        var download = peer.State.Downloads.Find(d => d.Index == piece);
        var wanted = download is not null && download.TryReceive(begin, data, PaidByBlock(peer));
        if (wanted)
        {
            peer.State.ReceivedThisRound += data.Length;
            peer.Health.BlockReceived();
            peer.Health.WasUseful();
            if (download!.IsComplete)
            {
                peer.State.Downloads.Remove(download);
                complete = download;
            }
        }
        Refill(peer);
        return wanted;
    }

    /// <summary>A piece is no longer being received.</summary>
    public void OnEnded(int piece)
    {
        picker.Stop(piece);
        _senders.Remove(piece);
    }

    /// <summary>A piece from several peers was wrong: it is fetched again from one alone.</summary>
    public void OnWrong(PieceDownload download)
    {
        _suspect.Add(download.Index);
        Wasted += download.ReceivedBytes;
    }

    /// <summary>A piece that came twice: nobody who is paid by the block is paid for it again.</summary>
    public void OnSpare(PeerConnection peer, PieceDownload download)
    {
        if (PaidByBlock(peer) is not null)
            Wasted += download.ReceivedBytes;
    }

    public void OnGone(PeerConnection peer)
    {
        picker.Add(peer.State.Has, -1);
        Abandon(peer);
    }

    /// <summary>Tells everybody of a new piece, and takes it back from others that are still sending it.</summary>
    public void OnHave(int piece, IEnumerable<PeerConnection> peers)
    {
        if (_begun.Remove(piece, out var begun))
            Wasted += begun.ReceivedBytes;
        foreach (var other in peers)
        {
            other.Send(PeerMessages.Numbers(PeerMessages.Have, piece));
            foreach (var duplicate in other.State.Downloads.Where(d => d.Index == piece).ToArray())
            {
                foreach (var block in duplicate.Outstanding)
                    other.Send(PeerMessages.Numbers(PeerMessages.Cancel, block.Piece, block.Begin, block.Length));
                other.State.Downloads.Remove(duplicate);
                Stop(duplicate);
                Refill(other);
            }
            if (other.State.AmInterested && other.State.Downloads.Count == 0 && !picker.IsInteresting(other.State.Has))
            {
                other.State.AmInterested = false;
                other.Send(PeerMessages.Simple(PeerMessages.NotInterested));
            }
        }
    }

    public void ShowInterest(PeerConnection peer)
    {
        if (!peer.State.AmInterested)
        {
            peer.State.AmInterested = true;
            peer.Send(PeerMessages.Simple(PeerMessages.Interested));
        }
        Refill(peer);
    }

    /// <summary>Keeps requests waiting at the peer.</summary>
    public void Refill(PeerConnection peer)
    {
        if (peer.State.IsChokingUs || peer.State.IsSnubbing || !peer.IsOpen || have.IsComplete)
            return;
        var depth = Math.Min(Pipeline, peer.Pbts.Remote?.RequestQueue ?? Pipeline);
        var waiting = peer.State.Downloads.Sum(d => d.OutstandingCount);
        if (waiting == 0)
            peer.Health.BlockReceived();
        while (waiting < depth)
        {
            BlockRequest request = default;
            if (!peer.State.Downloads.Exists(d => d.TryNext(out request)))
            {
                if (Next(peer) is not { } piece)
                    return;
                picker.Start(piece);
                peer.State.Downloads.Add(PaidByBlock(peer) is not null && _begun.Remove(piece, out var begun) ? begun : new PieceDownload(piece, torrent.PieceSize(piece)));
                _senders[piece] = (peer, clock.GetTimestamp());
                continue;
            }
            peer.Send(PeerMessages.Numbers(PeerMessages.Request, request.Piece, request.Begin, request.Length));
            waiting++;
        }
    }

    /// <summary>
    /// The peer chokes us and has forgotten what was asked for. What it is paid for by the block others finish at once: it
    /// may be about to leave, and only a whole piece can be signed for.
    /// </summary>
    public void OnChoked(PeerConnection peer)
    {
        if (PaidByBlock(peer) is not null)
            Abandon(peer);
        else
            peer.State.Downloads.ForEach(download => download.Forget());
    }

    /// <summary>Lets others have the pieces a peer is not sending.</summary>
    public void Abandon(PeerConnection peer)
    {
        foreach (var download in peer.State.Downloads)
        {
            if (PaidByBlock(peer) is not null && download.ReceivedBytes > 0 && !have[download.Index] && !_suspect.Contains(download.Index) && _begun.TryAdd(download.Index, download))
            {
                download.HandOver();
                picker.Stop(download.Index);
            }
            else
            {
                Stop(download);
            }
        }
        peer.State.Downloads.Clear();
    }

    /// <summary>The key that is paid for each block the peer sends; <c>null</c> where whole pieces are paid, or nothing is.</summary>
    private static MemberKey? PaidByBlock(PeerConnection peer) => peer.Pbts.Vouchers is null ? null : peer.State.Key;

    private void Stop(PieceDownload download)
    {
        picker.Stop(download.Index);
        Wasted += download.ReceivedBytes;
    }

    /// <summary>
    /// A piece nobody sends yet, before all others one that is begun: it holds memory, and who sent its first blocks waits
    /// to be paid. At the end, when all are being sent, also one whose sender does not get on with it. Not
    /// sooner: a piece that comes twice is paid for twice.
    /// </summary>
    private int? Next(PeerConnection peer)
    {
        bool IsSending(int piece) => peer.State.Downloads.Exists(d => d.Index == piece);
        if (PaidByBlock(peer) is not null)
        {
            foreach (var piece in _begun.Keys)
            {
                if (peer.State.Has[piece] && !IsSending(piece))
                    return piece;
            }
        }

        return picker.Pick(peer.State.Has, IsSending, allowDuplicate: false)
            ?? (peer.State.Downloads.Count == 0 ? picker.Pick(peer.State.Has, piece => IsSending(piece) || !IsStuck(piece), allowDuplicate: true) : null);
    }

    private bool IsStuck(int piece) => !_senders.TryGetValue(piece, out var sender) || !sender.Peer.IsOpen
        || sender.Peer.Health.SinceBlock > options.StallTimeout || clock.GetElapsedTime(sender.Since) > options.PieceTimeout;
}
