using System.Buffers.Text;
using System.Text.Json;
using Pbts.Protocol.Attestation;
using Pbts.Protocol.Proofs;
using Pbts.Protocol.Receipts;
using Pbts.Protocol.Vouchers;

namespace Pbts.Api.Http;

/// <summary>
/// Reads the fields of a JSON object one by one and keeps the first thing that is wrong in <see cref="Error"/>. After an
/// error the values read are meaningless. A field that is absent or null is missing.
/// </summary>
internal sealed class JsonFields(JsonElement body, string prefix = "")
{
    /// <summary>The end of the year 9999.</summary>
    private const double LastSecond = 253_402_300_799;

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

    /// <summary>Hexadecimal digits for so many bytes at most.</summary>
    public HexBytes HexUpTo(string name, int most)
    {
        var text = Text(name);
        if (text.Length > 2 * most)
            return Wrong(name, $"is too long: at most {most} bytes", default(HexBytes));
        var bytes = new byte[text.Length / 2];
        return text.Length % 2 == 0 && Convert.FromHexString(text, bytes, out _, out _) == System.Buffers.OperationStatus.Done
            ? new(bytes) : Wrong(name, "must be hexadecimal digits, two a byte", default(HexBytes));
    }

    public HexBytes? OptionalHex(string name, int length) => Has(name) ? new(Hex(name, length)) : null;

    /// <summary>A key in base64.</summary>
    public MemberKey Key(string name) => MemberKey.TryFrom(Base64(name, MemberKey.Length), out var key) ? key : default;

    public MemberKey? OptionalKey(string name) => Has(name) ? Key(name) : null;

    /// <summary>A signature in base64.</summary>
    public ReceiptSignature Signature(string name) => ReceiptSignature.TryFrom(Base64(name, ReceiptSignature.Length), out var signature) ? signature : default;

    public ReceiptSignature? OptionalSignature(string name) => Has(name) ? Signature(name) : null;

    public InfoHash InfoHash(string name) => Protocol.Receipts.InfoHash.TryFrom(Hex(name, Protocol.Receipts.InfoHash.Length), out var hash) ? hash : default;

    public PieceHash PieceHash(string name) =>
        Protocol.Receipts.PieceHash.TryFrom(Hex(name, Protocol.Receipts.PieceHash.Sha1Length, Protocol.Receipts.PieceHash.Sha256Length), out var hash) ? hash : default;

    public SessionId Session(string name) => SessionId.TryFrom(Hex(name, SessionId.Length), out var session) ? session : default;

    public UserId UserId(string name) =>
        Protocol.Receipts.UserId.TryParse(Text(name), out var userId) ? userId
        : Wrong(name, "must be 1 to 64 visible characters without a slash, and not dots alone", default(UserId));

    /// <summary>A whole attestation in base64.</summary>
    public AttestationDocument? OptionalAttestation(string name)
    {
        if (OptionalText(name) is not { } text)
            return null;
        var bytes = new byte[text.Length];
        return !Convert.TryFromBase64String(text, bytes, out var length) ? Wrong<AttestationDocument?>(name, "is not valid base64", null)
            : AttestationDocument.TryParse(bytes.AsSpan(0, length), out var document) ? document
            : Wrong<AttestationDocument?>(name, "is not an attestation as /generate-attestation gives it", null);
    }

    /// <summary>The whole object as a proof; null, with what is wrong, when it is none.</summary>
    public MemberProof? Proof()
    {
        try
        {
            return MemberProofJson.Read(body);
        }
        catch (FormatException e)
        {
            Error ??= prefix + e.Message;
            return null;
        }
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

    /// <summary>true or false, which has to be there.</summary>
    public bool Boolean(string name) => Find(name) is null ? Missing(name, false) : OptionalBoolean(name) ?? false;

    /// <summary>true or false; the texts "true" and "false" are refused.</summary>
    public bool? OptionalBoolean(string name) => Find(name) is not { } value ? null : value.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => Wrong<bool?>(name, "must be true or false", null),
    };

    /// <summary>A moment in Unix seconds, to the millisecond.</summary>
    public DateTimeOffset Time(string name) => OptionalTime(name) ?? Missing(name, default(DateTimeOffset));

    public DateTimeOffset? OptionalTime(string name) =>
        Find(name) is not { } value ? null
        : value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var seconds) && seconds is >= 0 and <= LastSecond
            ? DateTimeOffset.FromUnixTimeMilliseconds((long)Math.Round(seconds * 1000)) : Wrong<DateTimeOffset?>(name, "must be Unix seconds", null);

    /// <summary>An object inside this one as it came.</summary>
    public JsonElement Element(string name) =>
        Find(name) is not { } value ? Missing(name, default(JsonElement)) : value.ValueKind == JsonValueKind.Object ? value : Wrong(name, "must be an object", default(JsonElement));

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

    /// <summary>The objects of an array, at least one, each read by its own fields.</summary>
    public IReadOnlyList<T> Objects<T>(string name, int max, Func<JsonFields, T> read)
    {
        var items = new List<T>();
        foreach (var element in OptionalArray(name, max))
        {
            var part = new JsonFields(element, $"{prefix}{name}[{items.Count}].");
            if (element.ValueKind != JsonValueKind.Object)
                part.Refuse($"{prefix}{name}[{items.Count}] must be an object");
            items.Add(read(part));
            TakeError(part);
        }

        return items.Count > 0 ? items : Missing(name, items);
    }

    /// <summary>Records a problem of a field, unless there was one before.</summary>
    public T Wrong<T>(string name, string problem, T value)
    {
        Error ??= $"{prefix}{name} {problem}";
        return value;
    }

    /// <summary>Refuses the body for what is wrong with it as a whole, unless there was something before.</summary>
    public void Refuse(string problem) => Error ??= problem;

    /// <summary>The same fields, read with an <see cref="Error"/> of their own.</summary>
    public JsonFields Apart() => new(body, prefix);

    private T Missing<T>(string name, T value) => Wrong(name, "is missing", value);

    private JsonElement? Find(string name) =>
        body.ValueKind == JsonValueKind.Object && body.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;
}
