namespace Pbts.GrainInterfaces.Ledger;

/// <summary>
/// Takes reports of front ends of the version before, during an upgrade; those of this one call <see cref="IReportGrain"/>. The
/// key is the sender's public key in lower-case hex (96 characters).
/// </summary>
[Alias("pbts.IReceiptGrain")]
public interface IReceiptGrain : IGrainWithStringKey
{
    /// <summary>Verifies the receipts and credits what is good and new; answered only when that is committed.</summary>
    [Alias("Report"), ResponseTimeout("00:00:15")]
    Task<ReportOutcome> ReportAsync(ReceiptReport report);
}
