namespace Pbts.GrainInterfaces.Swarms;

/// <summary>What a scrape tells of one torrent (BEP 48, BEP 21).</summary>
[GenerateSerializer, Immutable, Alias("pbts.SwarmCounts")]
public readonly record struct SwarmCounts(
    [property: Id(0)] int Complete,
    [property: Id(1)] int Incomplete,
    [property: Id(2)] int Downloaders,
    [property: Id(3)] long Downloaded)
{
    /// <summary>False for a torrent nobody has announced: it is absent from a scrape.</summary>
    public bool IsKnown => Complete + Incomplete > 0 || Downloaded > 0;
}
