namespace Pbts.GrainInterfaces.Trust;

/// <summary>Members that deal much with each other and little with others. Bytes.</summary>
/// <param name="Members">How many.</param>
/// <param name="Inner">What they gave each other.</param>
/// <param name="Given">What others received from them.</param>
/// <param name="Taken">What they received from others.</param>
/// <param name="Score">The sum of their scores.</param>
/// <param name="UserIds">The first <see cref="MostNames"/> of them, the oldest first.</param>
[GenerateSerializer, Immutable, Alias("pbts.TrustClusterView")]
public sealed record TrustClusterView(
    [property: Id(0)] long Id, [property: Id(1)] long Members, [property: Id(2)] long Inner, [property: Id(3)] long Given, [property: Id(4)] long Taken,
    [property: Id(5)] double Score, [property: Id(6)] IReadOnlyList<string> UserIds)
{
    /// <summary>Names of members in a row.</summary>
    public const int MostNames = 50;
}
