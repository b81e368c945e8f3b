using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Dashboard;
using Pbts.Api;
using Pbts.Api.Announce;
using Pbts.Api.Cluster;
using Pbts.Hosting;
using Pbts.Hosting.Cluster;
using Pbts.Hosting.Configuration;

return await NodeHosting.RunAsync(async () =>
{
    var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
    builder.AddPbtsNode();
    var key = builder.AddClusterKey();
    builder.UseOrleansClient(client =>
    {
        key.Guard(client);
        client.AddActivityPropagation();
        client.UseAdoNetClustering(options => options.Invariant = "Npgsql");
        if (builder.Configuration.GetSection(AdministrationOptions.Section).Get<AdministrationOptions>() is { OrleansDashboard: true })
            client.AddDashboard();
        client.UseConnectionRetryFilter((_, stopping) => Task.Delay(TimeSpan.FromSeconds(1), stopping).ContinueWith(_ => !stopping.IsCancellationRequested, TaskScheduler.Default));
    });
    builder.Services.AddOptions<AdoNetClusteringClientOptions>().Configure<IOptions<NodeOptions>>((options, node) => options.ConnectionString = node.Value.Database);
    builder.Services.AddOptions<ClusterOptions>().Configure<IOptions<NodeOptions>>((options, node) => options.ClusterId = options.ServiceId = node.Value.ClusterId);

    builder.Services.AddHostedService<GatewayWatch>();

    // Behind the client, so that nothing listens before grains can be called.
    builder.AddPbtsApi();
    builder.Services.AddSingleton<SwarmDesks>();
    builder.Services.AddHostedService(services => services.GetRequiredService<SwarmDesks>());
    builder.ListenAsConfigured(withTracker: true);

    var app = builder.Build();
    app.MapPbtsNode();
    app.MapPbtsApi();
    await app.LoadClusterKeyAsync();
    return await app.RunBoundedAsync();
});
