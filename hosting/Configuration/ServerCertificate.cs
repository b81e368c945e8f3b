using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Pbts.Hosting.Configuration;

/// <summary>Reads the certificate of <c>https://</c> addresses from its files.</summary>
public static class ServerCertificate
{
    /// <summary>Reads it, with the certificates between it and its root as they are in the file: none is fetched from anywhere.</summary>
    /// <returns>Null, or what is wrong, naming the setting.</returns>
    public static string? TryLoad(NodeOptions node, out SslStreamCertificateContext? context)
    {
        ArgumentNullException.ThrowIfNull(node);
        context = null;
        if (node.Certificate.Length == 0)
            return "PBTS_CERTIFICATE (Node:Certificate) is missing: an https:// address in PBTS_LISTEN needs a PEM file with its certificate.";
        try
        {
            var keyFile = node.CertificateKey.Length > 0 ? node.CertificateKey : node.Certificate;
            var chain = new X509Certificate2Collection();
            chain.ImportFromPemFile(node.Certificate);
            if (chain.Count == 0)
                return $"PBTS_CERTIFICATE (Node:Certificate): {node.Certificate} has no certificate.";
            using var certificate = X509Certificate2.CreateFromPemFile(node.Certificate, keyFile);
            // A key that was read from a file is of no use to TLS on some systems; one that came by PKCS #12 is.
            var withKey = X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null);
            chain.RemoveAt(0);
            context = SslStreamCertificateContext.Create(withKey, chain, offline: true);
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"PBTS_CERTIFICATE, PBTS_CERTIFICATE_KEY (Node:Certificate, Node:CertificateKey): {e.Message}";
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            // The texts of these repeat nothing of a key.
            return $"PBTS_CERTIFICATE, PBTS_CERTIFICATE_KEY (Node:Certificate, Node:CertificateKey) are not a certificate in PEM and its key, not encrypted: {e.Message}";
        }
    }
}
