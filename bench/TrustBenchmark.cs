using System.Diagnostics;
using Pbts.Load;
using Pbts.Local;
using Pbts.Protocol.Trust;

namespace Pbts.Bench;

/// <summary>
/// Trust scores of a simulated tracker with rings of colluders of every kind and size: what each ring gets and could get at most, how
/// well the honest are ranked by what they gave, and the time and memory it takes on one core.
/// </summary>
internal static class TrustBenchmark
{
    private static readonly int[] Sizes = [2, 5, 20, 100, 500];

    public static async Task<int> RunAsync(Arguments arguments)
    {
        var (members, downloads) = (arguments.Number("--members", 10_000), arguments.Number("--downloads", 62_000));
        if (members < 100 || downloads < members)
            throw new LocalException("--members is at least 100, and --downloads at least as many");
        var tracker = new SimulatedTracker(members, downloads, arguments.Number("--seed", 1));
        foreach (var kind in Enum.GetValues<RingKind>())
            Array.ForEach(Sizes, size => tracker.Add(kind, size));
        var edges = tracker.Edges();
        Console.WriteLine($"{members} honest members, {tracker.Rings.Count} rings of {tracker.Members - members} accounts, {edges.Count} pairs");

        var before = GC.GetTotalMemory(forceFullCollection: true);
        var clock = Stopwatch.StartNew();
        var graph = new TrustGraph(tracker.Members, edges);
        var scores = TrustScores.ComputeByAge(graph, [.. Enumerable.Range(0, tracker.Members)]);
        var scored = clock.Elapsed;
        var clusters = TrustClusters.Find(graph, scores.Seeds);
        var took = clock.Elapsed;
        var held = GC.GetTotalMemory(forceFullCollection: true) - before;
        var peak = Process.GetCurrentProcess().PeakWorkingSet64;

        var honest = Enumerable.Range(0, members).Select(scores.Of).ToArray();
        var correlation = RankCorrelation.Of(honest, [.. tracker.Truth.Select(given => (double)given)]);
        Console.WriteLine($"{scores.Seeds.Count} seeds; scores in {scored.TotalSeconds:F2} s, clusters in {(took - scored).TotalSeconds:F2} s; {held >> 20} MiB held, {peak >> 20} MiB at most in the process");
        Console.WriteLine($"rank correlation with what the honest gave: {correlation:F4}; median score {Samples.Median(honest):F4}, {honest.Count(score => score >= 1)} of 1, {honest.Count(score => score == 0)} of 0");
        Console.WriteLine($"\n{"ring",-10} {"size",5} {"score in all",13} {"at most",9} {"best",7} {"listed",7}");
        var rings = tracker.Rings.Select(ring => Measure(tracker, ring, scores, clusters)).ToArray();
        foreach (var ring in rings)
            Console.WriteLine($"{ring.Kind,-10} {ring.Size,5} {ring.Score,13:F3} {ring.Bound,9:F3} {ring.Best,7:F3} {(ring.Listed > 0 ? $"{ring.Listed}" : "-"),7}");

        if (arguments.Text("--svg", "") is { Length: > 0 } file)
        {
            await File.WriteAllTextAsync(file, TrustPicture.Draw(tracker, scores));
            Console.WriteLine($"\nas a picture: {file}");
        }

        await Results.WriteAsync(arguments, "trust", new
        {
            members, accounts = tracker.Members, pairs = graph.Edges, seeds = scores.Seeds.Count, seconds = took.TotalSeconds, bytes_held = held, peak_bytes = peak, rank_correlation = correlation,
            rings = rings.Select(ring => new { kind = $"{ring.Kind}", size = ring.Size, score = ring.Score, bound = ring.Bound, best = ring.Best, listed = ring.Listed }),
        });
        return rings.All(ring => ring.Score <= ring.Bound + 1e-9) && correlation >= 0.9 ? 0 : Fail("a ring got more than it may, or the honest are not ranked by what they gave");
    }

    private static RingFigures Measure(SimulatedTracker tracker, SimulatedRing ring, TrustScores scores, IReadOnlyList<TrustCluster> clusters)
    {
        var accounts = ring.Accounts;
        // What comes in to accounts that sign nothing: of that the decay would end there.
        var flow = TrustWalk.Run(new TrustGraph(tracker.Members, tracker.EdgesWithout(accounts)), scores.Seeds);
        var bound = accounts.Sum(account => flow[account]) / TrustParameters.Default.Decay / scores.Full;
        return new(ring.Kind, ring.Size, accounts.Sum(scores.Of), bound, accounts.Max(scores.Of), clusters.Sum(cluster => cluster.Members.Count(accounts.Contains)));
    }

    private static int Fail(string why)
    {
        Console.Error.WriteLine(why);
        return 1;
    }

    /// <param name="Listed">How many of its accounts are in clusters that an operator is shown.</param>
    private sealed record RingFigures(RingKind Kind, int Size, double Score, double Bound, double Best, int Listed);
}
