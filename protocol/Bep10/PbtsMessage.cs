using Pbts.Protocol.Vouchers;

namespace Pbts.Protocol.Bep10;

/// <summary>An incoming PBTS message.</summary>
public abstract record PbtsMessage
{
    private PbtsMessage()
    {
    }

    /// <summary>One receipt.</summary>
    /// <param name="Receipt">The receipt.</param>
    public sealed record SingleReceipt(WireReceipt Receipt) : PbtsMessage;

    /// <summary>Several receipts, possibly none.</summary>
    /// <param name="Receipts">In the order sent.</param>
    public sealed record ReceiptBatch(IReadOnlyList<WireReceipt> Receipts) : PbtsMessage;

    /// <summary>A request for a receipt.</summary>
    /// <param name="Request">What is asked for.</param>
    public sealed record RequestReceipt(ReceiptRequest Request) : PbtsMessage;

    /// <summary>The sender has dealt with receipts: they are kept, or refused for good.</summary>
    /// <param name="Count">How many of this connection since it began, in the order they came.</param>
    public sealed record ReceiptAck(long Count) : PbtsMessage;

    /// <summary>A voucher, for the tracker that both sides named.</summary>
    /// <param name="Voucher">The voucher.</param>
    public sealed record NewVoucher(Voucher Voucher) : PbtsMessage;

    /// <summary>The sender has a voucher on disk.</summary>
    /// <param name="Ack">Which.</param>
    public sealed record VoucherKept(VoucherAck Ack) : PbtsMessage;

    /// <summary>The sender asks for a voucher for all that was not signed for yet.</summary>
    public sealed record RequestVoucher : PbtsMessage;
}
