using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;
using Pbts.Api.Announce;
using Pbts.GrainInterfaces.Swarms;
using Pbts.Hosting.Cluster;
using Pbts.Local.Processes;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Swarms;

/// <summary>A silo, and in this process what a front end has of it.</summary>
internal sealed class LaneSilo : IAsyncDisposable
{
    private readonly IHost _client;

    private LaneSilo(NodeProcess process, int lanePort, ClusterKey key, IHost client, SiloAddress address)
    {
        (Process, LanePort, Key, _client, Address) = (process, lanePort, key, client, address);
        Grain = client.Services.GetRequiredService<IGrainFactory>().GetGrain<ISwarmDeskGrain>(address.ToParsableString());
    }

    public NodeProcess Process { get; }

    public int LanePort { get; }

    public ClusterKey Key { get; }

    public SiloAddress Address { get; }

    public ISwarmDeskGrain Grain { get; }

    public static async Task<LaneSilo> StartAsync(PostgresServer postgres)
    {
        var database = await postgres.CreateDatabaseAsync();
        var lane = Ports.Free();
        var silo = await NodeProcess.StartSiloAsync(database, ("PBTS_LANE_PORT", $"{lane}"));
        await using var source = NpgsqlDataSource.Create(database);
        var key = new ClusterKey();
        key.Use((byte[])await AskAsync(source, "SELECT secret FROM cluster_secret"), "pbts");
        var gateway = (int)await AskAsync(source, "SELECT proxyport FROM orleans_membership WHERE status = 3");
        var client = Host.CreateDefaultBuilder().ConfigureLogging(logging => logging.ClearProviders()).UseOrleansClient(client =>
        {
            client.UseStaticClustering(new IPEndPoint(IPAddress.Loopback, gateway));
            client.Configure<ClusterOptions>(options => options.ClusterId = options.ServiceId = "pbts");
            key.Guard(client);
        }).Build();
        await client.StartAsync();
        var hosts = await client.Services.GetRequiredService<IGrainFactory>().GetGrain<IManagementGrain>(0).GetHosts(onlyActive: true);
        return new(silo, lane, key, client, hosts.Keys.Single());
    }

    public SwarmDesk Open(ISwarmDeskGrain grain) => new(Address, grain, Key, 0, NullLogger.Instance) { TryEvery = TimeSpan.Zero };

    public async ValueTask DisposeAsync()
    {
        await _client.StopAsync();
        _client.Dispose();
        Key.Dispose();
        await Process.DisposeAsync();
    }

    private static async Task<object> AskAsync(NpgsqlDataSource database, string sql)
    {
        await using var command = database.CreateCommand(sql);
        return (await command.ExecuteScalarAsync())!;
    }
}
