using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Pbts.Protocol.Attestation;

/// <summary>Certificates from a leaf up to a root, as they come in PEM.</summary>
internal sealed class CertificateChain : IDisposable
{
    private const int MaxCertificates = 4;

    private readonly X509Certificate2[] _certificates;

    private CertificateChain(X509Certificate2[] certificates) => _certificates = certificates;

    public X509Certificate2 Leaf => _certificates[0];

    /// <summary>The one above the leaf.</summary>
    public X509Certificate2 Issuer => _certificates[1];

    public int Count => _certificates.Length;

    /// <summary>
    /// Reads two to four certificates. Line ends and a closing zero byte may vary; every other byte must be as an encoder
    /// writes it, so that no two texts stand for one chain.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<byte> pem, [NotNullWhen(true)] out CertificateChain? chain)
    {
        chain = null;
        if (!Ascii.IsValid(pem))
            return false;
        var text = Encoding.ASCII.GetString(pem.TrimEnd((byte)0));
        var certificates = new X509Certificate2Collection();
        try
        {
            certificates.ImportFromPem(text);
            if (certificates.Count is >= 2 and <= MaxCertificates && Bare(certificates.ExportCertificatePems()) == Bare(text))
            {
                chain = new([.. certificates]);
                return true;
            }
        }
        catch (CryptographicException)
        {
            // No certificates.
        }

        Dispose(certificates);
        return false;
    }

    /// <summary>Why the chain does not hold; null when every certificate is signed by the next, the last is the root, and all are in force.</summary>
    public string? Problem(X509Certificate2 root, DateTimeOffset now)
    {
        if (!_certificates[^1].RawDataMemory.Span.SequenceEqual(root.RawDataMemory.Span))
            return "the chain does not end at the pinned root";
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(root);
        chain.ChainPolicy.ExtraStore.AddRange(_certificates[1..^1]);
        // Revocation is judged by the lists of the collateral; nothing is ever fetched from an address in a certificate.
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.VerificationTime = now.UtcDateTime;
        try
        {
            if (!chain.Build(Leaf))
                return "the chain does not hold: " + string.Join(", ", chain.ChainStatus.Select(status => status.Status).Distinct());
            var same = chain.ChainElements.Count == Count
                && chain.ChainElements.Zip(_certificates).All(pair => pair.First.Certificate.RawDataMemory.Span.SequenceEqual(pair.Second.RawDataMemory.Span));
            return same ? null : "the chain is in another order than it is signed";
        }
        catch (CryptographicException)
        {
            // Certificates that were read as such, whose keys are none.
            return "the chain does not hold: a certificate is damaged";
        }
        finally
        {
            foreach (var element in chain.ChainElements)
                element.Certificate.Dispose();
        }
    }

    /// <summary>Whether the leaf signed the data (ECDSA P-256, SHA-256; r and s).</summary>
    public bool LeafSigned(ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
    {
        try
        {
            using var key = Leaf.GetECDsaPublicKey();
            return key is { KeySize: 256 } && signature.Length == 64 && key.VerifyData(data, signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    public void Dispose() => Dispose(_certificates);

    private static void Dispose(IEnumerable<X509Certificate2> certificates)
    {
        foreach (var certificate in certificates)
            certificate.Dispose();
    }

    private static string Bare(string pem) => pem.Replace("\n", "", StringComparison.Ordinal).Replace("\r", "", StringComparison.Ordinal);
}
