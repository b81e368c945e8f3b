using Pbts.GrainInterfaces.Ledger;
using Pbts.Protocol.Receipts;
using Pbts.Protocol.Vouchers;

namespace Pbts.Grains.Ledger;

/// <summary>The record of spent receipts and of vouchers, and the totals that follow from it.</summary>
internal interface IReceiptLedger
{
    /// <summary>Reports that wait for the database.</summary>
    int Waiting { get; }

    /// <summary>
    /// Spends receipts: each that is new, and fits its receiver's limits, credits its sender and debits its receiver, all in one
    /// transaction that has been committed when this returns. One spent before, here or anywhere, changes nothing.
    /// </summary>
    /// <returns>The outcomes in the order of the receipts; null when the ledger has too much to do or cannot reach the
    /// database. After null it is unknown whether they were spent: offering them again is safe.</returns>
    ValueTask<LedgerOutcome[]?> SpendAsync(IReadOnlyList<LedgerEntry> receipts);

    /// <summary>
    /// Raises sessions to their vouchers and credits what the receivers' limits leave, as <see cref="SpendAsync"/> does. A lower
    /// value than is on record changes nothing; what was not credited can be offered again.
    /// </summary>
    /// <returns>As for <see cref="SpendAsync"/>.</returns>
    ValueTask<VoucherOutcome[]?> CreditAsync(IReadOnlyList<VoucherEntry> vouchers);

    /// <summary>Which of the ids have been spent; a hint that saves verifying them, never proof that the others were not.</summary>
    ValueTask<HashSet<(long Epoch, ReceiptId Id)>> FindSpentAsync(IReadOnlyList<(long Epoch, ReceiptId Id)> ids);

    /// <summary>The sessions of these that are on record; what they say was verified before.</summary>
    ValueTask<IReadOnlyDictionary<VoucherId, VoucherSession>> FindSessionsAsync(IReadOnlyCollection<VoucherId> ids);
}
