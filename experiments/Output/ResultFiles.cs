namespace Pbts.Experiments.Output;

/// <summary>Writes all files of a run.</summary>
internal static class ResultFiles
{
    /// <summary>The names of what was written, in the folder of the settings.</summary>
    public static async Task<IReadOnlyList<string>> WriteAsync(Results results)
    {
        var folder = results.Settings.Output;
        var files = new List<string>();
        foreach (var (name, text) in new (string, string)[]
        {
            ($"results_table_{results.Stamp}.tex", LatexTable.Write(results)),
            ($"latency_{results.Stamp}.csv", SampleFile.Write(results)),
            ($"experiment_report_{results.Stamp}.txt", TextReport.Write(results)),
            ($"results_{results.Stamp}.json", JsonFile.Write(results)),
        })
        {
            await File.WriteAllTextAsync(Path.Combine(folder, name), text);
            files.Add(name);
        }

        var drawings = new List<(Chart, string)>();
        foreach (var chart in Chart.From(results))
        {
            drawings.Add((chart, await Plots.WriteAsync(chart, folder)));
            files.AddRange([$"plot_{chart.Name}.png", $"plot_{chart.Name}.svg"]);
        }

        await File.WriteAllTextAsync(Path.Combine(folder, "index.html"), SummaryPage.Write(results, drawings, files));
        return [.. files, "index.html"];
    }
}
