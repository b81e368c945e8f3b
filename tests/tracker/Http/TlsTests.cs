using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Pbts.Local.Processes;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Http;

/// <summary>The tracker by HTTPS, with a certificate authority of the test's own.</summary>
public sealed class TlsTests(PostgresServer postgres) : IClassFixture<PostgresServer>, IDisposable
{
    private const string Announce = "/announce?info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=-XX0001-000000000000&port=6881&left=0&uploaded=0&downloaded=0&compact=1";

    private readonly string _folder = Directory.CreateTempSubdirectory("pbts-tls").FullName;
    private readonly Authority _authority = new();
    private int _port;

    private string Certificate => Path.Combine(_folder, "certificate.pem");

    private string Key => Path.Combine(_folder, "key.pem");

    public void Dispose()
    {
        _authority.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Announces_and_everything_else_are_served_to_who_checks_the_certificate_and_a_renewed_one_is_taken_up()
    {
        _authority.Issue("one", Certificate, Key);
        await using var node = await StartAsync();
        using var client = Client();
        Assert.StartsWith("d8:complete", await client.GetStringAsync(Announce), StringComparison.Ordinal);
        Assert.Contains("\"instance_id\"", await client.GetStringAsync("/config"), StringComparison.Ordinal);
        var alice = new Member("alice");
        var (status, answer) = await alice.RegisterAsync(client);
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.StartsWith($"https://127.0.0.1:{_port}/announce/", (string)answer["announce_url"]!, StringComparison.Ordinal);
        // The same swarm without TLS, where that is configured too.
        Assert.StartsWith("d8:completei2e", await node.Http.GetStringAsync(Announce.Replace("-XX0001-0", "-XX0001-1", StringComparison.Ordinal).Replace("6881", "6882", StringComparison.Ordinal)), StringComparison.Ordinal);

        using (var strangers = Client(new Authority()))
            await Assert.ThrowsAsync<HttpRequestException>(() => strangers.GetStringAsync(Announce));

        // Renewed: who has a connection keeps it, who comes sees the new one. Half written, the one before is shown.
        Assert.Equal("CN=one", await SubjectAsync());
        await File.WriteAllTextAsync(Certificate, "-----BEGIN CERTIFICATE-----\nAAAA");
        File.SetLastWriteTimeUtc(Certificate, DateTime.UtcNow.AddSeconds(10));
        await Task.Delay(TimeSpan.FromSeconds(2.5));
        Assert.Equal("CN=one", await SubjectAsync());
        _authority.Issue("two", Certificate, Key);
        File.SetLastWriteTimeUtc(Certificate, DateTime.UtcNow.AddSeconds(20));
        for (var waited = Stopwatch.StartNew(); await SubjectAsync() != "CN=two"; await Task.Delay(200))
            Assert.True(waited.Elapsed < TimeSpan.FromSeconds(30), node.Log);
        Assert.StartsWith("d8:complete", await client.GetStringAsync(Announce), StringComparison.Ordinal);
        Assert.Contains("is not renewed", node.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("PRIVATE KEY", node.Log, StringComparison.Ordinal);
    }

    /// <summary>As Kubernetes lays a secret out: files are links into a folder that is a link.</summary>
    [Fact]
    public async Task A_certificate_that_is_renewed_by_changing_a_link_is_taken_up()
    {
        var links = Directory.CreateDirectory(Path.Combine(_folder, "links")).FullName;
        Bring("one");
        File.CreateSymbolicLink(Path.Combine(links, "tls.crt"), Path.Combine("..data", "tls.crt"));
        File.CreateSymbolicLink(Path.Combine(links, "tls.key"), Path.Combine("..data", "tls.key"));
        await using var node = await StartAsync(("PBTS_CERTIFICATE", Path.Combine(links, "tls.crt")), ("PBTS_CERTIFICATE_KEY", Path.Combine(links, "tls.key")));
        Assert.Equal("CN=one", await SubjectAsync());
        Bring("two");
        for (var waited = Stopwatch.StartNew(); await SubjectAsync() != "CN=two"; await Task.Delay(200))
            Assert.True(waited.Elapsed < TimeSpan.FromSeconds(30), node.Log);

        void Bring(string name)
        {
            var folder = Directory.CreateDirectory(Path.Combine(links, name)).FullName;
            _authority.Issue(name, Path.Combine(folder, "tls.crt"), Path.Combine(folder, "tls.key"));
            File.Delete(Path.Combine(links, "..data"));
            Directory.CreateSymbolicLink(Path.Combine(links, "..data"), name);
        }
    }

    [Fact]
    public async Task A_proxy_that_ends_tls_has_announce_urls_handed_out_with_https()
    {
        _authority.Issue("proxy", Certificate, Key);
        _port = Ports.Free();
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), ("Tracker__TrustedProxies__0", "127.0.0.1"));
        await using var proxy = await Proxy.StartAsync([node], tls: new([$"127.0.0.1:{_port}"], Certificate, Key));
        using var client = Client(from: "127.0.0.9");
        Assert.StartsWith("d8:complete", await client.GetStringAsync(Announce), StringComparison.Ordinal);
        Assert.StartsWith($"https://127.0.0.1:{_port}/announce/", (string)(await new Member("alice").RegisterAsync(client)).Answer["announce_url"]!, StringComparison.Ordinal);
        using var plain = new HttpClient { BaseAddress = proxy.Url };
        Assert.StartsWith($"{proxy.Url}announce/", (string)(await new Member("bob").RegisterAsync(plain)).Answer["announce_url"]!, StringComparison.Ordinal);
    }

