namespace Pbts.Protocol.Bep10;

/// <summary>The extended message ids one side wants the PBTS messages sent under; 0 means "not offered" (BEP 10).</summary>
/// <param name="Receipt">Id of a single receipt.</param>
/// <param name="ReceiptBatch">Id of a batch of receipts.</param>
/// <param name="RequestReceipt">Id of a request for a receipt.</param>
public readonly record struct Bep10Ids(byte Receipt, byte ReceiptBatch, byte RequestReceipt)
{
    /// <summary>The ids this implementation offers: 1, 2 and 3.</summary>
    public static Bep10Ids Local { get; } = new(1, 2, 3);
}
