using System.Globalization;
using System.Text;

namespace Pbts.Experiments.Output;

/// <summary>The report for reading, whose tables are Markdown so that they can be pasted.</summary>
internal static class TextReport
{
    public static string Write(Results results)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"PBTS experiments\n================\n\nbegan {results.At:yyyy-MM-dd HH:mm:ss} UTC, took {Format.Time(results.Seconds)}, {Options(results.Settings)}\n\n");
        text.Append(Table.Markdown(["machine", ""], results.Machine.Lines().Select(line => new[] { line.Name, line.Value })));
        text.Append("\nEvery measurement has a warm-up that does not count and ends after that many samples or when its time is up: n says how many there are. Percentiles are interpolated; p95 needs 20 samples, p99 100. The interval is that of the mean (95 %, Student's t) and needs 10 samples.\n");
        foreach (var part in results.Parts)
        {
            text.Append(CultureInfo.InvariantCulture, $"\n## {part.Key}\n\n");
            if (part.Any(finding => finding.Outcome == Outcome.Measured))
                text.Append(Table.Markdown(Table.Heading, Table.Rows(part)));
            foreach (var note in Results.Notes(part))
                text.Append(CultureInfo.InvariantCulture, $"\n* {note}");
            foreach (var finding in part.Where(finding => finding.Outcome != Outcome.Measured))
                text.Append(CultureInfo.InvariantCulture, $"\n* {finding.Title}: {(finding.Outcome == Outcome.Failed ? "FAILED" : "skipped")}: {finding.Reason}");
            text.Append('\n');
        }

        text.Append("\n## beside the paper and the reference\n\n");
        return text.Append(Table.Markdown(Published.Heading, Published.Rows(results))).ToString();
    }

    public static string Options(Settings settings) =>
        $"--iterations {settings.Iterations} --duration {settings.Duration}{(settings.Quick ? " --quick" : "")}{(settings.Only.Count > 0 ? " --only " + string.Join(',', settings.Only) : "")}";
}
