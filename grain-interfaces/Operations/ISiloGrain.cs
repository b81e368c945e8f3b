namespace Pbts.GrainInterfaces.Operations;

/// <summary>One silo's own figures. The key is the silo's address in parsable form; the grain runs on that silo.</summary>
[Alias("pbts.ISiloGrain")]
public interface ISiloGrain : IGrainWithStringKey
{
    [Alias("GetFigures"), ResponseTimeout("00:00:03")]
    ValueTask<SiloFigures> GetFiguresAsync();

    /// <summary>Swarms active on this silo, in no order.</summary>
    [Alias("FindSwarms"), ResponseTimeout("00:00:10")]
    ValueTask<IReadOnlyList<SwarmListing>> FindSwarmsAsync(SwarmSearch search);
}
