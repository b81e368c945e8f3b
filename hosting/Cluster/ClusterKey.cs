using System.Net.Security;
using System.Numerics;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Npgsql;
using Orleans.Configuration;
using Orleans.Connections.Security;
using Pbts.Hosting.Resilience;

namespace Pbts.Hosting.Cluster;

/// <summary>
/// What the processes of a cluster know each other by: a key that they all derive from one secret and prove to have, in mutual
/// TLS, before a byte of Orleans is read. Without it nobody calls a grain, from whatever address.
/// </summary>
/// <remarks>
/// The secret is in the database, made when the database was, unless <c>PBTS_CLUSTER_SECRET</c> gives another: who can read the
/// database is an administrator already, and so nobody has keys to hand out.
/// </remarks>
public sealed partial class ClusterKey : IDisposable
{
    /// <summary>Name in the certificates; who it is says the key alone.</summary>
    private const string Name = "pbts-cluster";

    private static readonly TimeSpan RetryEvery = TimeSpan.FromSeconds(1);

    /// <summary>Order of the group of P-256 (FIPS 186-5, SP 800-186 section 3.2.1.3).</summary>
    private static readonly BigInteger Order = new(
        Convert.FromHexString("FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551"), isUnsigned: true, isBigEndian: true);

    private X509Certificate2? _certificate;
    private byte[] _publicKey = [];

    private X509Certificate2 Certificate => _certificate ?? throw new InvalidOperationException("The cluster's key has not been loaded.");

    /// <summary>Derives the key.</summary>
    /// <param name="secret">The cluster's secret.</param>
    /// <param name="clusterId">Clusters that share a database, or a copy of one, have different keys.</param>
    public void Use(ReadOnlySpan<byte> secret, string clusterId)
    {
        // 48 bytes, so that the remainder favours no key (FIPS 186-5 section A.2.1).
        var derived = HKDF.DeriveKey(HashAlgorithmName.SHA256, secret.ToArray(), 48, info: Encoding.UTF8.GetBytes("pbts cluster connections 1 " + clusterId));
        var scalar = (new BigInteger(derived, isUnsigned: true, isBigEndian: true) % (Order - 1)) + 1;
        CryptographicOperations.ZeroMemory(derived);
        var d = new byte[32];
        var bytes = scalar.ToByteArray(isUnsigned: true, isBigEndian: true);
        bytes.CopyTo(d, d.Length - bytes.Length);
        using var key = ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, D = d });
        CryptographicOperations.ZeroMemory(d);
        CryptographicOperations.ZeroMemory(bytes);
        var request = new CertificateRequest($"CN={Name}", key, HashAlgorithmName.SHA256);
        // Nobody looks at the dates: machines' clocks may differ.
        _certificate = request.CreateSelfSigned(DateTimeOffset.UnixEpoch, new DateTimeOffset(2100, 1, 1, 0, 0, 0, TimeSpan.Zero));
        _publicKey = _certificate.PublicKey.ExportSubjectPublicKeyInfo();
    }

    /// <summary>Loads the secret from the database, waiting for the database and its schema, unless one is configured.</summary>
    public async Task LoadAsync(NpgsqlDataSource database, string configured, string clusterId, ILogger logger, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(database);
        if (configured.Length > 0)
        {
            Use(Encoding.UTF8.GetBytes(configured), clusterId);
            return;
        }

        for (; ; await Task.Delay(RetryEvery, cancellationToken))
        {
            try
            {
                await using var command = database.CreateCommand("SELECT secret FROM cluster_secret");
                Use((byte[])(await command.ExecuteScalarAsync(cancellationToken))!, clusterId);
                return;
            }
            catch (Exception e) when (e is TimeoutException or NpgsqlException and not PostgresException
                || e is PostgresException { SqlState: PostgresErrorCodes.CannotConnectNow or PostgresErrorCodes.UndefinedTable })
            {
                LogWaiting(logger, Away.Describe(e));
            }
        }
    }

    /// <summary>Has a silo's connections, from and to everybody, prove the key.</summary>
    public void Guard(ISiloBuilder silo) => silo.Services.Configure<SiloConnectionOptions>(options =>
    {
        options.ConfigureSiloInboundConnection(connection => connection.UseServerTls(Tls()));
        options.ConfigureGatewayInboundConnection(connection => connection.UseServerTls(Tls()));
        options.ConfigureSiloOutboundConnection(connection => connection.UseClientTls(Tls()));
    });

    /// <summary>Has a client's connections to silos prove the key.</summary>
    public void Guard(IClientBuilder client) => client.Services.Configure<ClientConnectionOptions>(options =>
        options.ConfigureConnection(connection => connection.UseClientTls(Tls())));

    // Made when the first connection is: by then the key has been loaded.
    private TlsOptions Tls() => new()
    {
        LocalCertificate = Certificate,
        ClientCertificateMode = RemoteCertificateMode.RequireCertificate,
        RemoteCertificateMode = RemoteCertificateMode.RequireCertificate,
        RemoteCertificateValidation = (certificate, _, _) => IsOurs(certificate),
        OnAuthenticateAsClient = (_, client) => client.TargetHost = Name,
    };

    /// <summary>Has a connection that came in prove the key.</summary>
    /// <exception cref="AuthenticationException">It has not got it.</exception>
    public SslStream AuthenticateAsServer(Stream connection)
    {
        var stream = new SslStream(connection);
        stream.AuthenticateAsServer(new SslServerAuthenticationOptions
        {
            ServerCertificate = Certificate, ClientCertificateRequired = true, RemoteCertificateValidationCallback = Validate, CertificateChainPolicy = NoChain(), AllowTlsResume = false,
        });
        return stream;
    }

    /// <summary>Has a connection that was made prove the key.</summary>
    /// <exception cref="AuthenticationException">It has not got it.</exception>
    public SslStream AuthenticateAsClient(Stream connection)
    {
        var stream = new SslStream(connection);
        stream.AuthenticateAsClient(new SslClientAuthenticationOptions
        {
            TargetHost = Name, ClientCertificates = [Certificate], RemoteCertificateValidationCallback = Validate, CertificateChainPolicy = NoChain(), AllowTlsResume = false,
        });
        return stream;
    }

    private bool Validate(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors) => IsOurs(certificate as X509Certificate2);

    // The key is all that counts: nothing that a stranger's certificate names is fetched.
    private static X509ChainPolicy NoChain() => new() { DisableCertificateDownloads = true, RevocationMode = X509RevocationMode.NoCheck, TrustMode = X509ChainTrustMode.CustomRootTrust };

    /// <summary>Whether the certificate is of the cluster's key; that the other side has that key is the handshake's to prove.</summary>
    public bool IsOurs(X509Certificate2? certificate) =>
        certificate is not null && _publicKey.Length > 0 && certificate.PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(_publicKey);

    public void Dispose() => _certificate?.Dispose();

    [LoggerMessage(LogLevel.Warning, "Waiting for the cluster's secret in the database: {Problem}")]
    private static partial void LogWaiting(ILogger logger, string problem);
}
