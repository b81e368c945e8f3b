using System.Text.Json;

namespace Pbts.Bench;

/// <summary>Keeps what was measured as JSON where <c>--json FILE</c> asks for it.</summary>
internal static class Results
{
    private static readonly JsonSerializerOptions Options = new()
    {
        WriteIndented = true, NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    public static async Task WriteAsync<T>(Arguments arguments, T result)
    {
        if (arguments.Text("--json", "") is not { Length: > 0 } file)
            return;
        await File.WriteAllTextAsync(file, JsonSerializer.Serialize(result, Options) + "\n");
        Console.WriteLine($"as JSON: {file}");
    }
}
