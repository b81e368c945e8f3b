using System.Diagnostics;
using Pbts.Load;
using Pbts.Protocol.Trust;
using Xunit.Abstractions;

namespace Pbts.Tracker.Tests.Trust;

/// <summary>Scores on trackers that never were, with rings of every kind: what they are worth to colluders, and to the honest.</summary>
[Collection("alone")]
public sealed class SimulatedTrackerTests(ITestOutputHelper output)
{
    private static readonly int[] Sizes = [2, 5, 20, 100, 500];

    [Fact]
    public void Rings_get_what_flows_into_them_and_the_honest_are_ranked_by_what_they_gave() => Check(members: 1500, downloads: 9000);

    [Fact]
    [Trait("suite", "slow")]
    public void Ten_thousand_members_and_a_million_pairs_take_less_than_a_minute()
    {
        var took = Check(members: 10_000, downloads: 62_000);
        Assert.InRange(took.Edges, 1_000_000, 1_500_000);
        Assert.True(took.Time < TimeSpan.FromSeconds(60), $"{took.Time}");
    }

    private (int Edges, TimeSpan Time) Check(int members, int downloads)
    {
        var tracker = new SimulatedTracker(members, downloads, seed: 1);
        foreach (var kind in Enum.GetValues<RingKind>())
            Array.ForEach(Sizes, size => tracker.Add(kind, size));
        var edges = tracker.Edges();
        // From the edges as the ledger gives them to the scores and clusters.
        var clock = Stopwatch.StartNew();
        var graph = new TrustGraph(tracker.Members, edges);
        var scores = TrustScores.ComputeByAge(graph, [.. Enumerable.Range(0, tracker.Members)]);
        var clusters = TrustClusters.Find(graph, scores.Seeds);
        var took = clock.Elapsed;
        output.WriteLine($"{graph.Edges} pairs, {scores.Seeds.Count} seeds, {clusters.Count} clusters in {took.TotalSeconds:F2} s");

        foreach (var ring in tracker.Rings)
        {
            var accounts = ring.Accounts;
            var flow = TrustWalk.Run(new TrustGraph(tracker.Members, tracker.EdgesWithout(accounts)), scores.Seeds);
            var bound = accounts.Sum(account => flow[account]) / TrustParameters.Default.Decay;
            var (voices, score) = (accounts.Sum(account => scores.Voices[account]), accounts.Sum(scores.Of));
            Assert.True(voices <= bound + 1e-9 && score <= (bound / scores.Full) + 1e-9, $"{ring}: {voices} voices of {bound}, score {score}");
            if (ring.Kind is RingKind.Closed or RingKind.Buyer)
                Assert.Equal(0, score);
            output.WriteLine($"{ring.Kind} of {ring.Size}: score {score:F3} in all, at most {bound / scores.Full:F3}");
        }

        var correlation = RankCorrelation.Of([.. Enumerable.Range(0, members).Select(scores.Of)], [.. tracker.Truth.Select(given => (double)given)]);
        output.WriteLine($"rank correlation with what was given: {correlation:F4}");
        Assert.True(correlation >= 0.9, $"{correlation}");
        Assert.All(tracker.Rings.Where(ring => ring.Kind is RingKind.Closed or RingKind.FewBytes or RingKind.Sold), ring =>
            Assert.Contains(clusters, cluster => cluster.Members.Count(ring.Accounts.Contains) == ring.Size && cluster.Members.Count <= ring.Size + 5));
        // Nobody honest is listed for dealing with the honest.
        Assert.DoesNotContain(clusters, cluster => cluster.Members.All(member => member < members));
        return (graph.Edges, took);
    }
}
