using Pbts.Experiments;
using Pbts.Experiments.Parts;

namespace Pbts.Tracker.Tests.Experiments;

/// <summary>9.K7: the statistics, against values worked out by hand and from tables.</summary>
public sealed class SummaryTests
{
    [Fact]
    public void K7_percentiles_of_few_samples_are_not_their_maximum()
    {
        var twenty = Summary.Of([.. Enumerable.Range(1, 20).Select(i => (double)i)]);
        Assert.Equal(10.5, twenty.Median);
        Assert.Equal(19.05, twenty.P95!.Value, 9);
        Assert.Null(twenty.P99);

        var hundred = Summary.Of([.. Enumerable.Range(1, 100).Select(i => (double)i)]);
        Assert.Equal((95.05, 99.01), (Math.Round(hundred.P95!.Value, 9), Math.Round(hundred.P99!.Value, 9)));
        Assert.Equal((50.5, 1, 100), (hundred.Median, hundred.Minimum, hundred.Maximum));

        var ten = Summary.Of([.. Enumerable.Range(1, 10).Select(i => (double)i)]);
        Assert.Equal((null, null, 5.5), (ten.P95, ten.P99, ten.Median));
    }

    [Fact]
    public void The_order_of_the_samples_does_not_matter() =>
        Assert.Equal(Summary.Of([3, 1, 2, 5, 4]), Summary.Of([1, 2, 3, 4, 5]));

    /// <summary>Student's t, from tables.</summary>
    [Theory]
    [InlineData(9, 2.262)]
    [InlineData(19, 2.093)]
    [InlineData(29, 2.045)]
    [InlineData(999, 1.962)]
    public void The_interval_uses_Students_t(int freedom, double expected) => Assert.Equal(expected, Summary.Student(freedom), 0.004);

    [Fact]
    public void The_interval_of_one_to_ten_is_5_5_plus_or_minus_2_17()
    {
        var summary = Summary.Of([.. Enumerable.Range(1, 10).Select(i => (double)i)]);
        Assert.Equal(3.02765, summary.Deviation!.Value, 5);
        Assert.Equal((3.33, 7.67), (Math.Round(summary.Low!.Value, 2), Math.Round(summary.High!.Value, 2)));
        // Nine samples would give an interval that reaches below zero for times that cannot.
        Assert.Equal((null, null), (Summary.Of([.. Enumerable.Range(1, 9).Select(i => (double)i)]).Low, Summary.Of([7]).Deviation));
    }

    /// <summary>262,144 bytes at 1 MB/s take 262 ms; the paper's 134 ms of signing are 51 % of that.</summary>
    [Fact]
    public void The_download_formula_gives_the_papers_figures_for_the_papers_times()
    {
        Assert.Equal(51.1, DownloadExperiment.Overhead(134, 256, 1), 0.1);
        Assert.Equal(6.4, DownloadExperiment.Overhead(134, 2048, 1), 0.1);
    }

    /// <summary>100,000 gas at 30 gwei are 0.003 ETH, which are 9 USD at 3000.</summary>
    [Fact]
    public void Gas_is_projected_at_the_references_prices() => Assert.Equal(9.0, GasExperiment.Dollars(100_000), 9);
}
