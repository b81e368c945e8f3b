using System.Diagnostics.CodeAnalysis;
using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Pbts.Protocol.Attestation;

/// <summary>A certificate revocation list (RFC 5280, section 5). The platform's own X.509 code takes none that is handed to it, so this reads what is needed.</summary>
internal sealed class RevocationList
{
    private const string EcdsaSha256 = "1.2.840.10045.4.3.2";

    private readonly byte[] _signed;
    private readonly byte[] _signature;
    private readonly byte[] _issuer;
    private readonly HashSet<string> _serials;

    private RevocationList(byte[] signed, byte[] signature, byte[] issuer, DateTimeOffset thisUpdate, DateTimeOffset nextUpdate, HashSet<string> serials) =>
        (_signed, _signature, _issuer, ThisUpdate, NextUpdate, _serials) = (signed, signature, issuer, thisUpdate, nextUpdate, serials);

    public DateTimeOffset ThisUpdate { get; }

    public DateTimeOffset NextUpdate { get; }

    public static bool TryParse(ReadOnlyMemory<byte> der, [NotNullWhen(true)] out RevocationList? list)
    {
        list = null;
        try
        {
            var outer = new AsnReader(der, AsnEncodingRules.DER);
            var sequence = outer.ReadSequence();
            outer.ThrowIfNotEmpty();
            var signed = sequence.ReadEncodedValue();
            if (sequence.ReadSequence().ReadObjectIdentifier() != EcdsaSha256)
                return false;
            var signature = sequence.ReadBitString(out var unused);
            sequence.ThrowIfNotEmpty();
            if (unused != 0)
                return false;

            var body = new AsnReader(signed, AsnEncodingRules.DER).ReadSequence();
            if (body.PeekTag().HasSameClassAndValue(Asn1Tag.Integer))
                body.ReadInteger();
            body.ReadSequence();
            var issuer = body.ReadEncodedValue();
            var thisUpdate = Time(body);
            var nextUpdate = Time(body);
            var serials = new HashSet<string>(StringComparer.Ordinal);
            if (body.HasData && body.PeekTag().HasSameClassAndValue(Asn1Tag.Sequence))
            {
                for (var entries = body.ReadSequence(); entries.HasData;)
                    serials.Add(Hex(entries.ReadSequence().ReadIntegerBytes().Span));
            }

            list = new(signed.ToArray(), signature, issuer.ToArray(), thisUpdate, nextUpdate, serials);
            return true;
        }
        catch (AsnContentException)
        {
            return false;
        }
    }

    /// <summary>Why the list may not be used; null when it is the issuer's and in force.</summary>
    public string? Problem(X509Certificate2 issuer, DateTimeOffset now)
    {
        if (!_issuer.AsSpan().SequenceEqual(issuer.SubjectName.RawData))
            return "is not its issuer's";
        using var key = issuer.GetECDsaPublicKey();
        if (key is null || !key.VerifyData(_signed, _signature, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence))
            return "has a wrong signature";
        return now < ThisUpdate ? "is not valid yet" : now > NextUpdate ? "has expired" : null;
    }

    public bool Revokes(X509Certificate2 certificate) => _serials.Contains(Hex(certificate.SerialNumberBytes.Span));

    private static string Hex(ReadOnlySpan<byte> serial) => Convert.ToHexString(serial.TrimStart((byte)0));

    private static DateTimeOffset Time(AsnReader reader) =>
        reader.PeekTag().HasSameClassAndValue(Asn1Tag.UtcTime) ? reader.ReadUtcTime() : reader.ReadGeneralizedTime();
}
