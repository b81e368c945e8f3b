using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Npgsql;
using Orleans.Serialization;
using Pbts.Api.Admission;
using Pbts.Api.Announce;
using Pbts.Api.Connections;
using Pbts.Api.Contract;
using Pbts.Api.Http;
using Pbts.Api.Members;
using Pbts.Api.Operations;
using Pbts.Api.OperatorConsole;
using Pbts.Api.Tee;
using Pbts.Api.Udp;
using Pbts.Hosting;
using Pbts.Hosting.Configuration;
using Pbts.Hosting.Health;
using Pbts.Hosting.Metrics;
using Pbts.Hosting.Workers;

namespace Pbts.Api;

/// <summary>What a front end is made of; a silo mounts the same to be an all-in-one node.</summary>
public static class ApiHosting
{
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
            kestrel.ListenForManagement(node);
            foreach (var endpoint in ListenEndpoints(node))
                kestrel.Listen(endpoint, listen => listen.Protocols = HttpProtocols.Http1);
        });
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
        app.MapStatus();
        app.MapMembers();
        app.MapTee();
        app.MapConsole();
        app.MapOrleansDashboard();
        app.MapContract();
        app.MapMigrations();
    }

    /// <summary>Where the tracker listens.</summary>
    public static IReadOnlyList<IPEndPoint> ListenEndpoints(NodeOptions node)
    {
        ArgumentNullException.ThrowIfNull(node);
        return ListenAddresses.Parse(node.Listen, "PBTS_LISTEN (Node:Listen)");
    }
}
