using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Npgsql;
using Orleans.Serialization;
using Pbts.Hosting.Configuration;
using Pbts.Hosting.Database;
using Pbts.Hosting.Health;
using Pbts.Hosting.Metrics;
using Pbts.Hosting.Workers;

namespace Pbts.Hosting;

/// <summary>What every PBTS process is made of, front end or silo.</summary>
public static class NodeHosting
{
    /// <summary>Exit code of a mistake in the configuration (<c>EX_CONFIG</c> of sysexits.h).</summary>
    private const int Misconfigured = 78;

    /// <summary>Runs a program. A mistake in the configuration is the operator's to mend: it is named, without a stack trace.</summary>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(Func<Task<int>> program)
    {
        ArgumentNullException.ThrowIfNull(program);
        try
        {
            return await program();
        }
        catch (OptionsValidationException e)
        {
            foreach (var failure in e.Failures)
                await Console.Error.WriteLineAsync("Configuration: " + failure);
            return Misconfigured;
        }
    }

    /// <summary>Reads configuration, checks it and opens the database: what every PBTS process does first.</summary>
    public static void AddPbtsNode(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ReferencedAssemblies.Load();
        builder.Configuration.AddPbtsEnvironment();
        builder.Services.AddChecked<NodeOptions, NodeOptionsValidator>(NodeOptions.Section);
        builder.Services.AddChecked<TrackerOptions, TrackerOptionsValidator>(TrackerOptions.Section);
        builder.Services.AddChecked<ReceiptsOptions, ReceiptsOptionsValidator>(ReceiptsOptions.Section);
        builder.Services.AddChecked<TeeOptions, TeeOptionsValidator>(TeeOptions.Section);
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.AddSingleton<SignatureWorkers>();
        builder.Services.AddSingleton<Readiness>();
        builder.Services.AddSingleton<ReadinessProbe>();
        builder.Services.PostConfigure<NodeOptions>(node => node.Database = DatabaseAddress.Complete(node.Database));
        builder.Services.AddSingleton<DatabaseServers>();
        builder.Services.AddSingleton(services => services.GetRequiredService<DatabaseServers>().Source);
        builder.AddPbtsTelemetry();
        // "The database is away" has to reach front ends as what it is.
        builder.Services.Configure<ExceptionSerializationOptions>(options => options.SupportedNamespacePrefixes.Add(nameof(Npgsql)));
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = BoundedStop.Orderly);
    }

    /// <summary>Maps what every process answers: metrics and health for the operator, health for supervisors.</summary>
    public static void MapPbtsNode(this WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        app.UseHeadRequests();
        app.UseRouting();
        app.UseManagement();
        app.MapHealthProbes();
    }
}
