namespace Pbts.GrainInterfaces.Operations;

/// <summary>
/// Where front ends say that they are there, for the console: they are no members of the cluster. Kept in memory alone; what
/// is lost with its silo is said again within seconds.
/// </summary>
[Alias("pbts.IFrontEndsGrain")]
public interface IFrontEndsGrain : IGrainWithIntegerKey
{
    [Alias("Report"), ResponseTimeout("00:00:03")]
    ValueTask ReportAsync(FrontEndFigures figures);

    /// <summary>A front end stops and is not to be missed.</summary>
    [Alias("Leave"), ResponseTimeout("00:00:03")]
    ValueTask LeaveAsync(string name);

    /// <summary>Every front end that has reported in the last quarter of an hour, by name.</summary>
    [Alias("List"), ResponseTimeout("00:00:03")]
    ValueTask<IReadOnlyList<FrontEndReport>> ListAsync();
}
