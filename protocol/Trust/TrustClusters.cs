namespace Pbts.Protocol.Trust;

/// <summary>
/// Finds members that deal among themselves: communities by modularity (Blondel, Guillaume, Lambiotte and Lefebvre 2008), of which
/// those are kept that are closed and have few seeds or none. Members are gone through in their order, so that the same input gives the same.
/// </summary>
public static class TrustClusters
{
    /// <summary>Inner bytes are so many times as many as those over the border, at least.</summary>
    public const double Closed = 4;

    /// <summary>Bytes within, at least: two newcomers and one film are no ring.</summary>
    public const double LeastInner = 1L << 30;

    /// <summary>Not half as many seeds as in the same number of members elsewhere: whom honest members dealt with may be drawn in.</summary>
    private const long FewSeeds = 2;

    /// <summary>The clusters with the most inner bytes first.</summary>
    public static IReadOnlyList<TrustCluster> Find(TrustGraph graph, IEnumerable<int> seeds, int most = 1000, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(seeds);
        var community = TrustCommunities.Of(graph, cancellationToken);
        var (inner, given, taken) = (new double[graph.Members], new double[graph.Members], new double[graph.Members]);
        for (var receiver = 0; receiver < graph.Members; receiver++)
        {
            var (senders, bytes) = (graph.SendersTo(receiver).ToArray(), graph.BytesTo(receiver).ToArray());
            for (var i = 0; i < senders.Length; i++)
            {
                var (from, to) = (community[senders[i]], community[receiver]);
                if (from == to)
                {
                    inner[to] += bytes[i];
                }
                else
                {
                    given[from] += bytes[i];
                    taken[to] += bytes[i];
                }
            }
        }

        var seeded = seeds.ToLookup(seed => community[seed]);
        var all = seeded.Sum(group => (long)group.Count());
        return [.. Enumerable.Range(0, graph.Members).ToLookup(member => community[member])
            .Where(group => FewSeeds * seeded[group.Key].Count() * graph.Members < all * group.Count() && inner[group.Key] >= LeastInner && inner[group.Key] >= Closed * (given[group.Key] + taken[group.Key]))
            .Select(group => new TrustCluster([.. group], inner[group.Key], given[group.Key], taken[group.Key]))
            .OrderByDescending(cluster => cluster.Inner).ThenBy(cluster => cluster.Members[0]).Take(most)];
    }
}
