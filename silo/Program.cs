using Npgsql;
using Pbts.Api;
using Pbts.GrainInterfaces.Configuration;
using Pbts.Grains;
using Pbts.Grains.Database;
using Pbts.Silo;

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
await app.RunAsync();
