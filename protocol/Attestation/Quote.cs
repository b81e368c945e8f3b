using System.Diagnostics.CodeAnalysis;

namespace Pbts.Protocol.Attestation;

/// <summary>
/// A quote as Intel's DCAP makes it: version 3 of an SGX enclave, version 4 or 5 of a TDX machine, signed with ECDSA
/// P-256. Parsing checks the structure and nothing else; <see cref="QuoteVerifier"/> says whether it holds.
/// </summary>
public sealed class Quote
{
    /// <summary>Bytes of the longest quote that is read.</summary>
    public const int MaxSize = 64 * 1024;

    private const int EcdsaP256 = 2;
    private const int QeReportCertification = 6;
    private const int PckChainCertification = 5;

    /// <summary>Intel's quoting enclave; others have no business with Intel's certificates.</summary>
    private static readonly byte[] IntelVendor = Convert.FromHexString("939a7233f79c4ca9940a0db3957f0607");

    private Quote()
    {
    }

    /// <summary>3, 4 or 5.</summary>
    public int Version { get; private init; }

    public TeeKind Kind { get; private init; }

    /// <summary>The body of a TDX quote.</summary>
    public TdReport? TdReport { get; private init; }

    /// <summary>The body of an SGX quote.</summary>
    public EnclaveReport? EnclaveReport { get; private init; }

    /// <summary>The 64 bytes the attested program has chosen.</summary>
    public ReadOnlySpan<byte> ReportData => TdReport is { } td ? td.ReportData : EnclaveReport!.ReportData;

    /// <summary>Whether the program's memory can be read from outside.</summary>
    public bool IsDebug => TdReport?.IsDebug ?? EnclaveReport!.IsDebug;

    /// <summary>Header and body: what the attestation key signs.</summary>
    internal byte[] Signed { get; private init; } = [];

    /// <summary>r and s, 32 bytes each.</summary>
    internal byte[] Signature { get; private init; } = [];

    /// <summary>x and y of the attestation key, 32 bytes each.</summary>
    internal byte[] AttestationKey { get; private init; } = [];

    /// <summary>The quoting enclave's own report.</summary>
    internal EnclaveReport QeReport { get; private init; } = null!;

    internal byte[] QeReportSignature { get; private init; } = [];

    internal byte[] QeAuthentication { get; private init; } = [];

    /// <summary>The certificates in PEM, leaf first.</summary>
    internal byte[] Certificates { get; private init; } = [];

    /// <summary>Reads a quote. Zero bytes may follow it (drivers hand out buffers of fixed size), anything else may not.</summary>
    public static bool TryParse(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out Quote? quote, [NotNullWhen(false)] out string? error)
    {
        quote = null;
        if (bytes.Length > MaxSize)
        {
            error = $"the quote has {bytes.Length} bytes: at most {MaxSize} are read";
            return false;
        }

        var reader = new QuoteReader(bytes);
        quote = Read(ref reader, bytes);
        error = reader.Error;
        if (error is not null)
            quote = null;
        return quote is not null;
    }

    /// <summary>The measurement of that name (lower case, as in <see cref="QuotePolicy"/>); null when this kind of quote has none.</summary>
    public byte[]? Measurement(string name) => (name, TdReport, EnclaveReport) switch
    {
        ("mrtd", { } td, _) => td.MrTd.ToArray(),
        ("mrseam", { } td, _) => td.MrSeam.ToArray(),
        ("mrconfigid", { } td, _) => td.MrConfigId.ToArray(),
        ("mrowner", { } td, _) => td.MrOwner.ToArray(),
        ("mrownerconfig", { } td, _) => td.MrOwnerConfig.ToArray(),
        ("mrservicetd", { MrServiceTd.Length: > 0 } td, _) => td.MrServiceTd.ToArray(),
        ("rtmr0" or "rtmr1" or "rtmr2" or "rtmr3", { } td, _) => td.Rtmr(name[4] - '0').ToArray(),
        ("mrenclave", _, { } enclave) => enclave.MrEnclave.ToArray(),
        ("mrsigner", _, { } enclave) => enclave.MrSigner.ToArray(),
        _ => null,
    };

    private static Quote? Read(ref QuoteReader reader, ReadOnlySpan<byte> bytes)
    {
        var version = reader.UInt16("version");
        var keyType = reader.UInt16("attestation key type");
        var kind = (TeeKind)reader.UInt32("TEE type");
        reader.Bytes(4, "header");
        var vendor = reader.Bytes(16, "QE vendor");
        reader.Bytes(20, "user data");
        reader.Check((version, kind) is (3, TeeKind.Sgx) or (4 or 5, TeeKind.Tdx), "the version must be 3 for SGX, 4 or 5 for TDX");
        reader.Check(keyType == EcdsaP256, "the attestation key type must be 2 (ECDSA P-256)");
        reader.Check(vendor.SequenceEqual(IntelVendor), "the quoting enclave is not Intel's");
        var bodySize = kind == TeeKind.Sgx ? EnclaveReport.Size : TdReport.Size10;
        if (version == 5)
        {
            var type = reader.UInt16("body type");
            bodySize = type == 3 ? TdReport.Size15 : TdReport.Size10;
            reader.Check(type is 2 or 3, "the body type must be 2 (TD 1.0) or 3 (TD 1.5)");
            reader.Check(reader.UInt32("body size") == bodySize, "the body size does not fit its type");
        }

        var body = reader.Bytes(bodySize, "body");
        var signed = reader.Error is null ? bytes[..reader.Position] : default;
        var signatureSize = reader.UInt32("signature data size");
        var rest = reader.Remaining;
        reader.Check(signatureSize <= rest, $"the signature data has {signatureSize} bytes, but only {rest} follow");
        var padding = reader.Error is null ? bytes[(reader.Position + (int)signatureSize)..] : default;
        reader.Check(!padding.ContainsAnyExcept((byte)0), "other bytes than zeros follow the quote");
        reader.Truncate(padding.Length);

        var signature = reader.Bytes(64, "signature");
        var key = reader.Bytes(64, "attestation key");
        if (version >= 4)
        {
            reader.Check(reader.UInt16("certification type") == QeReportCertification, "the certification data must be of type 6 (QE report)");
            reader.Check(reader.UInt32("certification size") == reader.Remaining, "the certification data's size is not that of what follows");
        }

        var qeReport = reader.Bytes(EnclaveReport.Size, "QE report");
        var qeSignature = reader.Bytes(64, "QE report signature");
        var authentication = reader.Bytes(reader.UInt16("QE authentication size"), "QE authentication data");
        reader.Check(reader.UInt16("certificate type") == PckChainCertification, "the certificates must be of type 5 (PCK chain in PEM)");
        reader.Check(reader.UInt32("certificates' size") == reader.Remaining, "the certificates' size is not that of what follows");
        var certificates = reader.Bytes(reader.Remaining, "certificates");
        return reader.Error is not null ? null : new Quote
        {
            Version = version,
            Kind = kind,
            TdReport = kind == TeeKind.Tdx ? new TdReport(body) : null,
            EnclaveReport = kind == TeeKind.Sgx ? new EnclaveReport(body) : null,
            Signed = signed.ToArray(),
            Signature = signature.ToArray(),
            AttestationKey = key.ToArray(),
            QeReport = new EnclaveReport(qeReport),
            QeReportSignature = qeSignature.ToArray(),
            QeAuthentication = authentication.ToArray(),
            Certificates = certificates.ToArray(),
        };
    }
}
