using System.Text.Json;

namespace Pbts.Experiments.Output;

/// <summary>The results for programs.</summary>
internal static class JsonFile
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Write(Results results) => JsonSerializer.Serialize(new
    {
        at = results.At.ToString("yyyy-MM-ddTHH:mm:ssZ", System.Globalization.CultureInfo.InvariantCulture),
        seconds = Math.Round(results.Seconds, 1),
        iterations = results.Settings.Iterations,
        duration = results.Settings.Duration,
        quick = results.Settings.Quick,
        machine = results.Machine.Lines().ToDictionary(line => line.Name.Replace(' ', '_'), line => line.Value),
        disturbed = results.Machine.WasDisturbed,
        findings = results.Findings.Select(finding => new
        {
            experiment = finding.Part,
            measurement = finding.Name,
            size = finding.Size,
            size_unit = finding.SizeUnit.Length > 0 ? finding.SizeUnit : null,
            outcome = finding.Outcome.ToString().ToLowerInvariant(),
            reason = finding.Reason,
            unit = finding.Unit,
            value = finding.Value,
            n = finding.Summary?.Count,
            mean = finding.Summary?.Mean,
            median = finding.Summary?.Median,
            p95 = finding.Summary?.P95,
            p99 = finding.Summary?.P99,
            min = finding.Summary?.Minimum,
            max = finding.Summary?.Maximum,
            stdev = finding.Summary?.Deviation,
            ci95_low = finding.Summary?.Low,
            ci95_high = finding.Summary?.High,
            note = finding.Note,
        }),
    }, Indented) + "\n";
}
