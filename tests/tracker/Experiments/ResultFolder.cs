using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using SkiaSharp;

namespace Pbts.Tracker.Tests.Experiments;

/// <summary>What a run of the experiments left behind, and whether it is as it should be.</summary>
internal sealed partial class ResultFolder(string folder)
{
    /// <summary>The one file of that kind.</summary>
    public string Single(string pattern) => Directory.GetFiles(folder, pattern).Single();

    public JsonElement Json => JsonSerializer.Deserialize<JsonElement>(File.ReadAllText(Single("results_*.json")));

    public JsonElement[] Findings(string outcome) => [.. Json.GetProperty("findings").EnumerateArray().Where(finding => finding.GetProperty("outcome").GetString() == outcome)];

    /// <summary>Experiments that have at least one measurement.</summary>
    public string[] Measured => [.. Findings("measured").Select(finding => finding.GetProperty("experiment").GetString()!).Distinct()];

    public async Task CheckAsync(params string[] plots)
    {
        CheckSamples();
        CheckReport();
        CheckPlots(plots);
        CheckPage(plots);
        await CheckTableAsync();
    }

    /// <summary>As many lines for each measurement as the JSON says there are samples, with the mean it says.</summary>
    private void CheckSamples()
    {
        var lines = File.ReadAllLines(Single("latency_*.csv"));
        Assert.Equal("experiment,measurement,size,size_unit,sample,value,unit", lines[0]);
        var samples = lines[1..].Select(Fields).ToLookup(field => (field[0], field[1], field[2]), field => double.Parse(field[5], CultureInfo.InvariantCulture));
        var sampled = Findings("measured").Where(finding => finding.GetProperty("n").ValueKind == JsonValueKind.Number).ToArray();
        Assert.NotEmpty(sampled);
        Assert.Equal(sampled.Length, samples.Count);
        foreach (var finding in sampled)
        {
            var size = finding.GetProperty("size") is { ValueKind: JsonValueKind.Number } number ? number.GetRawText() : "";
            var values = samples[(finding.GetProperty("experiment").GetString()!, finding.GetProperty("measurement").GetString()!, size)].ToArray();
            Assert.Equal(finding.GetProperty("n").GetInt32(), values.Length);
            Assert.Equal(finding.GetProperty("mean").GetDouble(), values.Average(), 1e-6 * Math.Abs(values.Average()));
        }
    }

    /// <summary>The text names every finding; what was skipped or failed with its reason.</summary>
    private void CheckReport()
    {
        var text = File.ReadAllText(Single("experiment_report_*.txt"));
        foreach (var finding in Findings("measured"))
        {
            var typical = finding.GetProperty(finding.GetProperty("n").ValueKind == JsonValueKind.Number ? "median" : "value").GetDouble();
            var name = finding.GetProperty("measurement").GetString()!;
            Assert.Contains(text.Split('\n'), line => line.StartsWith("| " + name, StringComparison.Ordinal) && line.Contains($"| {Pbts.Experiments.Format.Number(typical)} ", StringComparison.Ordinal));
        }

        foreach (var finding in Findings("skipped").Concat(Findings("failed")))
        {
            Assert.NotEmpty(finding.GetProperty("reason").GetString()!);
            Assert.Contains($"{finding.GetProperty("measurement").GetString()}", text, StringComparison.Ordinal);
            Assert.Contains(finding.GetProperty("reason").GetString()!, text, StringComparison.Ordinal);
        }

        Assert.Matches("processor .*cores", text);
    }

    private void CheckPlots(string[] plots)
    {
        Assert.Equal(plots.Order(StringComparer.Ordinal), Directory.GetFiles(folder, "plot_*.png").Select(file => Path.GetFileNameWithoutExtension(file)[5..]).Order(StringComparer.Ordinal));
        foreach (var plot in plots)
        {
            using var picture = SKBitmap.Decode(Path.Combine(folder, $"plot_{plot}.png"));
            Assert.True(picture is { Width: >= 800, Height: >= 150 });
            Assert.Equal(SKColors.White, picture.GetPixel(1, 1));
            Assert.True(picture.Pixels.Distinct().Count() > 20, $"{plot} is empty");
            Assert.Equal("svg", XDocument.Load(Path.Combine(folder, $"plot_{plot}.svg")).Root!.Name.LocalName);
        }
    }

    private void CheckPage(string[] plots)
    {
        var page = File.ReadAllText(Path.Combine(folder, "index.html"));
        Assert.Equal(plots.Length, Regex.Count(page, "<figure "));
        Assert.Contains("width=device-width", page, StringComparison.Ordinal);
        Assert.Contains("prefers-color-scheme: dark", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", page, StringComparison.Ordinal);
        Assert.DoesNotMatch("(src|href)=\"(https?:)?//", page);
        foreach (Match link in Link().Matches(page))
            Assert.True(File.Exists(Path.Combine(folder, link.Groups[1].Value)), link.Value);
        foreach (var finding in Findings("skipped"))
            Assert.Contains(System.Net.WebUtility.HtmlEncode(finding.GetProperty("reason").GetString()!), page, StringComparison.Ordinal);
    }

    /// <summary>It compiles by itself, and in somebody's paper.</summary>
    private async Task CheckTableAsync()
    {
        var table = Single("results_table_*.tex");
        var work = Directory.CreateTempSubdirectory("pbts-tex");
        try
        {
            var paper = Path.Combine(work.FullName, "paper.tex");
            File.WriteAllText(paper, $"\\documentclass{{article}}\n\\begin{{document}}\nA paper.\n\\input{{{table}}}\nMore of it.\n\\end{{document}}\n");
            foreach (var file in new[] { table, paper })
            {
                var start = new ProcessStartInfo("pdflatex", ["-interaction=nonstopmode", "-halt-on-error", "-output-directory", work.FullName, file]) { RedirectStandardOutput = true, WorkingDirectory = work.FullName };
                using var latex = Process.Start(start)!;
                var said = await latex.StandardOutput.ReadToEndAsync();
                await latex.WaitForExitAsync();
                Assert.True(latex.ExitCode == 0, said[^Math.Min(2000, said.Length)..]);
                Assert.True(new FileInfo(Path.Combine(work.FullName, Path.GetFileNameWithoutExtension(file) + ".pdf")).Length > 1000);
            }

            foreach (var finding in Findings("skipped"))
                Assert.Contains(Pbts.Experiments.Output.LatexTable.Escape(finding.GetProperty("measurement").GetString()!), File.ReadAllText(table), StringComparison.Ordinal);
        }
        finally
        {
            work.Delete(recursive: true);
        }
    }

    private static string[] Fields(string line) => [.. Field().Matches(line).Select(match => match.Groups[1].Success ? match.Groups[1].Value.Replace("\"\"", "\"", StringComparison.Ordinal) : match.Groups[2].Value)];

    [GeneratedRegex("(?:^|,)(?:\"((?:[^\"]|\"\")*)\"|([^,\"]*))")]
    private static partial Regex Field();

    [GeneratedRegex("<a href=\"([^#\"][^\"]*)\"")]
    private static partial Regex Link();
}
