using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Pbts.Protocol.Evidence;

namespace Pbts.Protocol;

/// <summary>Reads fields of an object, each of exactly the shape it is written in.</summary>
internal readonly struct StrictFields(JsonElement line)
{
    /// <summary>How strings are written: nothing is escaped that need not be.</summary>
    public static JavaScriptEncoder Encoder => JavaScriptEncoder.UnsafeRelaxedJsonEscaping;

    /// <summary>Reads a whole document, at most so long, that is JSON in UTF-8 with nothing behind it.</summary>
    /// <param name="what">What it is, for whoever gave it.</param>
    /// <returns>What was read, or what is wrong, naming the field.</returns>
    public static (T? Value, string? Fault) Document<T>(ReadOnlySpan<byte> document, int most, string what, Func<JsonElement, T> read)
        where T : class
    {
        if (document.Length > most)
            return (null, $"the {what} is longer than {most} bytes");
        try
        {
            // The default of a document is to replace bytes that are no UTF-8 by a character that stands for them all.
            _ = new UTF8Encoding(false, throwOnInvalidBytes: true).GetCharCount(document);
            var reader = new Utf8JsonReader(document);
            using var json = JsonDocument.ParseValue(ref reader);
            while (reader.Read())
            {
            }
            return (read(json.RootElement), null);
        }
        catch (Exception e) when (e is JsonException or ArgumentException or InvalidOperationException)
        {
            return (null, $"the {what} is not JSON in UTF-8");
        }
        catch (FormatException e)
        {
            return (null, e.Message);
        }
    }

    /// <summary>The fields of an object that has these and no others, each once.</summary>
    /// <exception cref="FormatException">It is otherwise; the message names the field.</exception>
    public static StrictFields Of(JsonElement element, string[] names)
    {
        if (element.ValueKind != JsonValueKind.Object)
            throw new FormatException("what should be an object is none");
        var seen = new HashSet<string>();
        foreach (var field in element.EnumerateObject())
        {
            if (!names.Contains(field.Name))
                throw new FormatException($"{Shown(field.Name)} is no field of this document");
            if (!seen.Add(field.Name))
                throw new FormatException($"{field.Name} is there twice");
        }
        return new(element);
    }

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

    /// <summary>Lower-case digits alone.</summary>
    public byte[] LowerHex(string name, int length) => Text(name).AsSpan().ContainsAnyInRange('A', 'F') ? throw Wrong(name) : Hex(name, length);

    /// <summary><c>0x</c> and lower-case digits.</summary>
    public byte[] Prefixed(string name, int length)
    {
        var text = Text(name);
        if (text.Length != 2 + (2 * length) || !text.StartsWith("0x", StringComparison.Ordinal) || text.AsSpan().ContainsAnyInRange('A', 'F'))
            throw Wrong(name);
        var bytes = new byte[length];
        return Convert.FromHexString(text.AsSpan(2), bytes, out _, out var written) == System.Buffers.OperationStatus.Done && written == length ? bytes : throw Wrong(name);
    }

    /// <summary>An integer of 64 bits without sign, in digits alone.</summary>
    public ulong Unsigned(string name)
    {
        var value = Find(name, JsonValueKind.Number);
        return value.TryGetUInt64(out var number) && value.GetRawText() == number.ToString(CultureInfo.InvariantCulture) ? number : throw Wrong(name);
    }

    /// <summary>An integer from 0 to 2^63−1, in digits alone.</summary>
    public long Natural(string name) => Unsigned(name) is var number and <= long.MaxValue ? (long)number : throw Wrong(name);

    public bool Flag(string name) => line.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.True or JsonValueKind.False
        ? value.GetBoolean() : throw Wrong(name);

    /// <summary>An object inside this one, with these fields and no others.</summary>
    public StrictFields Object(string name, string[] names) => ElementOf(Find(name, JsonValueKind.Object), names, name);

    /// <summary>A part that is null or something of its own shape.</summary>
    public JsonElement? OrNull(string name) =>
        !line.TryGetProperty(name, out var value) ? throw Wrong(name) : value.ValueKind == JsonValueKind.Null ? null : value;

    /// <summary>At most so many objects, each with these fields and no others.</summary>
    public IEnumerable<StrictFields> Array(string name, int most, string[] names)
    {
        var array = Find(name, JsonValueKind.Array);
        return array.GetArrayLength() > most ? throw Wrong(name) : array.EnumerateArray().Select((element, i) => ElementOf(element, names, $"{name}[{i}]"));
    }

    public long Integer(string name) => Find(name, JsonValueKind.Number).TryGetInt64(out var number) ? number : throw Wrong(name);

    public long? OptionalInteger(string name) =>
        line.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Null ? null : Integer(name);

    public IEnumerable<StrictFields> Array(string name) =>
        Find(name, JsonValueKind.Array).EnumerateArray().Select(element => element.ValueKind == JsonValueKind.Object ? new StrictFields(element) : throw Wrong(name));

    public EvidenceSum Sum(string name) => SumOf(Find(name, JsonValueKind.Object), name);

    public IReadOnlyList<(string Origin, EvidenceSum Sum)> Sums(string name) =>
        [.. Find(name, JsonValueKind.Object).EnumerateObject().Select(part => (part.Name, SumOf(part.Value, name)))];

    private static EvidenceSum SumOf(JsonElement value, string name)
    {
        if (value.ValueKind != JsonValueKind.Object)
            throw Wrong(name);
        var fields = new StrictFields(value);
        return new(fields.Integer("count"), fields.Wide("uploaded"), fields.Wide("downloaded"));
    }

    private decimal Wide(string name) =>
        Find(name, JsonValueKind.Number).TryGetDecimal(out var number) && decimal.IsInteger(number) ? number : throw Wrong(name);

    private JsonElement Find(string name, JsonValueKind kind) =>
        line.TryGetProperty(name, out var value) && value.ValueKind == kind ? value : throw Wrong(name);

    private static StrictFields ElementOf(JsonElement element, string[] names, string where)
    {
        try
        {
            return Of(element, names);
        }
        catch (FormatException e)
        {
            throw new FormatException($"{where}: {e.Message}");
        }
    }

    private static string Shown(string name) => name.Length > 40 ? name[..40] + "…" : name;

    public static FormatException Wrong(string name) => new($"{name} is missing or not what it should be");
}
