using System.Formats.Asn1;
using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Pbts.Protocol.Attestation;

namespace Pbts.Attestation.Tests;

/// <summary>
/// A made-up platform: a root, the authorities under it and a processor that signs quotes, all with keys generated here.
/// What it makes has the layout of the real thing, so only the root tells them apart.
/// </summary>
internal sealed class TestPlatform : IDisposable
{
    public const string Fmspc = "00906ED50000";
    private const string SgxOid = "1.2.840.113741.1.13.1";

    private readonly ECDsa _rootKey = NewKey(), _authorityKey = NewKey(), _pckKey = NewKey(), _signerKey = NewKey(), _attestationKey = NewKey();
    private readonly X509Certificate2 _authority, _pck, _signer;

    public TestPlatform(DateTimeOffset? now = null)
    {
        Now = now ?? DateTimeOffset.UtcNow;
        Root = SelfSigned("Test SGX Root CA", _rootKey);
        _authority = Issue("Test SGX PCK Platform CA", _authorityKey, Root, _rootKey, isAuthority: true);
        _pck = Issue("Test SGX PCK Certificate", _pckKey, _authority, _authorityKey, isAuthority: false, PckExtension());
        _signer = Issue("Intel SGX TCB Signing", _signerKey, Root, _rootKey, isAuthority: false);
    }

    /// <summary>When everything here is in force.</summary>
    public DateTimeOffset Now { get; }

    public X509Certificate2 Root { get; }

    /// <summary>Accepts this platform.</summary>
    public QuotePolicy Policy => new() { Root = Root };

    public string CertificatePem => Pem(_pck, _authority, Root);

    /// <summary>The certificates in an order of one's own.</summary>
    public string PemInOrder(params int[] order) => Pem([.. order.Select(index => new[] { _pck, _authority, Root, _signer }[index])]);

    /// <summary>A leaf of an authority that is not in the chain, and an address where its certificate is said to be.</summary>
    public string PemOfForeignLeaf(string address)
    {
        using var key = NewKey();
        using var unknown = SelfSigned("Somebody", key);
        using var leaf = Issue("Test SGX PCK Certificate", _pckKey, unknown, key, isAuthority: false, new X509AuthorityInformationAccessExtension([], [address]));
        return Pem(leaf, _authority, Root);
    }

    /// <summary>A TDX quote of version 4 or 5.</summary>
    public byte[] TdxQuote(ReadOnlySpan<byte> reportData, int version = 4, bool debug = false, bool v15 = false, string? pem = null, byte serviceTd = 0, (int Svn, int Version)? module = null)
    {
        var body = new byte[v15 ? TdReport.Size15 : TdReport.Size10];
        (body[0], body[1], body[2]) = ((byte)(module?.Svn ?? 5), (byte)(module?.Version ?? 0), 2);
        body[120] = debug ? (byte)1 : (byte)0;
        for (var i = 0; i < 5; i++)
            body.AsSpan(i == 0 ? 136 : 280 + (48 * i), 48).Fill((byte)(0x10 + i));
        reportData.CopyTo(body.AsSpan(520));
        if (v15)
            body.AsSpan(600).Fill(serviceTd);
        byte[] header = [(byte)version, 0, 2, 0, 0x81, 0, 0, 0, 0, 0, 0, 0, .. Vendor, .. new byte[20]];
        byte[] descriptor = version == 5 ? [(byte)(v15 ? 3 : 2), 0, .. UInt32(body.Length)] : [];
        return Sign([.. header, .. descriptor, .. body], tdx: true, pem ?? CertificatePem);
    }

    /// <summary>An SGX quote of version 3.</summary>
    public byte[] SgxQuote(ReadOnlySpan<byte> reportData, bool debug = false)
    {
        var body = EnclaveBody(productId: 7, reportData, debug, mrSigner: 0x30);
        body.AsSpan(64, 32).Fill(0x20);
        byte[] header = [3, 0, 2, 0, 0, 0, 0, 0, 10, 0, 15, 0, .. Vendor, .. new byte[20]];
        return Sign([.. header, .. body], tdx: false, CertificatePem);
    }

