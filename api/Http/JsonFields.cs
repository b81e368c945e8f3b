using System.Buffers.Text;
using System.Text.Json;

namespace Pbts.Api.Http;

/// <summary>
/// Reads the fields of a JSON object one by one and keeps the first thing that is wrong in <see cref="Error"/>. After an
/// error the values read are meaningless. A field that is absent or null is missing.
/// </summary>
internal sealed class JsonFields(JsonElement body, string prefix = "")
{
    /// <summary>Null, or the first field that is wrong and why.</summary>
    public string? Error { get; private set; }

    public bool Has(string name) => Find(name) is not null;

    /// <summary>Whether it is there and says null.</summary>
    public bool IsNull(string name) => body.ValueKind == JsonValueKind.Object && body.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Null;

    public bool IsText(string name) => Find(name) is { ValueKind: JsonValueKind.String };

    /// <summary>Text that may be empty.</summary>
    public string? OptionalString(string name) =>
        Find(name) is { ValueKind: JsonValueKind.String } value && value.ValueEquals("") ? "" : OptionalText(name);

    /// <summary>Text, at least one character.</summary>
    public string Text(string name) => OptionalText(name) ?? Missing(name, "");

    public string? OptionalText(string name)
    {
        if (Find(name) is not { } value)
            return null;
        if (value.ValueKind != JsonValueKind.String)
            return Wrong<string?>(name, "must be text", null);
        try
        {
            // PostgreSQL keeps no NUL in a text.
            return value.GetString() is not { Length: > 0 } text ? Wrong<string?>(name, "is empty", null)
                : text.Contains('\0', StringComparison.Ordinal) ? Wrong<string?>(name, "has a NUL character", null) : text;
        }
        catch (InvalidOperationException)
        {
            return Wrong<string?>(name, "is not valid Unicode", null);
        }
    }

    /// <summary>Base64 (RFC 4648, standard alphabet with padding) of exactly <paramref name="length"/> bytes.</summary>
    public byte[] Base64(string name, int length) => OptionalBase64(name, length) ?? Missing(name, Array.Empty<byte>());

    public byte[]? OptionalBase64(string name, int length)
    {
        if (OptionalText(name) is not { } text)
            return null;
        if (text.AsSpan().ContainsAny(" \t\r\n") || !System.Buffers.Text.Base64.IsValid(text))
            return Wrong(name, "is not valid base64", Array.Empty<byte>());
        var bytes = Convert.FromBase64String(text);
        return bytes.Length == length ? bytes : Wrong(name, $"must be base64 of {length} bytes, not of {bytes.Length}", bytes);
    }

    /// <summary>Hexadecimal digits of either case for one of the <paramref name="lengths"/> in bytes.</summary>
    public byte[] Hex(string name, params ReadOnlySpan<int> lengths)
    {
        var text = Text(name);
        if (Error is not null)
            return [];
        var rule = $"must be {string.Join(" or ", lengths.ToArray().Select(length => 2 * length))} hexadecimal digits";
        if (!lengths.Contains(text.Length / 2) || text.Length % 2 != 0)
            return Wrong(name, rule, Array.Empty<byte>());
        var bytes = new byte[text.Length / 2];
        return Convert.FromHexString(text, bytes, out _, out _) == System.Buffers.OperationStatus.Done ? bytes : Wrong(name, rule, bytes);
    }

    /// <summary>An integer in the range.</summary>
    public ulong Unsigned(string name, ulong max = ulong.MaxValue) =>
        Find(name) is null ? Missing(name, 0UL) : OptionalUnsigned(name, max) ?? 0;

    public ulong? OptionalUnsigned(string name, ulong max = ulong.MaxValue, ulong min = 0)
    {
        if (Find(name) is not { } value)
            return null;
        return value.ValueKind == JsonValueKind.Number && value.TryGetUInt64(out var number) && number >= min && number <= max
            ? number : Wrong<ulong?>(name, $"must be an integer from {min} to {max}", null);
    }

    /// <summary>A number from 0 to 1.</summary>
    public double Fraction(string name) =>
        Find(name) is not { } value ? Missing(name, 0.0)
        : value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && number is >= 0 and <= 1 ? number : Wrong(name, "must be a number from 0 to 1", 0.0);

    /// <summary>true or false; the texts "true" and "false" are refused.</summary>
    public bool? OptionalBoolean(string name) => Find(name) is not { } value ? null : value.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => Wrong<bool?>(name, "must be true or false", null),
    };

    /// <summary>The fields of an object inside this one; null when absent.</summary>
    public JsonFields? OptionalObject(string name) =>
        Find(name) is not { } value ? null
        : value.ValueKind == JsonValueKind.Object ? new JsonFields(value, $"{prefix}{name}.")
        : Wrong<JsonFields?>(name, "must be an object", null);

    /// <summary>Takes over what is wrong with a part that was read on its own.</summary>
    public void TakeError(JsonFields part) => Error ??= part.Error;

    /// <summary>The elements of an array; empty when absent.</summary>
    public IReadOnlyList<JsonElement> OptionalArray(string name, int max)
    {
        if (Find(name) is not { } value)
            return [];
        if (value.ValueKind != JsonValueKind.Array)
            return Wrong<IReadOnlyList<JsonElement>>(name, "must be an array", []);
        return value.GetArrayLength() <= max ? [.. value.EnumerateArray()] : Wrong<IReadOnlyList<JsonElement>>(name, $"has {value.GetArrayLength()} elements: at most {max}", []);
    }

    /// <summary>Records a problem of a field, unless there was one before.</summary>
    public T Wrong<T>(string name, string problem, T value)
    {
        Error ??= $"{prefix}{name} {problem}";
        return value;
    }

    private T Missing<T>(string name, T value) => Wrong(name, "is missing", value);

    private JsonElement? Find(string name) =>
        body.ValueKind == JsonValueKind.Object && body.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;
}
