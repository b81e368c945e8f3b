using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace Pbts.Protocol.Attestation;

/// <summary>What Intel's quoting enclave looks like (PCS API version 4, "enclave identity").</summary>
internal sealed record QeIdentity(
    string Id, DateTimeOffset IssueDate, DateTimeOffset NextUpdate, byte[] MiscSelect, byte[] MiscSelectMask, byte[] Attributes, byte[] AttributesMask,
    byte[] MrSigner, int ProductId, IReadOnlyList<SvnLevel> Levels)
{
    public static bool TryParse(string json, [NotNullWhen(true)] out QeIdentity? identity) => CollateralJson.TryRead(json, Read, out identity);

    /// <summary>What about the report is not that of the enclave; null when it is the one.</summary>
    public string? Mismatch(EnclaveReport report) =>
        !CollateralJson.Matches(report.MiscSelect, MiscSelect, MiscSelectMask) ? "the quoting enclave's MISCSELECT is another"
        : !CollateralJson.Matches(report.Attributes, Attributes, AttributesMask) ? "the quoting enclave's attributes are others"
        : !report.MrSigner.SequenceEqual(MrSigner) ? "the quoting enclave is signed by somebody else"
        : report.ProductId != ProductId ? "the quoting enclave is another product"
        : null;

    private static QeIdentity Read(JsonElement json) => new(
        CollateralJson.Text(json, "id"), json.GetProperty("issueDate").GetDateTimeOffset(), json.GetProperty("nextUpdate").GetDateTimeOffset(),
        CollateralJson.Hex(json, "miscselect", 4), CollateralJson.Hex(json, "miscselectMask", 4),
        CollateralJson.Hex(json, "attributes", 16), CollateralJson.Hex(json, "attributesMask", 16),
        CollateralJson.Hex(json, "mrsigner", 32), json.GetProperty("isvprodid").GetUInt16(), CollateralJson.Levels(json));
}
