using System.Net;
using Pbts.Protocol.Receipts;

namespace Pbts.Peer.Exchange;

/// <summary>What is known of a peer, and what both sides said. Guarded by the session's lock.</summary>
internal sealed class PeerState(int pieceCount)
{
    /// <summary>The address the peer can be called at, when it is known: dialled by us, or told in its extension handshake.</summary>
    public IPEndPoint? DialBack { get; set; }

    /// <summary>Whose receipts and credit these are: from the handshake, else from the first receipt.</summary>
    public MemberKey? Key { get; set; }

    /// <summary>The account of the key behind the connection, or of the connection alone while there is no key.</summary>
    public PeerCredit Credit { get; set; } = new();

    public Bitfield Has { get; set; } = new(pieceCount);

    /// <summary>When it was known to have every piece; <c>null</c> before.</summary>
    public long? CompleteSince { get; set; }

    public bool AmChoking { get; set; } = true;

    public bool AmInterested { get; set; }

    public bool IsChokingUs { get; set; } = true;

    public bool IsInterested { get; set; }

    /// <summary>Asked for blocks and silent since: it is asked for nothing more until it sends one.</summary>
    public bool IsSnubbing { get; set; }

    public List<PieceDownload> Downloads { get; } = [];

    /// <summary>Piece bytes received since the last choking round.</summary>
    public long ReceivedThisRound { get; set; }

    /// <summary>Since when only pieces that are partly sent are served, before the peer is choked.</summary>
    public long? EndingSince { get; set; }

    /// <summary>Receipts handed to this connection, in order.</summary>
    public List<ReceiptId> ReceiptsSent { get; } = [];

    /// <summary>How many of them the peer has acknowledged.</summary>
    public int ReceiptsAcknowledged { get; set; }
}
