namespace Pbts.Peer.Exchange;

/// <summary>Chooses pieces, rarest first. Not thread-safe: the session's lock guards it.</summary>
/// <param name="have">The pieces we have; the picker only reads it.</param>
/// <param name="random">Breaks ties.</param>
internal sealed class PiecePicker(Bitfield have, Random random)
{
    /// <summary>Candidates looked at for one choice, so that a torrent of many pieces stays cheap.</summary>
    private const int Sample = 2048;

    private readonly int[] _availability = new int[have.Length];
    private readonly int[] _active = new int[have.Length];

    public void Add(Bitfield peer, int change)
    {
        for (var i = 0; i < peer.Length; i++)
            if (peer[i])
                _availability[i] += change;
    }

    public void AddOne(int piece) => _availability[piece]++;

    public void Start(int piece) => _active[piece]++;

    public void Stop(int piece) => _active[piece]--;

    public bool IsInteresting(Bitfield peer)
    {
        for (var i = 0; i < peer.Length; i++)
            if (peer[i] && !have[i])
                return true;
        return false;
    }

    /// <summary>A piece to get from a peer.</summary>
    /// <param name="peer">What it has.</param>
    /// <param name="exclude">Pieces it is sending already.</param>
    /// <param name="allowDuplicate">Whether a piece somebody else is sending will do: at the end of a download.</param>
    public int? Pick(Bitfield peer, Func<int, bool> exclude, bool allowDuplicate)
    {
        int? best = null;
        var (bestRank, seen, start) = (int.MaxValue, 0, random.Next(have.Length));
        for (var n = 0; n < have.Length && seen < Sample; n++)
        {
            var piece = (start + n) % have.Length;
            if (!peer[piece] || have[piece] || exclude(piece) || _active[piece] > (allowDuplicate ? 1 : 0))
                continue;
            seen++;
            var rank = _availability[piece] + (_active[piece] > 0 ? 1_000_000 : 0);
            if (rank < bestRank)
                (best, bestRank) = (piece, rank);
        }
        return best;
    }
}