    /// <summary>Who is no trusted proxy cannot say how it came.</summary>
    [Fact]
    public async Task Only_a_trusted_proxy_says_that_its_client_came_by_https()
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), ("Tracker__TrustedProxies__0", "127.0.0.2"));
        node.Http.DefaultRequestHeaders.Add("X-Forwarded-Proto", "https");
        Assert.StartsWith("http://", (string)(await new Member("alice").RegisterAsync(node.Http)).Answer["announce_url"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Handshakes_that_never_end_are_ended_and_one_address_has_no_more_connections_than_it_may()
    {
        _authority.Issue("one", Certificate, Key);
        await using var node = await StartAsync(("Tracker__RequestSeconds", "2"), ("Tracker__ConnectionsPerAddress", "20"));
        var (silent, closed) = (new List<TcpClient>(), 0);
        for (var i = 0; i < 40; i++)
        {
            var one = new TcpClient();
            try
            {
                await one.ConnectAsync(IPAddress.Loopback, _port);
                silent.Add(one);
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionReset)
            {
                // Closed before we were back from connecting.
                closed++;
            }
        }

        // Those beyond the bound are closed at once, the others when their time is over.
        await Wait.UntilAsync(() => Task.FromResult(closed + silent.Count(IsClosed) >= 20));
        using (var other = Client(from: "127.0.0.9"))
            Assert.StartsWith("d8:complete", await other.GetStringAsync(Announce), StringComparison.Ordinal);
        await Wait.UntilAsync(() => Task.FromResult(silent.All(IsClosed)));
        using (var client = Client())
            Assert.StartsWith("d8:complete", await client.GetStringAsync(Announce), StringComparison.Ordinal);
        silent.ForEach(one => one.Dispose());

        static bool IsClosed(TcpClient client)
        {
            try
            {
                return client.Client.Poll(0, SelectMode.SelectRead) && client.Client.Receive(new byte[1], SocketFlags.Peek) == 0;
            }
            catch (SocketException)
            {
                return true;
            }
        }
    }

    [Theory]
    [InlineData("", "", "PBTS_CERTIFICATE (Node:Certificate) is missing")]
    [InlineData("nothing", "", "nothing")]
    [InlineData("empty", "", "has no certificate")]
    [InlineData("certificate", "", "are not a certificate in PEM and its key")]
    [InlineData("certificate", "other", "are not a certificate in PEM and its key")]
    public async Task A_certificate_that_is_none_is_named_at_start(string certificate, string key, string words)
    {
        _authority.Issue("other", Path.Combine(_folder, "x"), Path.Combine(_folder, "other"));
        _authority.Issue("one", Path.Combine(_folder, "certificate"), Path.Combine(_folder, "key"));
        await File.WriteAllTextAsync(Path.Combine(_folder, "empty"), "");
        string PathOf(string name) => name.Length == 0 ? "" : Path.Combine(_folder, name);
        await using var node = NodeProcess.Launch("Pbts.Silo.dll", await postgres.CreateDatabaseAsync(), ("PBTS_LISTEN", "https://127.0.0.1:0"), ("PBTS_UDP_LISTEN", "off"), ("PBTS_CERTIFICATE", PathOf(certificate)), ("PBTS_CERTIFICATE_KEY", PathOf(key)));
        await node.WaitForExitAsync();
        Assert.NotEqual(0, node.ExitCode);
        Assert.Contains(words, node.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", node.Log, StringComparison.Ordinal);
    }

    private async Task<NodeProcess> StartAsync(params (string, string)[] settings)
    {
        var ports = Ports.Free(2);
        _port = ports[1];
        return await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(),
            [("PBTS_CERTIFICATE", Certificate), ("PBTS_CERTIFICATE_KEY", Key), (NodeProcess.AlsoListen, $"https://127.0.0.1:{_port};https://[::1]:{_port}"), .. settings]);
    }

    /// <summary>A client that trusts this authority alone.</summary>
    private HttpClient Client(Authority? authority = null, string from = "127.0.0.1")
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.Add((authority ?? _authority).Root);
        var handler = new SocketsHttpHandler
        {
            SslOptions = new() { CertificateChainPolicy = policy },
            ConnectCallback = async (context, cancellation) =>
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                socket.Bind(new IPEndPoint(IPAddress.Parse(from), 0));
                await socket.ConnectAsync(IPAddress.Loopback, context.DnsEndPoint.Port, cancellation);
                return new NetworkStream(socket, ownsSocket: true);
            },
        };
        return new HttpClient(handler) { BaseAddress = new Uri($"https://127.0.0.1:{_port}"), Timeout = TimeSpan.FromSeconds(60) };
    }

    private async Task<string> SubjectAsync()
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, _port);
        using var tls = new SslStream(client.GetStream(), false, (_, _, _, _) => true);
        await tls.AuthenticateAsClientAsync("127.0.0.1");
        return tls.RemoteCertificate!.Subject;
    }

    /// <summary>A root and what it issues for this machine.</summary>
    internal sealed class Authority : IDisposable
    {
        private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

        public Authority()
        {
            var request = new CertificateRequest("CN=the test's own", _key, HashAlgorithmName.SHA256);
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
            request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
            Root = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(2));
        }

        public X509Certificate2 Root { get; }

        public void Issue(string name, string certificateFile, string keyFile)
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
            var names = new SubjectAlternativeNameBuilder();
            names.AddDnsName("localhost");
            names.AddIpAddress(IPAddress.Loopback);
            names.AddIpAddress(IPAddress.IPv6Loopback);
            request.CertificateExtensions.Add(names.Build());
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, false));
            using var certificate = request.Create(Root, DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1), RandomNumberGenerator.GetBytes(8));
            File.WriteAllText(keyFile, key.ExportPkcs8PrivateKeyPem());
            File.WriteAllText(certificateFile, certificate.ExportCertificatePem() + "\n" + Root.ExportCertificatePem() + "\n");
        }

        public void Dispose()
        {
            Root.Dispose();
            _key.Dispose();
        }
    }
}
