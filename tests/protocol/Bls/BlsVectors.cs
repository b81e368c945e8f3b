using System.Text.Json;
using Xunit;

namespace Pbts.Protocol.Tests.Bls;

/// <summary>Reads the interop vectors of tests/vectors.</summary>
internal static class BlsVectors
{
    public static JsonElement Load(string file)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "vectors", file + ".json")));
        return document.RootElement.Clone();
    }

    /// <summary>Every entry of a section, at least one.</summary>
    public static IReadOnlyList<JsonElement> Section(string file, params string[] path)
    {
        JsonElement element = Load(file);
        foreach (string name in path)
            element = element.GetProperty(name);
        JsonElement[] entries = [.. element.EnumerateArray()];
        Assert.NotEmpty(entries);
        return entries;
    }

    public static string Text(this JsonElement entry, string name) => entry.GetProperty(name).GetString()!;

    public static byte[] Hex(this JsonElement entry, string name) => Convert.FromHexString(entry.Text(name));

    public static byte[][] HexList(this JsonElement entry, string name) =>
        [.. entry.GetProperty(name).EnumerateArray().Select(item => item.ValueKind == JsonValueKind.Null ? [] : Convert.FromHexString(item.GetString()!))];

    public static bool Flag(this JsonElement entry, string name) => entry.GetProperty(name).GetBoolean();

    public static bool[] Flags(this JsonElement entry, string name) => [.. entry.GetProperty(name).EnumerateArray().Select(item => item.GetBoolean())];
}
