namespace Pbts.Peer;

/// <summary>How far a peer is, as of one moment. Bytes are of pieces; everything but what waits or is missing counts from the start of the peer.</summary>
public sealed record PeerProgress
{
    /// <summary>Connections.</summary>
    public required int Peers { get; init; }

    /// <summary>Bytes of the torrent still missing.</summary>
    public required long Left { get; init; }

    /// <summary>Bytes received that were asked for.</summary>
    public required long Downloaded { get; init; }

    /// <summary>Bytes sent.</summary>
    public required long Uploaded { get; init; }

    /// <summary>Bytes received of pieces that were given up before they were whole, so that nothing was signed for them.</summary>
    public required long Wasted { get; init; }

    /// <summary>Bytes we signed for, in receipts and vouchers.</summary>
    public required long BytesSigned { get; init; }

    /// <summary>Bytes others signed for, in receipts and vouchers.</summary>
    public required long BytesEarned { get; init; }

    /// <summary>Receipts we signed.</summary>
    public required int ReceiptsSigned { get; init; }

    /// <summary>Receipts we signed and their senders may not have; earlier ones of the same state folder too.</summary>
    public required int ReceiptsUndelivered { get; init; }

    /// <summary>Receipts others signed.</summary>
    public required int ReceiptsEarned { get; init; }

    /// <summary>Receipts the tracker has credited.</summary>
    public required int ReceiptsCredited { get; init; }

    /// <summary>Receipts the tracker has refused for good.</summary>
    public required int ReceiptsRefused { get; init; }

    /// <summary>Receipts the tracker has not decided on; earlier ones of the same state folder too.</summary>
    public required int ReceiptsWaiting { get; init; }

    /// <summary>Vouchers we signed: each of a session replaces the one before it.</summary>
    public required int VouchersSigned { get; init; }

    /// <summary>Senders who may not have the newest voucher for what they sent.</summary>
    public required int VouchersUndelivered { get; init; }

    /// <summary>Vouchers others signed, found good and kept.</summary>
    public required int VouchersTaken { get; init; }

    /// <summary>Sessions whose newest voucher the tracker has not decided on; earlier ones of the same state folder too.</summary>
    public required int VouchersWaiting { get; init; }

    /// <summary>Bytes others signed for in vouchers.</summary>
    public required long VoucherBytes { get; init; }

    /// <summary>Bytes of vouchers the tracker has credited.</summary>
    public required long VoucherBytesCredited { get; init; }
}
