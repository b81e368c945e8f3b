using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Npgsql;
using Orleans.Serialization;
using Pbts.Api.Admission;
using Pbts.Api.Announce;
using Pbts.Api.Chain;
using Pbts.Api.Connections;
using Pbts.Api.Http;
using Pbts.Api.Members;
using Pbts.Api.OperatorConsole;
using Pbts.Api.Operations;
using Pbts.Api.Tee;
using Pbts.Api.Udp;
using Pbts.GrainInterfaces.Configuration;
using Pbts.GrainInterfaces.Operations;

namespace Pbts.Api;

/// <summary>What a front end is made of; a silo mounts the same to be an all-in-one node.</summary>
public static class ApiHosting
{
    /// <summary>Reads configuration, checks it and opens the database: what every PBTS process does first.</summary>
    public static void AddPbtsNode(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ReferencedAssemblies.Load();
        builder.Configuration.AddPbtsEnvironment();
        builder.Services.AddOptions<NodeOptions>().BindConfiguration(NodeOptions.Section).ValidateOnStart();
        builder.Services.AddOptions<TrackerOptions>().BindConfiguration(TrackerOptions.Section).ValidateOnStart();
        builder.Services.AddOptions<ReceiptsOptions>().BindConfiguration(ReceiptsOptions.Section).ValidateOnStart();
        builder.Services.AddOptions<TeeOptions>().BindConfiguration(TeeOptions.Section).ValidateOnStart();
        builder.Services.AddSingleton<IValidateOptions<TeeOptions>, TeeOptionsValidator>();
        builder.Services.AddSingleton<IValidateOptions<ReceiptsOptions>, ReceiptsOptionsValidator>();
        builder.Services.AddSingleton<IValidateOptions<NodeOptions>, NodeOptionsValidator>();
        builder.Services.AddSingleton<IValidateOptions<TrackerOptions>, TrackerOptionsValidator>();
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.AddSingleton<SignatureWorkers>();
        builder.Services.AddSingleton<Readiness>();
        builder.Services.AddSingleton<ReadinessProbe>();
        builder.Services.AddSingleton(services => Database(services.GetRequiredService<IOptions<NodeOptions>>().Value.Database));
        builder.AddPbtsTelemetry();
        // "The database is away" has to reach front ends as what it is.
        builder.Services.Configure<ExceptionSerializationOptions>(options => options.SupportedNamespacePrefixes.Add(nameof(Npgsql)));
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = BoundedStop.Orderly);
    }

    /// <summary>Adds the tracker and the JSON interfaces, and listens where <see cref="NodeOptions.Listen"/> says.</summary>
    public static void AddPbtsApi(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddSingleton<AnnounceMetrics>();
        builder.Services.AddSingleton<Tracker>();
        builder.Services.AddSingleton<OutsideAddresses>();
        builder.Services.AddSingleton<TrackerHandler>();
        builder.Services.AddSingleton<ClientAddressResolver>();
        builder.Services.AddSingleton<NewSwarms>();
        builder.Services.AddSingleton<SwarmClient>();
        builder.Services.AddSingleton<TrackerIdentity>();
        builder.Services.AddSingleton<ClusterFigures>();
        builder.Services.AddHostedService<FrontEndReporter>();
        builder.Services.AddMemberEndpoints();
        builder.Services.AddTeeEndpoints();
        builder.Services.AddConsole();
        builder.Services.AddSingleton<ConnectionIds>();
        builder.Services.AddSingleton<UdpHandler>();
        builder.Services.AddHostedService<UdpListener>();
    }

    /// <summary>Configures the listener: with the tracker in front of HTTP where this process serves the api.</summary>
    public static void ListenAsConfigured(this WebApplicationBuilder builder, bool withTracker)
    {
        ArgumentNullException.ThrowIfNull(builder);

        if (withTracker)
            builder.Services.AddSingleton<IConnectionListenerFactory, TrackerTransport>();
        builder.WebHost.ConfigureKestrel((_, kestrel) =>
        {
            var node = kestrel.ApplicationServices.GetRequiredService<IOptions<NodeOptions>>().Value;
            var tracker = kestrel.ApplicationServices.GetRequiredService<IOptions<TrackerOptions>>().Value;
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestLineSize = TrackerRequests.MaxHead;
            kestrel.Limits.MaxRequestHeadersTotalSize = TrackerRequests.MaxHead;
            kestrel.Limits.MaxRequestBodySize = 2 << 20;
            kestrel.Limits.MaxConcurrentConnections = tracker.MaxConnections;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(tracker.RequestSeconds);
            kestrel.Limits.KeepAliveTimeout = TimeSpan.FromSeconds(tracker.ConnectionIdleSeconds);
            foreach (var endpoint in Endpoints(node.ManagementListen, "PBTS_MANAGEMENT_LISTEN (Node:ManagementListen)"))
                kestrel.Listen(endpoint, listen => listen.MarkAsManagement());
            foreach (var endpoint in ListenEndpoints(node))
                kestrel.Listen(endpoint, listen => listen.Protocols = HttpProtocols.Http1);
        });
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

    /// <summary>Maps every endpoint of the front end.</summary>
    public static void MapPbtsApi(this WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        app.UseMiddleware<ErrorHandling>();
        app.UseMiddleware<ClientAddressMiddleware>();
        app.UseMiddleware<TrackerMiddleware>();
        app.UseMiddleware<RequestLimits>();
        app.UseRouteAccess();
        var api = app.MapGroup("").DescribeRefusals();
        api.MapStatus();
        api.MapMembers();
        api.MapTee();
        api.MapConsole();
        api.MapContract();
        api.MapMigrations();
        app.MapOrleansDashboard();
    }

    /// <summary>Nobody waits longer than this for a connection: a database that hangs is to be noticed, not to be waited for.</summary>
    private static NpgsqlDataSource Database(string connection)
    {
        const int longestWait = 3;
        var settings = new NpgsqlConnectionStringBuilder(connection);
        settings.Timeout = settings.Timeout is 0 ? longestWait : Math.Min(settings.Timeout, longestWait);
        return NpgsqlDataSource.Create(settings);
    }

    /// <summary>Where the tracker listens.</summary>
    public static IReadOnlyList<IPEndPoint> ListenEndpoints(NodeOptions node)
    {
        ArgumentNullException.ThrowIfNull(node);
        return Endpoints(node.Listen, "PBTS_LISTEN (Node:Listen)");
    }

    private static IReadOnlyList<IPEndPoint> Endpoints(string listen, string setting) =>
        ListenAddresses.TryParse(listen, "http", out var endpoints) is { } error
            ? throw new OptionsValidationException(nameof(NodeOptions), typeof(NodeOptions), [$"{setting} {error}"]) : endpoints;
}
