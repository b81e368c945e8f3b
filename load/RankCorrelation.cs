namespace Pbts.Load;

/// <summary>Spearman's rank correlation; equal values share the mean of their ranks.</summary>
public static class RankCorrelation
{
    /// <summary>From -1 to 1, of two lists of the same length.</summary>
    public static double Of(IReadOnlyList<double> one, IReadOnlyList<double> other)
    {
        var (first, second) = (Ranks(one), Ranks(other));
        var mean = (first.Length - 1) / 2.0;
        var (both, left, right) = (0.0, 0.0, 0.0);
        for (var i = 0; i < first.Length; i++)
        {
            both += (first[i] - mean) * (second[i] - mean);
            left += (first[i] - mean) * (first[i] - mean);
            right += (second[i] - mean) * (second[i] - mean);
        }

        return both / Math.Sqrt(left * right);
    }

    private static double[] Ranks(IReadOnlyList<double> values)
    {
        var order = Enumerable.Range(0, values.Count).OrderBy(i => values[i]).ToArray();
        var ranks = new double[order.Length];
        for (var (first, next) = (0, 0); first < order.Length; first = next)
        {
            while (next < order.Length && values[order[next]] == values[order[first]])
                next++;
            for (var i = first; i < next; i++)
                ranks[order[i]] = (first + next - 1) / 2.0;
        }

        return ranks;
    }
}
