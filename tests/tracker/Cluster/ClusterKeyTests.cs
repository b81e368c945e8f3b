using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;
using Pbts.GrainInterfaces.Settings;
using Pbts.Hosting.Cluster;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Cluster;

/// <summary>Who may talk to a silo: the cluster's own processes, and nobody who only reaches its ports.</summary>
public sealed class ClusterKeyTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    [Fact]
    public async Task Whoever_reaches_the_ports_of_a_silo_without_the_clusters_key_gets_nothing()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var silo = await NodeProcess.StartSiloAsync(database);
        var (siloPort, gatewayPort) = await PortsAsync(database);

        Assert.NotNull(await AskAsync(gatewayPort, await KeyAsync(database)));
        Assert.Null(await AskAsync(gatewayPort, key: null));
        using var another = new ClusterKey();
        another.Use(RandomNumberGenerator.GetBytes(48), "pbts");
        Assert.Null(await AskAsync(gatewayPort, another));
        using var otherCluster = new ClusterKey();
        otherCluster.Use(await SecretAsync(database), "another");
        Assert.Null(await AskAsync(gatewayPort, otherCluster));

        // What Orleans says first in plain text, to either port, is not answered.
        foreach (var port in (int[])[siloPort, gatewayPort])
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, port);
            await client.GetStream().WriteAsync(new byte[64]);
            Assert.False(await AnswersAsync(client));
        }
    }

    [Fact]
    public async Task Processes_with_a_secret_of_their_own_form_a_cluster_and_one_without_it_stays_outside()
    {
        var database = await postgres.CreateDatabaseAsync();
        (string, string) secret = ("PBTS_CLUSTER_SECRET", "thirty-two characters, at the least");
        await using var silo = await NodeProcess.StartSiloAsync(database, secret);
        await using var front = await NodeProcess.StartApiAsync(database, secret);
        Assert.Equal(1, (await new Announcer(front).AnnounceAsync(Announcer.NewTorrent(), 1, 1)).Incomplete);
        Assert.Null(await AskAsync((await PortsAsync(database)).Gateway, await KeyAsync(database)));
    }

    [Fact]
    public async Task A_secret_that_could_be_guessed_is_refused_at_start()
    {
        await using var silo = NodeProcess.Launch("Pbts.Silo.dll", await postgres.CreateDatabaseAsync(), ("PBTS_CLUSTER_SECRET", "short"));
        await silo.WaitForExitAsync();
        Assert.Contains("PBTS_CLUSTER_SECRET", silo.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("short,", silo.Log, StringComparison.Ordinal);
    }

    /// <summary>Asks a silo for the instance id, as a front end would; null when it is not answered.</summary>
    private static async Task<string?> AskAsync(int gatewayPort, ClusterKey? key)
    {
        using var host = Host.CreateDefaultBuilder().ConfigureLogging(logging => logging.ClearProviders()).UseOrleansClient(client =>
        {
            client.UseStaticClustering(new IPEndPoint(IPAddress.Loopback, gatewayPort));
            client.Configure<ClusterOptions>(options => options.ClusterId = options.ServiceId = "pbts");
            client.Configure<ClientMessagingOptions>(options => options.ResponseTimeout = TimeSpan.FromSeconds(5));
            key?.Guard(client);
        }).Build();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        try
        {
            await host.StartAsync(patience.Token);
            return await host.Services.GetRequiredService<IGrainFactory>().GetGrain<ISettingsGrain>(0).GetInstanceIdAsync();
        }
        catch (Exception e) when (e is OrleansException or TimeoutException or OperationCanceledException or SocketException)
        {
            return null;
        }
    }

    private static async Task<bool> AnswersAsync(TcpClient client)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(3));
        try
        {
            // An alert of TLS (RFC 8446 section 6) is no answer.
            var buffer = new byte[1024];
            return await client.GetStream().ReadAsync(buffer, patience.Token) > 0 && buffer[0] != 21;
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            return false;
        }
    }

    private static async Task<(int Silo, int Gateway)> PortsAsync(string database)
    {
        await using var source = NpgsqlDataSource.Create(database);
        await using var command = source.CreateCommand("SELECT port, proxyport FROM orleans_membership WHERE status = 3");
        await using var reader = await command.ExecuteReaderAsync();
        Assert.True(await reader.ReadAsync());
        return (reader.GetInt32(0), reader.GetInt32(1));
    }

    private static async Task<byte[]> SecretAsync(string database)
    {
        await using var source = NpgsqlDataSource.Create(database);
        await using var command = source.CreateCommand("SELECT secret FROM cluster_secret");
        return (byte[])(await command.ExecuteScalarAsync())!;
    }

    private static async Task<ClusterKey> KeyAsync(string database)
    {
        var key = new ClusterKey();
        key.Use(await SecretAsync(database), "pbts");
        return key;
    }
}
