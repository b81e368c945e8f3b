namespace Pbts.GrainInterfaces.Ledger;

/// <summary>Takes the reports of one member. The key is the user id, which front ends know without asking.</summary>
[Alias("pbts.IReportGrain")]
public interface IReportGrain : IGrainWithStringKey
{
    /// <summary>Finds out who reports, verifies what is reported and credits what is good and new; answered only when that is committed.</summary>
    [Alias("Report"), ResponseTimeout("00:00:15")]
    Task<MemberReportOutcome> ReportAsync(MemberReport report);
}
