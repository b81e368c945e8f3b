namespace Pbts.GrainInterfaces.Operations;

/// <summary>By what swarms are listed, highest first.</summary>
public enum SwarmOrder
{
    Peers,
    Seeders,
    Leechers,
}

/// <summary>Which swarms to list.</summary>
/// <param name="Prefix">First digits of the info hash, lower-case hex; empty for all.</param>
/// <param name="Count">Most swarms wanted from each silo.</param>
[GenerateSerializer, Immutable, Alias("pbts.SwarmSearch")]
public sealed record SwarmSearch([property: Id(0)] string Prefix, [property: Id(1)] SwarmOrder Order, [property: Id(2)] int Count)
{
    /// <summary>What <paramref name="swarm"/> is ordered by.</summary>
    public long Rank(SwarmListing swarm) => Order switch
    {
        SwarmOrder.Seeders => swarm.Complete,
        SwarmOrder.Leechers => swarm.Incomplete,
        _ => (long)swarm.Complete + swarm.Incomplete,
    };
}

/// <summary>One swarm in a list: counts alone.</summary>
/// <param name="InfoHash">40 lower-case hex digits.</param>
[GenerateSerializer, Immutable, Alias("pbts.SwarmListing")]
public readonly record struct SwarmListing(
    [property: Id(0)] string InfoHash, [property: Id(1)] int Complete, [property: Id(2)] int Incomplete, [property: Id(3)] int Downloaders);
