using Pbts.Protocol.Receipts;
using Pbts.Protocol.Vouchers;

namespace Pbts.GrainInterfaces.Ledger;

/// <summary>Receipts and vouchers that a user reports, at most <see cref="MaxReceipts"/> together.</summary>
/// <param name="UserId">The reporter.</param>
/// <param name="Receipts">For pieces.</param>
/// <param name="Vouchers">For sessions.</param>
[GenerateSerializer, Immutable, Alias("pbts.ReceiptReport")]
public sealed record ReceiptReport([property: Id(0)] string UserId, [property: Id(1)] IReadOnlyList<Receipt> Receipts, [property: Id(2)] IReadOnlyList<Voucher> Vouchers)
{
    /// <summary>Most receipts and vouchers in a report.</summary>
    public const int MaxReceipts = 1000;
}
