namespace Pbts.Experiments.Output;

/// <summary>A drawing of some findings.</summary>
/// <param name="Name">Of the file.</param>
/// <param name="Part">The experiment it belongs to.</param>
/// <param name="Across">What the horizontal axis shows, with its unit.</param>
/// <param name="Up">What the vertical axis shows, with its unit; empty when it names things.</param>
/// <param name="Labels">What is written along the horizontal axis; for <paramref name="AsRows"/> the names on the vertical one.</param>
/// <param name="Sizes">Where on the horizontal axis, which is logarithmic; none for <paramref name="AsRows"/>.</param>
/// <param name="AsRows">A row for each name with its median and 95th percentile on a logarithmic axis, instead of lines.</param>
internal sealed record Chart(string Name, string Part, string Title, string Across, string Up, string[] Labels, double[] Sizes, IReadOnlyList<Line> Lines, bool Logarithmic, bool AsRows)
{
    /// <summary>What can be drawn of the results; an experiment without results has no chart.</summary>
    public static IEnumerable<Chart> From(Results results)
    {
        var timed = (string part, string unit) => results.Findings.Where(f => f.Part == part && f.Unit == unit && f.Summary is not null).ToArray();
        var charts = new[]
        {
            Rows("latency", "latency", "Latency of single operations", "milliseconds, logarithmic: median, bar up to the 95th percentile", timed("latency", "ms")),
            Curves("throughput", "throughput", "Throughput by threads", $"threads, on {results.Machine.Cores} cores", "times one thread", results, false,
                ["key generation", "receipt signing", "receipt verification"], (name, size) => Ratio(results, name, size)),
            Curves("receipts", "receipts", "Verifying receipts together", "receipts verified together", "milliseconds for each receipt", results, false,
                ["one by one", "aggregate verification", "batch verification, as many receivers", "batch verification, one receiver", "batch verification of vouchers, as many receivers"], (name, size) => Typical(results, "receipts", name, size) / size),
            Curves("download", "download", "Download overhead by the reference's formula", "KiB in a piece", "% of the download time, logarithmic", results, true,
                ["overhead at 1 MB/s", "overhead at 5 MB/s", "overhead at 10 MB/s", "overhead at 20 MB/s", "overhead with vouchers at 1 MB/s", "overhead with vouchers at 20 MB/s"], (name, size) => Typical(results, "download", name, size)),
            Transfers(results),
            Rows("overhead", "overhead", "What the tracker's duties take over HTTP", "milliseconds, logarithmic: median, bar up to the 95th percentile", timed("overhead", "ms")),
            Curves("scalability", "scalability", "Reports of 10 receipts or vouchers, all sent at once", "members reporting at once", "milliseconds until durable, logarithmic", results, true,
                ["report", "report of vouchers"], (name, size) => Typical(results, "scalability", name, size), (name, size) => P95(results, name, size)),
            Curves("swarms", "scalability", "Large swarms", "peers in the swarm", "milliseconds", results, true,
                ["announce to a swarm", "report from a swarm"], (name, size) => Typical(results, "scalability", name, size), (name, size) => P95(results, name, size)),
            Rows("gas", "gas", "Gas of a transaction", "gas, logarithmic", [.. results.Findings.Where(f => f.Part == "gas" && f.Unit == "gas" && f.Typical is not null)]),
        };
        return charts.Where(chart => chart is { Labels.Length: > 0, Lines.Count: > 0 });
    }

    /// <summary>Real transfers at the rates for which there is a formula; at full speed they have no rate.</summary>
    private static Chart Transfers(Results results)
    {
        string[] rates = ["1 MB/s", "5 MB/s", "10 MB/s", "20 MB/s"];
        var real = rates.Where(rate => results.Of("download", $"real transfer at {rate}, overhead").Any()).ToArray();
        double[] sizes = [.. real.SelectMany(rate => results.Of("download", $"real transfer at {rate}, overhead")).Select(f => f.Size!.Value).Distinct().Order()];
        Line Of(int color, string name, string measurement) => new(name, [.. sizes.Select(size => Typical(results, "download", measurement, size))], color, name.StartsWith("formula", StringComparison.Ordinal));
        return new("transfers", "download", "Download overhead in real transfers of small files", "KiB in a piece", "% of the time without vouchers", [.. sizes.Select(size => Format.Number(size))], sizes,
            [.. real.Select((rate, i) => Of(i, $"measured at {rate}", $"real transfer at {rate}, overhead")), .. real.Select((rate, i) => Of(i, $"formula at {rate}", $"overhead with vouchers at {rate}"))], false, false);
    }

    private static Chart Rows(string name, string part, string title, string across, Finding[] findings) => new(
        name, part, title, across, "", [.. findings.Select(f => f.Title)], [],
        [new("median", [.. findings.Select(f => f.Typical)]), new("95th percentile", [.. findings.Select(f => f.Summary?.P95 ?? f.Typical)])], true, true);

    private static Chart Curves(string name, string part, string title, string across, string up, Results results, bool logarithmic,
        string[] names, Func<string, double, double?> median, Func<string, double, double?>? p95 = null)
    {
        var measured = names.Where(n => results.Of(part, n).Any(f => f.Size is not null)).ToArray();
        var sizes = measured.SelectMany(n => results.Of(part, n)).Select(f => f.Size).OfType<double>().Distinct().Order().ToArray();
        var lines = measured.Select((n, i) => new Line(p95 is null ? n : n + ", median", [.. sizes.Select(size => median(n, size))], i))
            .Concat(measured.Where(_ => p95 is not null).Select((n, i) => new Line(n + ", 95th percentile", [.. sizes.Select(size => p95!(n, size))], i, IsThin: true)));
        return new(name, part, title, across, up, [.. sizes.Select(size => Format.Number(size))], sizes, [.. lines.Where(line => line.Values.Any(value => value is not null))], logarithmic, false);
    }

    private static double? Typical(Results results, string part, string name, double size) => results.Of(part, name).FirstOrDefault(f => f.Size == size)?.Typical;

    private static double? P95(Results results, string name, double size) => results.Of("scalability", name).FirstOrDefault(f => f.Size == size)?.Summary?.P95;

    private static double? Ratio(Results results, string name, double size) => Typical(results, "throughput", name, size) / Typical(results, "throughput", name, 1);
}
