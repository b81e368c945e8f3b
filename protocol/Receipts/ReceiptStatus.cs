namespace Pbts.Protocol.Receipts;

/// <summary>What became of one submitted receipt. The names on the wire are in <see cref="ReceiptStatusNames"/>.</summary>
public enum ReceiptStatus
{
    /// <summary>Credited now.</summary>
    Accepted = 0,

    /// <summary>Credited before.</summary>
    Duplicate = 1,

    /// <summary>Older than the receipt window.</summary>
    Expired = 2,

    /// <summary>Further in the future than the clocks may differ.</summary>
    Future = 3,

    /// <summary>The signature does not hold.</summary>
    BadSignature = 4,

    /// <summary>The receiver is not registered.</summary>
    UnknownReceiver = 5,

    /// <summary>The reporter or the receiver has not proved possession of its key.</summary>
    Unproven = 6,

    /// <summary>The sender key is not the reporter's.</summary>
    NotYourReceipt = 7,

    /// <summary>Sender and receiver are the same key.</summary>
    SelfReceipt = 8,

    /// <summary>A field is missing, has the wrong type, length or range.</summary>
    Malformed = 9,

    /// <summary>The piece size is above the bound.</summary>
    TooLarge = 10,

    /// <summary>Not looked at: the tracker had too much to do, or had found too many bad signatures before. Report it again.</summary>
    Busy = 11,

    /// <summary>Not spent: the receiver may not owe so much now. Report it again later.</summary>
    ReceiverLimit = 12,

    /// <summary>Not spent: the receiver has been debited for this torrent as often as may be.</summary>
    TorrentLimit = 13,

    /// <summary>The torrent is not registered, and this tracker takes no receipts for such.</summary>
    UnregisteredTorrent = 14,
}
