namespace Pbts.GrainInterfaces.Ledger;

/// <summary>Spends the receipts of one sender. The key is the sender's public key in lower-case hex (96 characters).</summary>
[Alias("pbts.IReceiptGrain")]
public interface IReceiptGrain : IGrainWithStringKey
{
    /// <summary>Verifies the receipts and credits what is good and new; answered only when that is committed.</summary>
    [Alias("Report"), ResponseTimeout("00:00:10")]
    Task<ReportOutcome> ReportAsync(ReceiptReport report);
}
