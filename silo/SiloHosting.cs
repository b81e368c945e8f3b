using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Dashboard;
using Orleans.Providers;
using Orleans.Storage;
using Pbts.Grains.Database;
using Pbts.Hosting.Cluster;
using Pbts.Hosting.Configuration;

namespace Pbts.Silo;

/// <summary>Orleans on PostgreSQL: membership, grain storage and reminders.</summary>
internal static class SiloHosting
{
    private const string Invariant = "Npgsql";
    private const string Storage = ProviderConstants.DEFAULT_STORAGE_PROVIDER_NAME;

    public static void AddPbtsSilo(this WebApplicationBuilder builder)
    {
        var key = builder.AddClusterKey();
        builder.UseOrleans(silo =>
        {
            key.Guard(silo);
            silo.AddActivityPropagation();
            if (builder.Configuration.GetSection(AdministrationOptions.Section).Get<AdministrationOptions>() is { OrleansDashboard: true })
                silo.AddDashboard();
            silo.UseAdoNetClustering(options => options.Invariant = Invariant);
            silo.AddAdoNetGrainStorageAsDefault(options => options.Invariant = Invariant);
            silo.UseAdoNetReminderService(options => options.Invariant = Invariant);

            // The default directory may lose entries while members come and go, and a swarm would then start twice: once
            // here without its peers. This one moves its partitions in agreement with the membership.
#pragma warning disable ORLEANSEXP003
            silo.AddDistributedGrainDirectory();
#pragma warning restore ORLEANSEXP003
        });

        var services = builder.Services;
        services.AddKeyedSingleton<IGrainStorage>(Storage, (provider, _) => new RepeatableGrainStorage(AdoNetGrainStorageFactory.Create(provider, Storage)));
        services.PostConfigure<NodeOptions>(node => node.Database = string.IsNullOrWhiteSpace(node.Database) ? "" : $"{node.Database};Application Name={SchemaMigrator.ProgramName}");
        Configure<AdoNetClusteringSiloOptions>(services, (options, node) => options.ConnectionString = node.Database);
        Configure<AdoNetReminderTableOptions>(services, (options, node) => options.ConnectionString = node.Database);
        services.AddOptions<AdoNetGrainStorageOptions>(Storage).Configure<IOptions<NodeOptions>>((options, node) => options.ConnectionString = node.Value.Database);
        Configure<ClusterOptions>(services, (options, node) => options.ClusterId = options.ServiceId = node.ClusterId);
        Configure<SiloOptions>(services, (options, node) => options.SiloName = node.Name.Length > 0 ? node.Name : options.SiloName);
        Configure<EndpointOptions>(services, (options, node) =>
        {
            options.AdvertisedIPAddress = IPAddress.Parse(node.AdvertisedAddress);
            options.SiloPort = node.SiloPort;
            options.GatewayPort = node.GatewayPort > 0 ? node.GatewayPort : FreePort(options.AdvertisedIPAddress);
        });
        // Where grains are, remembered: nothing for swarms here, whose announces need no message, and a hop saved for those elsewhere.
        // A million places, the default, cost 10 MiB empty and 150 bytes each.
        services.Configure<GrainDirectoryOptions>(options => options.CacheSize = 32_768);
        services.Configure<ClusterMembershipOptions>(options =>
        {
            // A dead silo is voted out within about ten seconds, and announces for its swarms go elsewhere.
            options.ProbeTimeout = TimeSpan.FromSeconds(3);
            options.NumMissedProbesLimit = 3;
            options.TableRefreshTimeout = TimeSpan.FromSeconds(10);
            // A process that starts after a crash waits until the crashed one is stale: three times this.
            options.IAmAliveTablePublishTimeout = TimeSpan.FromSeconds(5);
        });
        services.AddOptions<GrainCollectionOptions>().Configure<IOptions<TrackerOptions>>((options, tracker) =>
        {
            // By then every peer of a swarm nobody announces to has expired.
            options.CollectionAge = TimeSpan.FromSeconds(Math.Max(tracker.Value.PeerLifetime, 61));
        });
    }

    /// <summary>Below those that outgoing connections take: one of them could come to have it before the gateway opens, and the silo would not start.</summary>
    private static int FreePort(IPAddress address)
    {
        while (true)
        {
            var port = Random.Shared.Next(12_000, 20_000);
            try
            {
                using var probe = new TcpListener(address, port);
                probe.Start();
                return port;
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressAlreadyInUse)
            {
            }
        }
    }

    private static void Configure<T>(IServiceCollection services, Action<T, NodeOptions> configure)
        where T : class =>
        services.AddOptions<T>().Configure<IOptions<NodeOptions>>((options, node) => configure(options, node.Value));
}
