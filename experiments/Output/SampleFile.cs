using System.Globalization;
using System.Text;

namespace Pbts.Experiments.Output;

/// <summary>Every single sample in CSV (RFC 4180).</summary>
internal static class SampleFile
{
    public static string Write(Results results)
    {
        var csv = new StringBuilder("experiment,measurement,size,size_unit,sample,value,unit\r\n");
        foreach (var finding in results.Findings)
        {
            foreach (var (i, sample) in (finding.Samples ?? []).Index())
            {
                csv.Append(CultureInfo.InvariantCulture, $"{Quote(finding.Part)},{Quote(finding.Name)},{finding.Size},{Quote(finding.SizeUnit)},{i + 1},{sample:R},{Quote(finding.Unit)}\r\n");
            }
        }

        return csv.ToString();
    }

    private static string Quote(string text) => text.AsSpan().ContainsAny(",\"\r\n") ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : text;
}
