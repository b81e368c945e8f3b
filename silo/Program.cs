using Microsoft.Extensions.Options;
using Npgsql;
using Pbts.Api;
using Pbts.Grains;
using Pbts.Grains.Database;
using Pbts.Hosting;
using Pbts.Hosting.Cluster;
using Pbts.Hosting.Configuration;
using Pbts.Silo;

return await NodeHosting.RunAsync(async () =>
{
    var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
    builder.AddPbtsNode();
    var servesApi = (builder.Configuration.GetSection(NodeOptions.Section).Get<NodeOptions>() ?? new()).ServesApi;
    builder.AddPbtsSilo();
    builder.Services.AddPbtsGrains();
    if (servesApi)
        builder.AddPbtsApi();
    builder.ListenAsConfigured(servesApi);

    var app = builder.Build();
    app.MapPbtsNode();
    if (servesApi)
        app.MapPbtsApi();
    await app.MigrateDatabaseAsync();
    await app.LoadClusterKeyAsync();
    return await app.RunBoundedAsync();
});
