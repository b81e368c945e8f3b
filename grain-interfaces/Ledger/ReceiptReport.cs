using Pbts.Protocol.Receipts;

namespace Pbts.GrainInterfaces.Ledger;

/// <summary>Receipts that a user reports.</summary>
/// <param name="UserId">The reporter.</param>
/// <param name="Receipts">At most <see cref="MaxReceipts"/>.</param>
[GenerateSerializer, Immutable, Alias("pbts.ReceiptReport")]
public sealed record ReceiptReport([property: Id(0)] string UserId, [property: Id(1)] IReadOnlyList<Receipt> Receipts)
{
    /// <summary>Most receipts in a report.</summary>
    public const int MaxReceipts = 1000;
}
