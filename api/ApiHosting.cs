using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;
using Pbts.Api.Administration;
using Pbts.Api.Announce;
using Pbts.Api.Announce.Access;
using Pbts.Api.Callers;
using Pbts.Api.Chain;
using Pbts.Api.Cluster;
using Pbts.Api.Connections;
using Pbts.Api.Dialects;
using Pbts.Api.Http;
using Pbts.Api.Members;
using Pbts.Api.Ocelot;
using Pbts.Api.OpenApi;
using Pbts.Api.OperatorConsole;
using Pbts.Api.Passports;
using Pbts.Api.Policy;
using Pbts.Api.Settings;
using Pbts.Api.Site;
using Pbts.Api.Status;
using Pbts.Api.Tee;
using Pbts.Api.Torrents;
using Pbts.Api.Trust;
using Pbts.Api.Udp;
using Pbts.Api.Unit3d;
using Pbts.Hosting;
using Pbts.Hosting.Configuration;

namespace Pbts.Api;

/// <summary>What a front end is made of; a silo mounts the same to be an all-in-one node.</summary>
public static class ApiHosting
{
    /// <summary>Adds the tracker and the JSON interfaces, and listens where <see cref="NodeOptions.Listen"/> says.</summary>
    public static void AddPbtsApi(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var services = builder.Services;
        services.ConfigureHttpJsonOptions(json =>
        {
            json.SerializerOptions.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
            // Nobody reads numbers out of texts here, and the description is not to say so.
            json.SerializerOptions.NumberHandling = JsonNumberHandling.Strict;
            json.SerializerOptions.Converters.Add(new WireText());
        });
        services.AddChecked<AdministrationOptions, AdministrationOptionsValidator>(AdministrationOptions.Section);
        services.AddChecked<RatioOptions, RatioOptionsValidator>(RatioOptions.Section);
        services.AddChecked<TorrentsOptions, TorrentsOptionsValidator>(TorrentsOptions.Section);
        services.AddChecked<MembersOptions, MembersOptionsValidator>(MembersOptions.Section);
        services.AddChecked<SiteOptions, SiteOptionsValidator>(SiteOptions.Section);
        services.AddChecked<LimitsOptions, LimitsOptionsValidator>(LimitsOptions.Section);

        services.AddSingleton<ClientAddressResolver>();
        services.AddSingleton<CallerLimits>();
        services.AddSingleton<SiteKeys>();
        services.AddSingleton<BodyBudget>();
        services.AddSingleton<Moments>();
        services.AddSingleton<VerificationBudget>();
        services.AddHostedService<LimitsAtStart>();

        services.AddSingleton<AnnounceMetrics>();
        services.AddSingleton<Tracker>();
        services.AddSingleton<OutsideAddresses>();
        services.AddSingleton<TrackerHandler>();
        services.AddSingleton<NewSwarms>();
        services.AddSingleton<SwarmClient>();
        services.AddSingleton<TrackerIdentity>();
        services.AddSingleton<IUserDirectory, UserDirectory>();
        services.AddSingleton<IAnnounceAccess, UserAccess>();
        services.AddSingleton<ClientRules>();
        services.AddSingleton<SiteRules>();
        services.AddSingleton<UnregisteredTorrents>();
        services.AddHostedService<PolicyWatch>();
        services.AddSingleton<ChangeWaits>();

        services.AddSingleton<ClusterFigures>();
        services.AddHostedService<FrontEndReporter>();
        services.AddSingleton<AuditTrail>();
        services.AddHostedService(provider => provider.GetRequiredService<AuditTrail>());
        services.AddSingleton<ApiTokens>();
        services.AddSingleton<AdminAuthorization>();
        services.AddSingleton<MemberOrAdministration>();
        services.AddSingleton<PassportDesk>();
        services.AddSingleton<SiteAccess>();
        services.AddSingleton<SiteMembers>();
        services.AddSingleton<OcelotUptime>();
        services.AddSingleton<Unit3dFigures>();
        services.AddHostedService(provider => provider.GetRequiredService<Unit3dFigures>());
        services.AddHostedService<InstanceLookup>();
        services.AddApiDocument();
        services.AddTeeEndpoints();
        services.AddConsole();
        services.AddSingleton<ConnectionIds>();
        services.AddSingleton<UdpHandler>();
        services.AddHostedService<UdpListener>();
    }

    /// <summary>Configures the listener: with the tracker in front of HTTP where this process serves the api.</summary>
    public static void ListenAsConfigured(this WebApplicationBuilder builder, bool withTracker)
    {
        ArgumentNullException.ThrowIfNull(builder);

        builder.Services.AddSingleton<TlsCertificates>();
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
            foreach (var (scheme, endpoint) in ListenEndpoints(node))
            {
                kestrel.Listen(endpoint, listen =>
                {
                    listen.Protocols = HttpProtocols.Http1;
                    if (scheme == "https")
                        listen.UseTls(kestrel.ApplicationServices, TimeSpan.FromSeconds(tracker.RequestSeconds));
                });
            }
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
        var api = app.MapGroup("").DescribeRefusals();
        api.MapStatus();
        api.MapMembers();
        api.MapPassports();
        api.MapIssuers();
        api.MapTorrents();
        api.MapPolicy();
        api.MapTokens();
        api.MapTrust();
        api.MapSite();
        api.MapUnit3d();
        api.MapOcelot();
        api.MapConfig();
        api.MapApiDocument();
        api.MapTee();
        api.MapConsole();
        api.MapContract();
        api.MapAnchors();
        api.MapClaims();
        api.MapMigrations();
        app.MapOrleansDashboard();
    }

    /// <summary>Where the tracker listens.</summary>
    public static IReadOnlyList<ListenAddress> ListenEndpoints(NodeOptions node)
    {
        ArgumentNullException.ThrowIfNull(node);
        return ListenAddresses.Parse(node.Listen, "PBTS_LISTEN (Node:Listen)", ListenAddresses.Web);
    }
}
