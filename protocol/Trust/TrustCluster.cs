namespace Pbts.Protocol.Trust;

/// <summary>Members that deal much with each other and little with others.</summary>
/// <param name="Members">Their numbers, rising.</param>
/// <param name="Inner">Bytes that they gave each other.</param>
/// <param name="Given">Bytes that others received from them.</param>
/// <param name="Taken">Bytes that they received from others.</param>
public sealed record TrustCluster(IReadOnlyList<int> Members, double Inner, double Given, double Taken);
