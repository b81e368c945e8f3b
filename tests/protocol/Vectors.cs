using System.Text.Json;

namespace Pbts.Protocol.Tests;

/// <summary>Reads the interop vectors copied beside the test assembly.</summary>
internal static class Vectors
{
    public static JsonElement Load(string file)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "vectors", file)));
        return document.RootElement.Clone();
    }

    public static byte[] Hex(this JsonElement element, string name) => Convert.FromHexString(element.Text(name));

    public static string Text(this JsonElement element, string name) => element.GetProperty(name).GetString()!;

    public static bool Has(this JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null;

    /// <summary>The bytes under <paramref name="name"/>, or those of its <c>_segments</c> form.</summary>
    public static byte[] HexOrSegments(this JsonElement element, string name)
    {
        if (element.Has(name))
            return element.Hex(name);
        var bytes = new List<byte>();
        foreach (var segment in element.GetProperty(name + "_segments").EnumerateArray())
        {
            var part = segment.Hex("hex");
            var repeat = segment.Has("repeat") ? segment.GetProperty("repeat").GetInt32() : 1;
            for (var i = 0; i < repeat; i++)
                bytes.AddRange(part);
        }
        Assert.Equal(element.GetProperty(name + "_length").GetInt32(), bytes.Count);
        return [.. bytes];
    }
}
