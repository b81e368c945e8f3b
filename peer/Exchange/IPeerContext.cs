using Pbts.Protocol.Torrents;

namespace Pbts.Peer.Exchange;

/// <summary>What the exchange of receipts and vouchers needs to know of the exchange of pieces.</summary>
internal interface IPeerContext : IVoucherContext<PeerConnection>
{
    TorrentMetadata Torrent { get; }

    PeerOptions Options { get; }

    Serving Serving { get; }

    /// <summary>Bytes still missing.</summary>
    long Left { get; }
}
