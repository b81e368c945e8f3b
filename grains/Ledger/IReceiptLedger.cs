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
    /// Spends receipts: each that is new, and fits its receiver's limits, credits its sender and debits its receiver. One spent
    /// before, here or anywhere, changes nothing. Raises sessions to their vouchers and credits what the receivers' limits leave:
    /// a lower value than is on record changes nothing; what was not credited can be offered again. All in one transaction that
    /// has been committed when this returns.
    /// </summary>
    /// <returns>The outcomes in the order of the entries; null when the ledger has too much to do or cannot reach the
    /// database. After null it is unknown whether they were spent: offering them again is safe.</returns>
    ValueTask<LedgerResult?> SettleAsync(IReadOnlyList<LedgerEntry> receipts, IReadOnlyList<VoucherEntry> vouchers);

    /// <summary>
    /// Whether all that was read as on record until now is safe to acknowledge: a commit that locks the reporter's row is
    /// answered when a synchronous standby has it, and so all that came before. What is merely read may be on this server alone,
    /// after a crash or a commit that was given up, and be lost with it.
    /// </summary>
    /// <param name="sender">The reporter's id.</param>
    ValueTask<bool> ConfirmAsync(long sender);

    /// <summary>Which of the ids have been spent; a hint that saves verifying them, never proof that the others were not.</summary>
    ValueTask<HashSet<(long Epoch, ReceiptId Id)>> FindSpentAsync(IReadOnlyList<(long Epoch, ReceiptId Id)> ids);

    /// <summary>The sessions of these that are on record; what they say was verified before.</summary>
    ValueTask<IReadOnlyDictionary<VoucherId, VoucherSession>> FindSessionsAsync(IReadOnlyCollection<VoucherId> ids);
}
