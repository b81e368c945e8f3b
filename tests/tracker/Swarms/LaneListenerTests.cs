using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Pbts.GrainInterfaces.Swarms;
using Pbts.Hosting.Cluster;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Swarms;

/// <summary>Who may hand in announces at a silo's lane, and what it costs to try.</summary>
public sealed class LaneListenerTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task Who_has_not_the_clusters_key_gets_nothing()
    {
        await using var silo = await LaneSilo.StartAsync(postgres);
        Assert.Empty(Ask(silo, silo.Key));

        // Other keys, to which the silo's certificate is as good as any.
        using var another = new ClusterKey();
        another.Use(RandomNumberGenerator.GetBytes(48), "pbts");
        Assert.ThrowsAny<AuthenticationException>(() => Ask(silo, another));
        using var stolenName = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=pbts-cluster", stolenName, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UtcNow.AddYears(1));
        foreach (var shown in (X509Certificate2?[])[certificate, null])
        {
            using var client = Connect(silo);
            using var stream = new SslStream(client.GetStream(), false, (_, _, _, _) => true);
            Assert.ThrowsAny<Exception>(() =>
            {
                stream.AuthenticateAsClient(new SslClientAuthenticationOptions { TargetHost = "pbts-cluster", ClientCertificates = shown is null ? null : [shown] });
                var batch = AnnounceBatch.Of([]).Bytes;
                stream.Write([(byte)batch.Length, 0, 0, 0, .. batch]);
                stream.ReadExactly(new byte[4]);
            });
        }

        // What is not TLS is answered by its alert (RFC 8446 section 6) at most.
        foreach (var bytes in (byte[][])[new byte[64], "GET / HTTP/1.1\r\n\r\n"u8.ToArray(), RandomNumberGenerator.GetBytes(4096)])
        {
            using var client = Connect(silo);
            client.GetStream().Write(bytes);
            Assert.True(Read(client) is 0 or 21);
        }

        Assert.Empty(Ask(silo, silo.Key));
    }

    [Fact]
    public async Task A_frame_that_is_too_long_or_makes_no_sense_ends_its_connection_alone()
    {
        await using var silo = await LaneSilo.StartAsync(postgres);
        using var good = ClusterConnection.Open(Address(silo), silo.Key, Patience);
        foreach (var frame in (byte[][])[new byte[AnnounceLane.MaxRequest + 1], [1, 2, 3], [0xFD, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F], [0xFD, 0xFF, 0xFF, 0xFF, 9, 0, 0, 0]])
        {
            using var connection = ClusterConnection.Open(Address(silo), silo.Key, Patience);
            Assert.ThrowsAny<IOException>(() =>
            {
                connection.Send(frame);
                connection.Receive(1024);
            });
        }

        good.Send(AnnounceBatch.Of([]).Bytes);
        Assert.Empty(new ReplyBatch(good.Receive(1024)).Read());
    }

    [Fact]
    public async Task Hundreds_who_never_finish_a_handshake_cost_little_and_keep_nobody_out()
    {
        await using var silo = await LaneSilo.StartAsync(postgres);
        Assert.Empty(Ask(silo, silo.Key));
        var (threads, cpu) = (Threads(silo), silo.Process.CpuSeconds);
        var strangers = new List<TcpClient>();
        try
        {
            for (var i = 0; i < 400; i++)
            {
                strangers.Add(Connect(silo));
                // A handshake of 512 bytes, of which the first are there.
                await strangers[^1].GetStream().WriteAsync(new byte[] { 22, 3, 1, 2, 0, 1, 0 });
            }

            Assert.Empty(Ask(silo, silo.Key));
            await Wait.UntilAsync(() => Task.FromResult(Threads(silo) < threads + 40), () => $"{Threads(silo)} threads, {threads} before.", TimeSpan.FromSeconds(3));
            // Also those who send a byte now and then are gone soon.
            await Wait.UntilAsync(async () =>
            {
                foreach (var stranger in strangers)
                {
                    try
                    {
                        await stranger.Client.SendAsync(new byte[1]);
                    }
                    catch (SocketException)
                    {
                    }
                }

                await Task.Delay(500);
                return strangers.TrueForAll(IsOver);
            });
            Assert.True(silo.Process.CpuSeconds - cpu < 5, $"{silo.Process.CpuSeconds - cpu} s of CPU.");
        }
        finally
        {
            strangers.ForEach(stranger => stranger.Dispose());
        }
    }

    private static int Threads(LaneSilo silo) => Directory.GetDirectories($"/proc/{silo.Process.Pid}/task").Length;

    private static IPEndPoint Address(LaneSilo silo) => new(IPAddress.Loopback, silo.LanePort);

    private static AnnounceReply?[] Ask(LaneSilo silo, ClusterKey key)
    {
        using var connection = ClusterConnection.Open(Address(silo), key, Patience);
        connection.Send(AnnounceBatch.Of([]).Bytes);
        return new ReplyBatch(connection.Receive(1024)).Read();
    }

    private static TcpClient Connect(LaneSilo silo)
    {
        var client = new TcpClient { ReceiveTimeout = 10_000 };
        client.Connect(Address(silo));
        return client;
    }

    private static bool IsOver(TcpClient client)
    {
        client.ReceiveTimeout = 1;
        return Read(client) is not null;
    }

    /// <summary>The first byte that has come; 0: the connection is over; null: it waits.</summary>
    private static int? Read(TcpClient client)
    {
        try
        {
            var buffer = new byte[1];
            return client.Client.Receive(buffer) == 0 ? 0 : buffer[0];
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode is SocketError.TimedOut or SocketError.WouldBlock ? null : 0;
        }
    }
}
