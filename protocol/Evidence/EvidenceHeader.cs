using System.Buffers;
using System.Text.Json;
using Pbts.Protocol.Receipts;
using Pbts.Protocol.Vouchers;

namespace Pbts.Protocol.Evidence;

/// <summary>The first line of a member's evidence: who, where, and what the totals are made of. Times are Unix seconds.</summary>
public sealed record EvidenceHeader
{
    /// <summary>What <c>type</c> says.</summary>
    public const string Type = "evidence";

    /// <summary>The tracker whose vouchers these are.</summary>
    public required InstanceId Instance { get; init; }

    /// <summary>The member.</summary>
    public required string UserId { get; init; }

    /// <summary>When it registered.</summary>
    public required long Since { get; init; }

    /// <summary>The moment the totals and the vouchers behind this line are of.</summary>
    public required long At { get; init; }

    /// <summary>Every key the member has proved, oldest first.</summary>
    public required IReadOnlyList<EvidenceKey> Keys { get; init; }

    /// <summary>Proven bytes given.</summary>
    public required long TotalUploaded { get; init; }

    /// <summary>Proven bytes taken.</summary>
    public required long TotalDownloaded { get; init; }

    /// <summary>What vouchers have credited.</summary>
    public required EvidenceSum Vouchers { get; init; }

    /// <summary>What receipts have, those that are no longer kept too.</summary>
    public required EvidenceSum Receipts { get; init; }

    /// <summary>What came in otherwise, by origin.</summary>
    public required IReadOnlyList<(string Origin, EvidenceSum Sum)> Imported { get; init; }

    /// <summary>What the parts come to together; a total is that, or 2^63−1 where that is less.</summary>
    public (long Uploaded, long Downloaded) PartsTotal()
    {
        var sum = Imported.Aggregate(Vouchers + Receipts, (sum, one) => sum + one.Sum);
        return (Saturate(sum.Uploaded), Saturate(sum.Downloaded));
    }

    /// <summary>Writes the line.</summary>
    public void Write(IBufferWriter<byte> output) => SealedLine.Write(output, json =>
    {
        json.WriteString("type", Type);
        json.WriteNumber("version", 1);
        json.WriteString("instance_id", Instance.ToString());
        json.WriteString("user_id", UserId);
        json.WriteNumber("since", Since);
        json.WriteNumber("at", At);
        json.WriteStartArray("keys");
        foreach (var key in Keys)
        {
            json.WriteStartObject();
            json.WriteBase64String("public_key", key.Key.Span);
            json.WriteNumber("proven_at", key.ProvenAt);
            if (key.RetiredAt is { } retired)
                json.WriteNumber("retired_at", retired);
            else
                json.WriteNull("retired_at");
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteNumber("total_uploaded", TotalUploaded);
        json.WriteNumber("total_downloaded", TotalDownloaded);
        Write(json, "vouchers", Vouchers);
        Write(json, "receipts", Receipts);
        json.WriteStartObject("imported");
        foreach (var (origin, sum) in Imported)
            Write(json, origin, sum);
        json.WriteEndObject();
    });

    /// <summary>Reads the line.</summary>
    /// <exception cref="FormatException">A field is missing or wrong; the message names it.</exception>
    public static EvidenceHeader Read(JsonElement line)
    {
        var fields = new StrictFields(line);
        if (fields.Integer("version") != 1)
            throw new FormatException("version is not 1");
        return new()
        {
            Instance = InstanceId.From(fields.Hex("instance_id", InstanceId.Length)),
            UserId = fields.Text("user_id"),
            Since = fields.Integer("since"),
            At = fields.Integer("at"),
            Keys = [.. fields.Array("keys").Select(key => new EvidenceKey(
                MemberKey.From(key.Base64("public_key", MemberKey.Length)), key.Integer("proven_at"), key.OptionalInteger("retired_at")))],
            TotalUploaded = fields.Integer("total_uploaded"),
            TotalDownloaded = fields.Integer("total_downloaded"),
            Vouchers = fields.Sum("vouchers"),
            Receipts = fields.Sum("receipts"),
            Imported = fields.Sums("imported"),
        };
    }

    private static void Write(Utf8JsonWriter json, string name, EvidenceSum sum)
    {
        json.WriteStartObject(name);
        json.WriteNumber("count", sum.Count);
        json.WriteNumber("uploaded", sum.Uploaded);
        json.WriteNumber("downloaded", sum.Downloaded);
        json.WriteEndObject();
    }

    private static long Saturate(decimal bytes) => bytes >= long.MaxValue ? long.MaxValue : (long)bytes;
}
