using Pbts.Protocol.Receipts;
using Pbts.Protocol.Vouchers;

namespace Pbts.GrainInterfaces.Ledger;

/// <summary>What a member reports, at most <see cref="ReceiptReport.MaxReceipts"/> receipts and vouchers together.</summary>
/// <param name="Passkey">What the reporter says its passkey is; null: it does not.</param>
/// <param name="MayProceed">Whether the front end's limits let it be processed. If not, only the reporter is checked.</param>
/// <param name="Receipts">For pieces.</param>
/// <param name="Vouchers">For sessions; the tracker they are for is whoever reads them.</param>
[GenerateSerializer, Immutable, Alias("pbts.MemberReport")]
public sealed record MemberReport(
    [property: Id(0)] string? Passkey, [property: Id(1)] bool MayProceed, [property: Id(2)] IReadOnlyList<SubmittedReceipt> Receipts,
    [property: Id(3)] IReadOnlyList<SubmittedVoucher> Vouchers);

/// <summary>A receipt as it was handed in.</summary>
/// <param name="NamesSender">Whether it says who the sender is; if not, it is the reporter.</param>
[GenerateSerializer, Immutable, Alias("pbts.SubmittedReceipt")]
public readonly record struct SubmittedReceipt([property: Id(0)] Receipt Receipt, [property: Id(1)] bool NamesSender);

/// <summary>A voucher as it was handed in.</summary>
/// <param name="NamesSender">Whether it says who the sender is; if not, it is the reporter.</param>
[GenerateSerializer, Immutable, Alias("pbts.SubmittedVoucher")]
public readonly record struct SubmittedVoucher([property: Id(0)] Voucher Voucher, [property: Id(1)] bool NamesSender);
