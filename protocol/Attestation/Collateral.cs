using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace Pbts.Protocol.Attestation;

/// <summary>
/// What Intel publishes about a platform family: which levels are up to date, what its quoting enclave is, which
/// certificates are revoked. Nothing of it is believed before its signatures are checked. As a file it is a JSON object
/// with the members <c>tcb_info</c>, <c>tcb_info_signature</c> (hex), <c>tcb_info_issuer_chain</c> (PEM),
/// <c>qe_identity</c>, <c>qe_identity_signature</c>, <c>qe_identity_issuer_chain</c>, <c>root_ca_crl</c>,
/// <c>pck_crl</c> (hex of DER), the layout other DCAP tools write.
/// </summary>
public sealed record Collateral
{
    /// <summary>Bytes of the longest collateral that is read.</summary>
    public const int MaxSize = 1 << 20;

    public required string TcbInfo { get; init; }

    /// <summary>r and s, 64 bytes.</summary>
    public required byte[] TcbInfoSignature { get; init; }

    public required string TcbInfoChain { get; init; }

    public required string QeIdentity { get; init; }

    public required byte[] QeIdentitySignature { get; init; }

    public required string QeIdentityChain { get; init; }

    /// <summary>DER.</summary>
    public required byte[] RootCrl { get; init; }

    /// <summary>DER; signed by the authority that issued the PCK certificate.</summary>
    public required byte[] PckCrl { get; init; }

    /// <summary>Reads a collateral file.</summary>
    public static bool TryParse(string json, [NotNullWhen(true)] out Collateral? collateral) => CollateralJson.TryRead(json, Read, out collateral);

    /// <summary>Whether the TCB info claims to be of that platform family.</summary>
    public bool IsFor(TeeKind kind, ReadOnlySpan<byte> fmspc) =>
        Attestation.TcbInfo.TryParse(TcbInfo, out var info) && info.Id == (kind == TeeKind.Tdx ? "TDX" : "SGX") && fmspc.SequenceEqual(info.Fmspc);

    /// <summary>The earliest time at which some part must be fetched anew; null when a part cannot be read.</summary>
    public DateTimeOffset? NextUpdate =>
        Attestation.TcbInfo.TryParse(TcbInfo, out var info) && Attestation.QeIdentity.TryParse(QeIdentity, out var identity)
            ? (info.NextUpdate < identity.NextUpdate ? info.NextUpdate : identity.NextUpdate) : null;

    private static Collateral Read(JsonElement json)
    {
        string Text(string name) => CollateralJson.Text(json, name);
        return new()
        {
            TcbInfo = Text("tcb_info"),
            TcbInfoSignature = Convert.FromHexString(Text("tcb_info_signature")),
            TcbInfoChain = Text("tcb_info_issuer_chain"),
            QeIdentity = Text("qe_identity"),
            QeIdentitySignature = Convert.FromHexString(Text("qe_identity_signature")),
            QeIdentityChain = Text("qe_identity_issuer_chain"),
            RootCrl = Convert.FromHexString(Text("root_ca_crl")),
            PckCrl = Convert.FromHexString(Text("pck_crl")),
        };
    }
}
