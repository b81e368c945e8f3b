using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Pbts.Api;
using Pbts.GrainInterfaces.Configuration;

var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
builder.AddPbtsNode();
builder.AddPbtsApi();
builder.ListenAsConfigured(withTracker: true);
builder.UseOrleansClient(client =>
{
    client.AddActivityPropagation();
    client.UseAdoNetClustering(options => options.Invariant = "Npgsql");
    client.UseConnectionRetryFilter((_, stopping) => Task.Delay(TimeSpan.FromSeconds(1), stopping).ContinueWith(_ => !stopping.IsCancellationRequested, TaskScheduler.Default));
});
builder.Services.AddOptions<AdoNetClusteringClientOptions>().Configure<IOptions<NodeOptions>>((options, node) => options.ConnectionString = node.Value.Database);
builder.Services.AddOptions<ClusterOptions>().Configure<IOptions<NodeOptions>>((options, node) => options.ClusterId = options.ServiceId = node.Value.ClusterId);

var app = builder.Build();
app.MapPbtsNode();
app.MapPbtsApi();
await app.RunAsync();
