namespace Pbts.Grains.Ledger;

/// <summary>The record of spent receipts and the totals that follow from it.</summary>
internal interface IReceiptLedger
{
    /// <summary>Reports that wait for the database.</summary>
    int Waiting { get; }

    /// <summary>
    /// Spends the entries: each that is new credits its sender and debits its receiver, all in one transaction that has
    /// been committed when this returns. An entry spent before, here or anywhere, changes nothing.
    /// </summary>
    /// <returns>The outcomes in the order of the entries; null when the ledger has too much to do or cannot reach the
    /// database. After null it is unknown whether the entries were spent: offering them again is safe.</returns>
    ValueTask<LedgerOutcome[]?> SpendAsync(IReadOnlyList<LedgerEntry> entries);

    /// <summary>Which of the ids have been spent; a hint that saves verifying them, never proof that the others were not.</summary>
    ValueTask<HashSet<(long Epoch, Protocol.Receipts.ReceiptId Id)>> FindSpentAsync(IReadOnlyList<(long Epoch, Protocol.Receipts.ReceiptId Id)> ids);
}
