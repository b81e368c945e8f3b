namespace Pbts.Grains.Ledger;

/// <summary>What the ledger did with one receipt.</summary>
internal enum LedgerOutcome
{
    /// <summary>New: sender credited and receiver debited, durably.</summary>
    Credited,

    /// <summary>Spent before.</summary>
    Duplicate,

    /// <summary>Its epoch has been dropped, or is older than the window by the database's clock.</summary>
    Expired,

    /// <summary>Its epoch has not begun by the database's clock.</summary>
    Future,

    /// <summary>Not spent: the receiver may not owe so much now.</summary>
    ReceiverLimit,

    /// <summary>Not spent: the receiver has been debited for this torrent as often as may be.</summary>
    TorrentLimit,

    /// <summary>The registered torrent has no such piece.</summary>
    NoSuchPiece,

    /// <summary>The torrent is not registered, and receipts for such are refused.</summary>
    Unregistered,
}
