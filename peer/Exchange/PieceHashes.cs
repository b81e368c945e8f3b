using Pbts.Protocol.Receipts;
using Pbts.Protocol.Torrents;

namespace Pbts.Peer.Exchange;

/// <summary>SHA-256 of the pieces we have, as receipts name them; computed when first needed. Thread-safe.</summary>
/// <param name="torrent">The torrent.</param>
/// <param name="store">Its bytes.</param>
internal sealed class PieceHashes(TorrentMetadata torrent, PieceStore store)
{
    private const int MaxRemembered = 50_000;

    private readonly Dictionary<int, PieceHash> _known = [];

    /// <summary>The hash; <c>null</c> when the piece cannot be read.</summary>
    public PieceHash? Of(int piece)
    {
        lock (_known)
        {
            if (_known.TryGetValue(piece, out var known))
                return known;
        }
        var data = new byte[torrent.PieceSize(piece)];
        if (!store.TryRead((long)piece * torrent.PieceLength, data))
            return null;
        var hash = PieceHash.OfPiece(data);
        lock (_known)
        {
            if (_known.Count >= MaxRemembered)
                _known.Clear();
            _known[piece] = hash;
        }
        return hash;
    }
}
