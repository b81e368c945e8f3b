using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;
using Pbts.GrainInterfaces.Operations;
using Pbts.Hosting.Cluster;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Cluster;

/// <summary>What a silo does with calls that only a later version knows.</summary>
public sealed class LaterVersionTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    [Fact]
    public async Task A_method_that_a_silo_does_not_know_fails_at_once_and_all_others_go_on()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var silo = await NodeProcess.StartSiloAsync(database);
        await using var source = NpgsqlDataSource.Create(database);
        using var key = new ClusterKey();
        key.Use((byte[])await AskAsync(source, "SELECT secret FROM cluster_secret"), "pbts");
        var gateway = (int)await AskAsync(source, "SELECT proxyport FROM orleans_membership WHERE status = 3");
        using var host = Host.CreateDefaultBuilder().ConfigureLogging(logging => logging.ClearProviders()).UseOrleansClient(client =>
        {
            client.UseStaticClustering(new IPEndPoint(IPAddress.Loopback, gateway));
            client.Configure<ClusterOptions>(options => options.ClusterId = options.ServiceId = "pbts");
            key.Guard(client);
        }).Build();
        await host.StartAsync();
        var grains = host.Services.GetRequiredService<IGrainFactory>();
        var now = grains.GetGrain<IReadinessGrain>(0);
        var later = now.AsReference<IReadinessOfLater>();
        await now.PingAsync();

        var error = await Assert.ThrowsAnyAsync<Exception>(() => later.PingLaterAsync().WaitAsync(TimeSpan.FromSeconds(10)));

        Assert.False(error is TimeoutException, "No answer.");
        await now.PingAsync();
        await host.StopAsync();
    }

    private static async Task<object> AskAsync(NpgsqlDataSource database, string sql)
    {
        await using var command = database.CreateCommand(sql);
        return (await command.ExecuteScalarAsync())!;
    }

    [Alias("pbts.tests.IReadinessOfLater")]
    public interface IReadinessOfLater : IGrainWithIntegerKey
    {
        [Alias("PingLater")]
        Task PingLaterAsync();
    }
}
