using Pbts.Protocol.Trust;

namespace Pbts.Grains.Trust;

/// <summary>Members with a key, the oldest first: a member's number in a graph is its place here.</summary>
/// <param name="Ids">Their rows in <c>users</c>.</param>
/// <param name="Numbers">The way back.</param>
/// <param name="Disabled">Numbers of those whose word does not count.</param>
/// <param name="Marked">Numbers of those that the operator marked as seeds, and who are not disabled.</param>
internal sealed record TrustMembers(IReadOnlyList<long> Ids, IReadOnlyDictionary<long, int> Numbers, IReadOnlySet<int> Disabled, IReadOnlyList<int> Marked)
{
    /// <summary>Who may be a seed where nobody is marked.</summary>
    public IReadOnlyList<int> Candidates => [.. Enumerable.Range(0, Ids.Count).Where(member => !Disabled.Contains(member))];
}

/// <summary>What a computation found.</summary>
internal sealed record TrustFindings(int Edges, TrustScores Scores, IReadOnlyList<TrustCluster> Clusters);
