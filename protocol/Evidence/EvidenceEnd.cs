using System.Buffers;
using System.Text.Json;
using Pbts.Protocol.Vouchers;

namespace Pbts.Protocol.Evidence;

/// <summary>The last line of a page or a file of evidence.</summary>
/// <param name="Vouchers">Lines of vouchers before it.</param>
/// <param name="Next">Where the next page begins; <c>null</c> when there is none.</param>
public sealed record EvidenceEnd(long Vouchers, VoucherId? Next)
{
    /// <summary>What <c>type</c> says.</summary>
    public const string Type = "end";

    /// <summary>Writes the line.</summary>
    public void Write(IBufferWriter<byte> output) => SealedLine.Write(output, json =>
    {
        json.WriteString("type", Type);
        json.WriteNumber("vouchers", Vouchers);
        if (Next is { } next)
            json.WriteString("next", next.ToString());
        else
            json.WriteNull("next");
    });

    /// <summary>Reads the line.</summary>
    /// <exception cref="FormatException">A field is missing or wrong; the message names it.</exception>
    public static EvidenceEnd Read(JsonElement line)
    {
        var fields = new StrictFields(line);
        return new(fields.Integer("vouchers"),
            line.TryGetProperty("next", out var next) && next.ValueKind == JsonValueKind.Null ? null : VoucherId.From(fields.Hex("next", VoucherId.Length)));
    }
}
