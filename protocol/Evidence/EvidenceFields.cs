using System.Text.Json;

namespace Pbts.Protocol.Evidence;

/// <summary>Reads fields of a line, each of exactly the shape it is written in.</summary>
internal readonly struct EvidenceFields(JsonElement line)
{
    public string Text(string name) => Find(name, JsonValueKind.String).GetString()!;

    public byte[] Hex(string name, int length)
    {
        var text = Text(name);
        try
        {
            return Convert.FromHexString(text) is { } bytes && bytes.Length == length ? bytes : throw Wrong(name);
        }
        catch (FormatException)
        {
            throw Wrong(name);
        }
    }

    public byte[] Base64(string name, int length) =>
        Find(name, JsonValueKind.String).TryGetBytesFromBase64(out var bytes) && bytes.Length == length ? bytes : throw Wrong(name);

    public long Integer(string name) => Find(name, JsonValueKind.Number).TryGetInt64(out var number) ? number : throw Wrong(name);

    public long? OptionalInteger(string name) =>
        line.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Null ? null : Integer(name);

    public IEnumerable<EvidenceFields> Array(string name) =>
        Find(name, JsonValueKind.Array).EnumerateArray().Select(element => element.ValueKind == JsonValueKind.Object ? new EvidenceFields(element) : throw Wrong(name));

    public EvidenceSum Sum(string name) => SumOf(Find(name, JsonValueKind.Object), name);

    public IReadOnlyList<(string Origin, EvidenceSum Sum)> Sums(string name) =>
        [.. Find(name, JsonValueKind.Object).EnumerateObject().Select(part => (part.Name, SumOf(part.Value, name)))];

    private static EvidenceSum SumOf(JsonElement value, string name)
    {
        if (value.ValueKind != JsonValueKind.Object)
            throw Wrong(name);
        var fields = new EvidenceFields(value);
        return new(fields.Integer("count"), fields.Wide("uploaded"), fields.Wide("downloaded"));
    }

    private decimal Wide(string name) =>
        Find(name, JsonValueKind.Number).TryGetDecimal(out var number) && decimal.IsInteger(number) ? number : throw Wrong(name);

    private JsonElement Find(string name, JsonValueKind kind) =>
        line.TryGetProperty(name, out var value) && value.ValueKind == kind ? value : throw Wrong(name);

    private static FormatException Wrong(string name) => new($"{name} is missing or not what it should be");
}
