using Pbts.GrainInterfaces.Ledger;

namespace Pbts.Grains.Ledger;

/// <summary>What the ledger did with some entries.</summary>
/// <param name="Totals">The sender's, as committed; null where there was no entry.</param>
internal sealed record LedgerResult(LedgerOutcome[] Receipts, VoucherOutcome[] Vouchers, Totals? Totals);

/// <summary>A member's proven totals in bytes.</summary>
internal readonly record struct Totals(long Uploaded, long Downloaded);