    /// <summary>Collateral that is in force, to be bent as a test needs.</summary>
    public Collateral Collateral(TestCollateral? options = null)
    {
        options ??= new();
        var tdx = options.Tdx;
        JsonArray Svns(params int[] first) => [.. Enumerable.Range(0, 16).Select(i => (JsonNode)new JsonObject { ["svn"] = i < first.Length ? first[i] : 0 })];
        JsonObject Level(int sgx, int module, string status, params string[] advisories)
        {
            var tcb = new JsonObject { ["sgxtcbcomponents"] = Svns(sgx, sgx), ["pcesvn"] = 11 };
            if (tdx)
                tcb["tdxtcbcomponents"] = Svns(module, 0, 2);
            return new() { ["tcb"] = tcb, ["tcbDate"] = Text(Now), ["tcbStatus"] = status, ["advisoryIDs"] = new JsonArray([.. advisories.Select(id => (JsonNode)id)]) };
        }

        var tcbInfo = new JsonObject
        {
            ["id"] = tdx ? "TDX" : "SGX", ["version"] = 3, ["issueDate"] = Text(options.IssueDate ?? Now.AddDays(-1)), ["nextUpdate"] = Text(options.NextUpdate ?? Now.AddDays(29)),
            ["fmspc"] = options.Fmspc, ["pceId"] = "0000", ["tcbType"] = 0, ["tcbEvaluationDataNumber"] = 17,
            ["tdxModule"] = new JsonObject { ["mrsigner"] = new string('0', 96), ["attributes"] = new string('0', 16), ["attributesMask"] = new string('F', 16) },
            ["tcbLevels"] = new JsonArray(Level(2, 4, "OutOfDate", "INTEL-SA-00001"), Level(options.RequiredSvn, 5, options.Status, options.Advisories)),
        };
        if (options.ModuleStatus is { } moduleStatus)
        {
            JsonObject ModuleLevel(int svn, string status) => new() { ["tcb"] = new JsonObject { ["isvsvn"] = svn }, ["tcbDate"] = Text(Now), ["tcbStatus"] = status };
            tcbInfo["tdxModuleIdentities"] = new JsonArray(new JsonObject
            {
                ["id"] = "TDX_01", ["mrsigner"] = options.ModuleSigner + new string('0', 95), ["attributes"] = new string('0', 16), ["attributesMask"] = new string('F', 16),
                ["tcbLevels"] = new JsonArray(ModuleLevel(2, "OutOfDate"), ModuleLevel(5, moduleStatus)),
            });
        }

        var identity = new JsonObject
        {
            ["id"] = tdx ? "TD_QE" : "QE", ["version"] = 2, ["issueDate"] = Text(Now.AddDays(-1)), ["nextUpdate"] = Text(Now.AddDays(29)), ["tcbEvaluationDataNumber"] = 17,
            ["miscselect"] = "00000000", ["miscselectMask"] = "FFFFFFFF", ["attributes"] = "11000000000000000000000000000000", ["attributesMask"] = "FBFFFFFFFFFFFFFF0000000000000000",
            ["mrsigner"] = string.Concat(Enumerable.Repeat(options.QeSigner, 32)), ["isvprodid"] = tdx ? 2 : 1,
            ["tcbLevels"] = new JsonArray(
                new JsonObject { ["tcb"] = new JsonObject { ["isvsvn"] = 4 }, ["tcbDate"] = Text(Now), ["tcbStatus"] = options.QeStatus },
                new JsonObject { ["tcb"] = new JsonObject { ["isvsvn"] = 1 }, ["tcbDate"] = Text(Now), ["tcbStatus"] = "OutOfDate" }),
        };
        var signers = options.Signers ?? Pem(_signer, Root);
        return Sign(new()
        {
            TcbInfo = tcbInfo.ToJsonString(), TcbInfoSignature = [], TcbInfoChain = signers, QeIdentity = identity.ToJsonString(), QeIdentitySignature = [], QeIdentityChain = signers,
            RootCrl = RevocationList(Root, _rootKey, options.ListsUntil, [.. options.RevokeAuthority ? new[] { _authority } : [], .. options.RevokeSigner ? new[] { _signer } : []]),
            PckCrl = RevocationList(_authority, options.ForgePckList ? _rootKey : _authorityKey, options.ListsUntil, options.RevokePck ? [_pck] : []),
        });
    }

    /// <summary>The collateral with signatures over its documents as they are now.</summary>
    public Collateral Sign(Collateral collateral) => collateral with
    {
        TcbInfoSignature = SignBy(_signerKey, Encoding.UTF8.GetBytes(collateral.TcbInfo)), QeIdentitySignature = SignBy(_signerKey, Encoding.UTF8.GetBytes(collateral.QeIdentity)),
    };

    /// <summary>The collateral as a file.</summary>
    public static string ToJson(Collateral collateral) => new JsonObject
    {
        ["tcb_info"] = collateral.TcbInfo, ["tcb_info_signature"] = Convert.ToHexStringLower(collateral.TcbInfoSignature), ["tcb_info_issuer_chain"] = collateral.TcbInfoChain,
        ["qe_identity"] = collateral.QeIdentity, ["qe_identity_signature"] = Convert.ToHexStringLower(collateral.QeIdentitySignature), ["qe_identity_issuer_chain"] = collateral.QeIdentityChain,
        ["root_ca_crl"] = Convert.ToHexStringLower(collateral.RootCrl), ["pck_crl"] = Convert.ToHexStringLower(collateral.PckCrl), ["pck_crl_issuer_chain"] = "",
    }.ToJsonString();

