using Pbts.Protocol.Receipts;

namespace Pbts.GrainInterfaces.Ledger;

/// <summary>Whether a report was processed.</summary>
public enum ReportVerdict
{
    /// <summary>Yes; the statuses say what became of each receipt.</summary>
    Processed,

    /// <summary>No: too many reports wait. Nothing was credited.</summary>
    Busy,

    /// <summary>The database does not answer. Whether anything was credited is unknown; reporting again is safe.</summary>
    Unavailable,
}

/// <summary>Answer to a report.</summary>
/// <param name="Verdict">Whether it was processed.</param>
/// <param name="Statuses">One for each receipt in order; empty unless processed.</param>
/// <param name="Vouchers">One for each voucher in order; empty unless processed.</param>
[GenerateSerializer, Immutable, Alias("pbts.ReportOutcome")]
public sealed record ReportOutcome([property: Id(0)] ReportVerdict Verdict, [property: Id(1)] ReceiptStatus[] Statuses, [property: Id(2)] VoucherOutcome[] Vouchers);
