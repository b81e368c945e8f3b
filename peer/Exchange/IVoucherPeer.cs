using Pbts.Protocol.Bep10;
using Pbts.Protocol.Receipts;

namespace Pbts.Peer.Exchange;

/// <summary>A connection on which vouchers may be exchanged.</summary>
internal interface IVoucherPeer
{
    PbtsExtension Pbts { get; }

    /// <summary>Who the peer is; <c>null</c> until it has said so.</summary>
    MemberKey? Key { get; }

    /// <summary>What it took and signed for.</summary>
    PeerCredit Credit { get; }

    bool IsOpen { get; }

    /// <summary>Pieces it is known to have.</summary>
    int PieceCount { get; }

    /// <summary>When it was known to have every piece; <c>null</c> before.</summary>
    long? CompleteSince { get; }

    /// <summary>Queues a message.</summary>
    void Send(byte[] frame);
}
