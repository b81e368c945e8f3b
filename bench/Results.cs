using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Pbts.Local;

namespace Pbts.Bench;

/// <summary>
/// Keeps what was measured: a line of JSON in <c>.pbts/bench-history.jsonl</c>, so that runs can be compared, and
/// a file of its own where <c>--json FILE</c> asks for it.
/// </summary>
internal static class Results
{
    private static readonly JsonSerializerOptions Line = new() { NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals };

    private static readonly JsonSerializerOptions Indented = new(Line) { WriteIndented = true };

    public static async Task WriteAsync<T>(Arguments arguments, string benchmark, T result)
    {
        var json = JsonSerializer.SerializeToNode(result, Line)!.AsObject();
        json.Insert(0, "at", DateTimeOffset.UtcNow.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture));
        json.Insert(0, "benchmark", benchmark);
        var history = Directory.CreateDirectory(Path.Combine(Clone.Root, ".pbts")).FullName;
        await File.AppendAllTextAsync(Path.Combine(history, "bench-history.jsonl"), json.ToJsonString(Line) + "\n");
        if (arguments.Text("--json", "") is not { Length: > 0 } file)
            return;
        await File.WriteAllTextAsync(file, json.ToJsonString(Indented) + "\n");
        Console.WriteLine($"as JSON: {file}");
    }
}
