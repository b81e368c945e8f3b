using System.Text.Json;
using Pbts.Protocol.Ethereum;

namespace Pbts.Protocol.Tests.Ethereum;

/// <summary>The shared vectors of <c>ethereum.json</c>.</summary>
internal static class EthereumVectors
{
    private static readonly JsonElement Root =
        JsonDocument.Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "vectors", "ethereum.json"))).RootElement;

    /// <summary>A section by its path, for example <c>rlp/encode</c>.</summary>
    public static JsonElement Section(string path) => path.Split('/').Aggregate(Root, (json, name) => json.GetProperty(name));

    /// <summary>The cases of a section; an empty section fails the test.</summary>
    public static IReadOnlyList<JsonElement> Cases(string path)
    {
        var cases = Section(path).EnumerateArray().ToList();
        Assert.NotEmpty(cases);
        return cases;
    }

    public static string Text(this JsonElement json, string name) => json.GetProperty(name).GetString()!;

    public static byte[] Bytes(this JsonElement json, string name) => Hex(json.Text(name));

    public static byte[] Hex(string text)
    {
        Assert.StartsWith("0x", text, StringComparison.Ordinal);
        return Convert.FromHexString(text[2..]);
    }

    public static EthereumAddress Address(string text)
    {
        Assert.True(EthereumAddress.TryParse(text, out var address), text);
        return address;
    }
}
