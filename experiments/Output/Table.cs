namespace Pbts.Experiments.Output;

/// <summary>The findings of an experiment as rows of text, the same ones in every output.</summary>
internal static class Table
{
    public static string[] Heading { get; } = ["measurement", "n", "median", "mean", "95 % interval", "p95", "p99", "unit"];

    public static IEnumerable<string[]> Rows(IEnumerable<Finding> findings) => findings.Where(finding => finding.Outcome == Outcome.Measured).Select(finding =>
        finding.Summary is { } s
            ? new[] { finding.Title, Format.Number(s.Count), Format.Number(s.Median), Format.Number(s.Mean), Interval(s), Format.Number(s.P95), Format.Number(s.P99), finding.Unit }
            : [finding.Title, "", Format.Number(finding.Value), "", "", "", "", finding.Unit]);

    /// <summary>A table in Markdown, its columns aligned for those who read it as it is.</summary>
    public static string Markdown(string[] heading, IEnumerable<string[]> rows)
    {
        var all = rows.ToArray();
        var widths = heading.Select((title, i) => Math.Max(title.Length, all.Length == 0 ? 0 : all.Max(row => row[i].Length))).ToArray();
        string Line(string[] row) => "| " + string.Join(" | ", row.Select((cell, i) => cell.PadRight(widths[i]))) + " |";
        return string.Join('\n', [Line(heading), "|" + string.Join('|', widths.Select(width => new string('-', width + 2))) + "|", .. all.Select(Line)]) + "\n";
    }

    private static string Interval(Summary s) => s.Low is { } low && s.High is { } high ? $"{Format.Number(low)} to {Format.Number(high)}" : "–";
}
