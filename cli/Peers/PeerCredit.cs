namespace Pbts.Cli.Peers;

/// <summary>What one peer took from us and what of it it has signed for. Guarded by the session's lock.</summary>
internal sealed class PeerCredit
{
    private const long ForgivenInRound = 16 << 10;

    private readonly Dictionary<int, long> _served = [];

    /// <summary>Piece bytes sent.</summary>
    public long Given { get; private set; }

    /// <summary>Bytes that are not owed any more.</summary>
    public long Signed { get; private set; }

    /// <summary>Bytes covered by good receipts.</summary>
    public long Proven { get; private set; }

    /// <summary>Whether the peer signs for bytes instead of pieces.</summary>
    public bool SignsVouchers { get; set; }

    /// <summary>Receipts and vouchers that did not hold.</summary>
    public int BadReceipts { get; set; }

    /// <summary>When the peer reached the end of its credit; <c>null</c> while it has some.</summary>
    public long? ExhaustedSince { get; set; }

    /// <summary>Choked until it signs, because it took and did not sign.</summary>
    public bool IsDelinquent { get; set; }

    /// <summary>The tracker does not take this member's receipts, so it gets nothing more.</summary>
    public bool IsDistrusted { get; set; }

    /// <summary>Whether the peer was asked for the receipts it owes since its credit ended.</summary>
    public bool IsReminded { get; set; }

    /// <summary>Receipted bytes since the last choking round.</summary>
    public long SignedThisRound { get; private set; }

    public long Unsigned => Given - Signed;

    /// <summary>
    /// Whether a voucher may still come: for what is forgiven too, until the peer has had every piece for a while, because a
    /// block may be a part of one that it has yet to complete.
    /// </summary>
    public bool MayStillSign(bool isDone) => SignsVouchers && !IsDelinquent && (isDone ? Unsigned : Given - Proven) > 0;

    /// <summary>Pieces served whole that no receipt covers yet.</summary>
    public HashSet<int> Owed { get; } = [];

    /// <summary>Whether a piece is served in part.</summary>
    public bool HasBegun(int piece) => _served.ContainsKey(piece);

    /// <summary>Whether any piece is served in part.</summary>
    public bool IsMidPiece => _served.Count > 0;

    /// <summary>Counts a block; <c>true</c> when it completes its piece.</summary>
    public bool Serve(BlockRequest block, int pieceSize)
    {
        Given += block.Length;
        if (SignsVouchers)
            return false;
        var served = _served.GetValueOrDefault(block.Piece) + block.Length;
        _served[block.Piece] = served;
        if (served < pieceSize)
            return false;
        // A peer that fetches a piece again owes another look, not another receipt: identical receipts are one.
        _served.Remove(block.Piece);
        return Owed.Add(block.Piece);
    }

    /// <summary>
    /// Ends a choking round. Parts of pieces that were never finished (cancelled, or lost with a connection) cannot be
    /// receipted, so they are forgiven when nothing else is owed.
    /// </summary>
    public void EndRound()
    {
        SignedThisRound = 0;
        if (SignsVouchers)
        {
            // Blocks that never arrived, with a connection that was lost, can never be signed for.
            Signed = Math.Min(Given, Signed + ForgivenInRound);
            return;
        }
        if (Owed.Count > 0)
            return;
        Signed = Given;
        Restore();
    }

    /// <summary>Counts a good receipt; <c>false</c> when the piece was not owed.</summary>
    public bool Settle(int piece, int size)
    {
        if (!Owed.Remove(piece))
            return false;
        Signed += size;
        Proven += size;
        SignedThisRound += size;
        Restore();
        return true;
    }

    /// <summary>Counts what a good voucher adds.</summary>
    public void Sign(long bytes)
    {
        Signed = Math.Min(Given, Signed + bytes);
        Proven += bytes;
        SignedThisRound += bytes;
        Restore();
    }

    private void Restore()
    {
        ExhaustedSince = null;
        IsDelinquent = false;
        IsReminded = false;
    }
}