    public void Dispose()
    {
        foreach (IDisposable disposable in new IDisposable[] { _rootKey, _authorityKey, _pckKey, _signerKey, _attestationKey, Root, _authority, _pck, _signer })
            disposable.Dispose();
    }

    private static readonly byte[] Vendor = Convert.FromHexString("939a7233f79c4ca9940a0db3957f0607");

    private byte[] Sign(byte[] signed, bool tdx, string pem)
    {
        var point = _attestationKey.ExportParameters(false).Q;
        byte[] key = [.. point.X!, .. point.Y!];
        byte[] authentication = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];
        var qeReport = EnclaveBody(tdx ? 2 : 1, SHA256.HashData([.. key, .. authentication]), debug: false, mrSigner: 0x77);
        var chain = Encoding.ASCII.GetBytes(pem + "\0");
        byte[] inner = [.. qeReport, .. SignBy(_pckKey, qeReport), 32, 0, .. authentication, 5, 0, .. UInt32(chain.Length), .. chain];
        byte[] outer = [.. SignBy(_attestationKey, signed), .. key, .. tdx ? (byte[])[6, 0, .. UInt32(inner.Length)] : [], .. inner];
        return [.. signed, .. UInt32(outer.Length), .. outer];
    }

    private static byte[] EnclaveBody(int productId, ReadOnlySpan<byte> reportData, bool debug, byte mrSigner)
    {
        var body = new byte[EnclaveReport.Size];
        body[48] = (byte)(0x11 | (debug ? 2 : 0));
        body.AsSpan(128, 32).Fill(mrSigner);
        body[256] = (byte)productId;
        body[258] = 4;
        reportData.CopyTo(body.AsSpan(320));
        return body;
    }

    private byte[] RevocationList(X509Certificate2 issuer, ECDsa key, DateTimeOffset? until, X509Certificate2[] revoked)
    {
        var builder = new CertificateRevocationListBuilder();
        foreach (var certificate in revoked)
            builder.AddEntry(certificate);
        var identifier = X509AuthorityKeyIdentifierExtension.CreateFromSubjectKeyIdentifier(issuer.Extensions.OfType<X509SubjectKeyIdentifierExtension>().Single());
        return builder.Build(issuer.SubjectName, X509SignatureGenerator.CreateForECDsa(key), 1, until ?? Now.AddDays(30), HashAlgorithmName.SHA256, identifier, Now.AddDays(-2));
    }

    private X509Certificate2 SelfSigned(string name, ECDsa key) => Request(name, key, isAuthority: true).CreateSelfSigned(Now.AddDays(-365), Now.AddDays(365));

    private X509Certificate2 Issue(string name, ECDsa key, X509Certificate2 issuer, ECDsa issuerKey, bool isAuthority, X509Extension? more = null)
    {
        var request = Request(name, key, isAuthority);
        if (more is not null)
            request.CertificateExtensions.Add(more);
        return request.Create(issuer.SubjectName, X509SignatureGenerator.CreateForECDsa(issuerKey), Now.AddDays(-180), Now.AddDays(180), RandomNumberGenerator.GetBytes(20));
    }

    private static CertificateRequest Request(string name, ECDsa key, bool isAuthority)
    {
        var request = new CertificateRequest($"CN={name}, O=Test", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(isAuthority, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(isAuthority ? X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign : X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        return request;
    }

    private static X509Extension PckExtension()
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        void Pair(string oid, Action value)
        {
            using var pair = writer.PushSequence();
            writer.WriteObjectIdentifier(oid);
            value();
        }

        using (writer.PushSequence())
        {
            Pair(SgxOid + ".1", () => writer.WriteOctetString(new byte[16]));
            Pair(SgxOid + ".2", () =>
            {
                using var tcb = writer.PushSequence();
                for (var i = 1; i <= 16; i++)
                    Pair(string.Create(CultureInfo.InvariantCulture, $"{SgxOid}.2.{i}"), () => writer.WriteInteger(3));
                Pair(SgxOid + ".2.17", () => writer.WriteInteger(11));
                Pair(SgxOid + ".2.18", () => writer.WriteOctetString(new byte[16]));
            });
            Pair(SgxOid + ".3", () => writer.WriteOctetString(new byte[2]));
            Pair(SgxOid + ".4", () => writer.WriteOctetString(Convert.FromHexString(Fmspc)));
            Pair(SgxOid + ".5", () => writer.WriteEnumeratedValue(DayOfWeek.Sunday));
        }

        return new X509Extension(SgxOid, writer.Encode(), false);
    }

    private static string Pem(params X509Certificate2[] certificates) => string.Concat(certificates.Select(certificate => certificate.ExportCertificatePem() + "\n"));

    private static ECDsa NewKey() => ECDsa.Create(ECCurve.NamedCurves.nistP256);

    private static byte[] SignBy(ECDsa key, byte[] data) => key.SignData(data, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);

    private static byte[] UInt32(int value) => BitConverter.GetBytes((uint)value);

    private static string Text(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
