using Pbts.Api.Site;
using Pbts.GrainInterfaces.Trust;

namespace Pbts.Api.Trust;

/// <summary>Answer to <c>GET /trust</c>.</summary>
/// <param name="Problem">Why the latest computation came to nothing; null: it did not.</param>
/// <param name="MinTrust">The score that downloads need; 0: none.</param>
/// <param name="Last">Null: none yet.</param>
/// <param name="MarkedSeeds">Members that the operator marked, by name, at most 1,000; none: the oldest that are reached are seeds.</param>
/// <param name="Next">The <c>after</c> of the next page of clusters.</param>
internal sealed record TrustAnswer(
    bool Success, bool Running, string? Problem, double MinTrust, TrustRunAnswer? Last, IReadOnlyList<string> MarkedSeeds, IReadOnlyList<TrustClusterAnswer> Clusters, string? Next);

/// <summary>Answer to <c>POST /trust</c>.</summary>
/// <param name="Running">Whether it goes on; then <paramref name="Last"/> is the one before.</param>
internal sealed record TrustRunStateAnswer(bool Success, bool Running, TrustRunAnswer? Last);

/// <summary>A computation that came to its end. Times in Unix seconds.</summary>
/// <param name="Asked">Whether somebody asked for it.</param>
/// <param name="Members">Members with a key.</param>
/// <param name="Edges">Pairs of a receiver and a sender.</param>
/// <param name="Seeds">Members whose voices were followed.</param>
/// <param name="SeedsMarked">Whether the operator had marked them.</param>
/// <param name="FullScore">The voices that made a score of 1.</param>
/// <param name="FullVoice">Bytes.</param>
internal sealed record TrustRunAnswer(
    long Id, double StartedAt, double FinishedAt, bool Asked, long Members, long Edges, long Seeds, bool SeedsMarked, long Clusters, double FullScore, double Decay, double Passage, long FullVoice)
{
    public static TrustRunAnswer? Of(TrustRun? run) => run is null ? null : new(
        run.Id, SiteEndpoints.Seconds(run.StartedAt), SiteEndpoints.Seconds(run.FinishedAt), run.IsAsked, run.Members, run.Edges, run.Seeds, run.IsMarked, run.Clusters, run.FullScore,
        run.Decay, run.Passage, run.FullVoice);
}

/// <summary>Members that deal much with each other and little with others. Bytes.</summary>
/// <param name="Members">How many.</param>
/// <param name="Inner">What they gave each other.</param>
/// <param name="Given">What others received from them.</param>
/// <param name="Taken">What they received from others.</param>
/// <param name="TrustScore">The sum of their scores.</param>
/// <param name="UserIds">Up to 50 of them, the oldest first.</param>
internal sealed record TrustClusterAnswer(long Id, long Members, long Inner, long Given, long Taken, double TrustScore, IReadOnlyList<string> UserIds)
{
    public static TrustClusterAnswer Of(TrustClusterView cluster) =>
        new(cluster.Id, cluster.Members, cluster.Inner, cluster.Given, cluster.Taken, cluster.Score, cluster.UserIds);
}

/// <summary>Answer to <c>GET /user/{id}/trust-score</c> and to what marks seeds. Time in Unix seconds.</summary>
/// <param name="TrustScore">0 to 1; null: none was computed yet.</param>
/// <param name="Rank">1: nobody has a higher one.</param>
/// <param name="Scored">Members that have a score.</param>
/// <param name="Seed">Whether the last computation followed its voice.</param>
/// <param name="MarkedSeed">Whether the operator marked it.</param>
/// <param name="Cluster">The number of the cluster it is in; null: none.</param>
internal sealed record TrustScoreAnswer(bool Success, string UserId, double? TrustScore, long? Rank, long Scored, bool Seed, bool MarkedSeed, long? Cluster, double? ComputedAt)
{
    public static TrustScoreAnswer Of(MemberTrustScore found) => new(
        true, found.UserId, found.Score, found.Rank, found.Scored, found.IsSeed, found.IsMarked, found.Cluster, SiteEndpoints.Seconds(found.ComputedAt));
}
