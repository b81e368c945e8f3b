using Pbts.Load;
using Pbts.Protocol.Trust;

namespace Pbts.Tracker.Tests.Trust;

/// <summary>Who is a seed where nobody is marked, and what makes a score of 1.</summary>
public sealed class TrustScoresTests
{
    [Fact]
    public void Accounts_that_deal_among_themselves_change_neither_the_seeds_nor_anybodys_score_however_many_they_are()
    {
        var tracker = new SimulatedTracker(members: 300, downloads: 2000, seed: 3);
        var before = ByAge(tracker);
        Assert.InRange(before.Seeds.Count, 10, 30);
        tracker.Add(RingKind.Closed, 3000);
        tracker.Add(RingKind.Buyer, 500);
        var after = ByAge(tracker);
        Assert.Equal(before.Seeds, after.Seeds);
        Assert.Equal(before.Full, after.Full);
        Assert.Equal(Enumerable.Range(0, 300).Select(before.Of), Enumerable.Range(0, 300).Select(after.Of));
        Assert.All(Enumerable.Range(300, 3500), account => Assert.Equal(0, after.Of(account)));
    }

    [Fact]
    public void An_old_account_that_nobody_reaches_is_no_seed()
    {
        // Eleven old ones of which the first ten begin it; the eleventh has only ever dealt with accounts of its own.
        TrustEdge[] edges =
        [
            .. from one in Enumerable.Range(0, 200) where one != 10 from step in (int[])[1, 2, 3, 5, 8, 13, 21, 34, 55, 89]
               let other = (one + step) % 200 where other != 10 select new TrustEdge(one, other, 20L << 30),
            .. Enumerable.Range(200, 300).SelectMany(own => (TrustEdge[])[new(10, own, 1L << 40), new(own, 10, 1L << 40)]),
        ];
        var scores = TrustScores.ComputeByAge(new(500, edges), [.. Enumerable.Range(0, 500)]);
        Assert.InRange(scores.Seeds.Count, 11, 20);
        Assert.DoesNotContain(10, scores.Seeds);
        Assert.Equal(0, scores.Of(10));
        Assert.True(scores.Of(11) > 0.1);
    }

    [Fact]
    public void A_score_of_1_is_what_the_best_tenth_of_the_seeds_has_and_others_may_have_it_too()
    {
        var tracker = new SimulatedTracker(members: 500, downloads: 4000, seed: 4);
        int[] seeds = [.. Enumerable.Range(0, 50)];
        var scores = TrustScores.Compute(new(tracker.Members, tracker.Edges()), seeds);
        Assert.InRange(seeds.Count(seed => scores.Of(seed) >= 1), 1, 7);
        Assert.Contains(Enumerable.Range(50, 450), member => scores.Of(member) >= 1);
        Assert.All(Enumerable.Range(0, 500), member => Assert.InRange(scores.Of(member), 0, 1));
    }

    [Fact]
    public void Seeds_that_gave_nothing_are_no_measure_of_nothing()
    {
        // A hundredth of what the seed's whole voice brings, and a thousandth is a tenth of that.
        var scores = TrustScores.Compute(new(3, [new(0, 1, 100L << 30), new(0, 2, (100L << 30) / 10_000)]), [0]);
        Assert.Equal((0, 1), (scores.Of(0), scores.Of(1)));
        Assert.InRange(scores.Of(2), 0.009, 0.011);
        Assert.All([0, 1], member => Assert.Equal(0, TrustScores.Compute(new(2, []), []).Of(member)));
    }

    private static TrustScores ByAge(SimulatedTracker tracker) => TrustScores.ComputeByAge(new(tracker.Members, tracker.Edges()), [.. Enumerable.Range(0, tracker.Members)]);
}
