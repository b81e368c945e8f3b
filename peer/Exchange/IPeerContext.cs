using Pbts.Protocol.Torrents;

namespace Pbts.Peer.Exchange;

/// <summary>What the exchange of receipts and vouchers needs to know of the exchange of pieces.</summary>
internal interface IPeerContext
{
    TorrentMetadata Torrent { get; }

    PeerOptions Options { get; }

    TimeProvider Clock { get; }

    Serving Serving { get; }

    IReadOnlyList<PeerConnection> Peers { get; }

    /// <summary>Bytes still missing.</summary>
    long Left { get; }

    /// <summary>The first unrecoverable trouble with the disk.</summary>
    string? Failure { get; }

    /// <summary>Runs under the lock that guards <see cref="PeerConnection.State"/>: receipts change credit, which choking reads.</summary>
    T Locked<T>(Func<T> action);

    /// <summary>Gives up: the disk does not do its part.</summary>
    void Fail(string reason);
}
