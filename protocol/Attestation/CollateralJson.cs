using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace Pbts.Protocol.Attestation;

/// <summary>Reads the JSON of Intel's collateral.</summary>
internal static class CollateralJson
{
    /// <summary>False when something is missing or has a wrong type.</summary>
    public static bool TryRead<T>(string json, Func<JsonElement, T> read, [NotNullWhen(true)] out T? value)
        where T : class
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            value = read(document.RootElement);
            return true;
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            value = null;
            return false;
        }
    }

    public static string Text(JsonElement json, string name) => Text(json.GetProperty(name));

    public static byte[] Hex(JsonElement json, string name, int length)
    {
        var bytes = Convert.FromHexString(Text(json, name));
        return bytes.Length == length ? bytes : throw new FormatException($"{name} must have {length} bytes");
    }

    /// <summary>The levels of an enclave or module, highest first; none where there is no list.</summary>
    public static IReadOnlyList<SvnLevel> Levels(JsonElement json) =>
        !json.TryGetProperty("tcbLevels", out var levels) ? []
        : [.. levels.EnumerateArray().Select(level => new SvnLevel(level.GetProperty("tcb").GetProperty("isvsvn").GetUInt16(), Rating(level))).OrderByDescending(level => level.Svn)];

    public static TcbRating Rating(JsonElement level) => new(
        Enum.TryParse<TcbStatus>(level.GetProperty("tcbStatus").GetString(), out var status) && Enum.IsDefined(status) && status != TcbStatus.Unknown
            ? status : throw new FormatException("an unknown tcbStatus"),
        level.TryGetProperty("advisoryIDs", out var advisories) ? [.. advisories.EnumerateArray().Select(Text)] : []);

    private static string Text(JsonElement json) => json.GetString() ?? throw new FormatException("null in place of text");

    public static bool Matches(ReadOnlySpan<byte> actual, ReadOnlySpan<byte> expected, ReadOnlySpan<byte> mask)
    {
        for (var i = 0; i < mask.Length; i++)
        {
            if (((actual[i] ^ expected[i]) & mask[i]) != 0)
                return false;
        }

        return true;
    }
}
