namespace Pbts.Experiments;

/// <summary>What a list of samples says, in the samples' unit.</summary>
/// <param name="Count">How many samples.</param>
/// <param name="P95">95th percentile; null with fewer than 20 samples, whose largest would merely be called that.</param>
/// <param name="P99">99th percentile; null with fewer than 100 samples.</param>
/// <param name="Deviation">Standard deviation of the sample (n - 1); null for one sample.</param>
/// <param name="Low">Lower end of the 95 % confidence interval of the mean (Student's t); null with fewer than 10 samples, which say little of their spread.</param>
/// <param name="High">Upper end of that interval.</param>
internal sealed record Summary(
    int Count, double Mean, double Median, double? P95, double? P99, double Minimum, double Maximum, double? Deviation, double? Low, double? High)
{
    /// <summary>Summarises at least one sample.</summary>
    public static Summary Of(IReadOnlyCollection<double> samples)
    {
        if (samples.Count == 0)
            throw new ArgumentException("There are no samples.", nameof(samples));
        var sorted = samples.Order().ToArray();
        var (n, mean) = (sorted.Length, sorted.Average());
        double? deviation = n > 1 ? Math.Sqrt(sorted.Sum(x => (x - mean) * (x - mean)) / (n - 1)) : null;
        var half = n >= 10 ? deviation * Student(n - 1) / Math.Sqrt(n) : null;
        return new(n, mean, Quantile(sorted, 0.5), n >= 20 ? Quantile(sorted, 0.95) : null, n >= 100 ? Quantile(sorted, 0.99) : null,
            sorted[0], sorted[^1], deviation, mean - half, mean + half);
    }

    /// <summary>The quantile by linear interpolation between the two nearest ranks (Hyndman and Fan, type 7).</summary>
    public static double Quantile(IReadOnlyList<double> sorted, double fraction)
    {
        var at = fraction * (sorted.Count - 1);
        var below = (int)Math.Floor(at);
        var above = Math.Min(below + 1, sorted.Count - 1);
        return sorted[below] + ((at - below) * (sorted[above] - sorted[below]));
    }

    /// <summary>The 97.5 % quantile of Student's t for nine and more degrees of freedom: the expansion around the normal's.</summary>
    internal static double Student(int freedom) => 1.959964 + (2.372271 / freedom) + (2.822500 / Math.Pow(freedom, 2)) + (2.555850 / Math.Pow(freedom, 3));
}
