using Pbts.Protocol.Receipts;

namespace Pbts.Peer.Exchange;

/// <summary>What the exchange of vouchers needs to know of a torrent and its connections.</summary>
/// <typeparam name="TPeer">A connection.</typeparam>
internal interface IVoucherContext<TPeer>
    where TPeer : class, IVoucherPeer
{
    InfoHash InfoHash { get; }

    /// <summary>Bytes of a piece; 0 where nobody knows.</summary>
    int PieceLength { get; }

    /// <summary>Folder of the journals; <c>null</c> keeps them in memory.</summary>
    string? StateFolder { get; }

    TimeProvider Clock { get; }

    IReadOnlyList<TPeer> Peers { get; }

    /// <summary>The first unrecoverable trouble with the disk.</summary>
    string? Failure { get; }

    /// <summary>Runs under the lock that guards what peers owe.</summary>
    T Locked<T>(Func<T> action);

    /// <summary>Gives up: the disk does not do its part.</summary>
    void Fail(string reason);

    /// <summary>A peer has signed for more: it may have more.</summary>
    void OnSigned(TPeer peer);
}
