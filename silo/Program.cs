using Microsoft.Extensions.Options;
using Npgsql;
using Pbts.Api;
using Pbts.Api.Cluster;
using Pbts.Api.Operations;
using Pbts.GrainInterfaces.Configuration;
using Pbts.Grains;
using Pbts.Grains.Database;
using Pbts.Silo;

try
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
}
catch (OptionsValidationException e)
{
    // A mistake in the configuration is the operator's to mend: name it, without a stack trace.
    foreach (var failure in e.Failures)
        await Console.Error.WriteLineAsync("Configuration: " + failure);
    return 78;
}
