using System.Net;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Npgsql;
using Orleans.Serialization;
using Pbts.Api.Announce;
using Pbts.Api.Contract;
using Pbts.Api.Http;
using Pbts.Api.Members;
using Pbts.Api.OperatorConsole;
using Pbts.Api.Operations;
using Pbts.Api.Tee;
using Pbts.Api.Udp;
using Pbts.GrainInterfaces.Configuration;

namespace Pbts.Api;

/// <summary>What a front end is made of; a silo mounts the same to be an all-in-one node.</summary>
public static class ApiHosting
{
    /// <summary>Reads configuration, checks it and opens the database: what every PBTS process does first.</summary>
    public static void AddPbtsNode(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
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
        builder.Services.AddSingleton(services => Database(services.GetRequiredService<IOptions<NodeOptions>>().Value.Database));
        builder.AddPbtsTelemetry();
        // "The database is away" has to reach front ends as what it is.
        builder.Services.Configure<ExceptionSerializationOptions>(options => options.SupportedNamespacePrefixes.Add(nameof(Npgsql)));
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(30));
    }

    /// <summary>Adds the tracker and the JSON interfaces, and listens where <see cref="NodeOptions.Listen"/> says.</summary>
    public static void AddPbtsApi(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddSingleton<AnnounceMetrics>();
        builder.Services.AddSingleton<Tracker>();
        builder.Services.AddSingleton<TrackerHandler>();
        builder.Services.AddSingleton<TrackerConnectionMiddleware>();
        builder.Services.AddSingleton<ClientAddressResolver>();
        builder.Services.AddSingleton<SwarmClient>();
        builder.Services.AddSingleton<TrackerIdentity>();
        builder.Services.AddSingleton<ClusterFigures>();
        builder.Services.AddSingleton<ConnectionSweeper>();
        builder.Services.AddHostedService(services => services.GetRequiredService<ConnectionSweeper>());
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

        // An announce is answered on the thread that read it: it waits for nothing, so a change of thread would cost more
        // than the answer. Whatever does wait gives the thread back.
        builder.WebHost.UseSockets(sockets =>
        {
            sockets.UnsafePreferInlineScheduling = true;

            // One system call less an announce, for a buffer of 4 KiB a connection.
            sockets.WaitForDataBeforeAllocatingBuffer = false;
        });
        builder.WebHost.ConfigureKestrel((_, kestrel) =>
        {
            var node = kestrel.ApplicationServices.GetRequiredService<IOptions<NodeOptions>>().Value;
            var tracker = kestrel.ApplicationServices.GetRequiredService<IOptions<TrackerOptions>>().Value;
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestLineSize = TrackerConnectionMiddleware.MaxHead;
            kestrel.Limits.MaxRequestHeadersTotalSize = TrackerConnectionMiddleware.MaxHead;
            kestrel.Limits.MaxRequestBodySize = 2 << 20;
            kestrel.Limits.MaxConcurrentConnections = tracker.MaxConnections;
            foreach (var endpoint in Endpoints(node.ManagementListen, "PBTS_MANAGEMENT_LISTEN (Node:ManagementListen)"))
                kestrel.Listen(endpoint, listen => listen.MarkAsManagement());
            foreach (var endpoint in Endpoints(node.Listen, "PBTS_LISTEN (Node:Listen)"))
            {
                kestrel.Listen(endpoint, listen =>
                {
                    listen.Protocols = HttpProtocols.Http1;
                    if (!withTracker)
                        return;
                    var middleware = kestrel.ApplicationServices.GetRequiredService<TrackerConnectionMiddleware>();
                    listen.Use(next => connection => middleware.RunAsync(connection, next));
                });
            }
        });
    }

    /// <summary>Maps what every process answers: metrics and health for the operator, health for supervisors.</summary>
    public static void MapPbtsNode(this WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        app.UseManagement();
        app.MapHealthProbes();
    }

    /// <summary>Maps every endpoint of the front end.</summary>
    public static void MapPbtsApi(this WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        app.UseMiddleware<ErrorHandling>();
        app.MapStatus();
        app.MapTracker();
        app.MapMembers();
        app.MapTee();
        app.MapConsole();
        app.MapOrleansDashboard();
        app.MapContract(group => group.AddEndpointFilter<AdminAuthorization>());
        app.MapMigrations(group => group.AddEndpointFilter<AdminAuthorization>());
    }

    /// <summary>Nobody waits longer than this for a connection: a database that hangs is to be noticed, not to be waited for.</summary>
    private static NpgsqlDataSource Database(string connection)
    {
        const int longestWait = 3;
        var settings = new NpgsqlConnectionStringBuilder(connection);
        settings.Timeout = settings.Timeout is 0 ? longestWait : Math.Min(settings.Timeout, longestWait);
        return NpgsqlDataSource.Create(settings);
    }

    private static IReadOnlyList<IPEndPoint> Endpoints(string listen, string setting) =>
        ListenAddresses.TryParse(listen, "http", out var endpoints) is { } error
            ? throw new OptionsValidationException(nameof(NodeOptions), typeof(NodeOptions), [$"{setting} {error}"]) : endpoints;
}
