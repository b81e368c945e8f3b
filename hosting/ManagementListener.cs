using Microsoft.AspNetCore.Server.Kestrel.Core;
using Pbts.Hosting.Configuration;

namespace Pbts.Hosting;

/// <summary>
/// The listener for the operator's own machines: <c>/metrics</c> for Prometheus and the health probes, nothing else. What
/// comes in elsewhere never reaches them here, and the other way round.
/// </summary>
public static class ManagementListener
{
    /// <summary>Listens where <see cref="NodeOptions.ManagementListen"/> says.</summary>
    public static void ListenForManagement(this KestrelServerOptions kestrel, NodeOptions node)
    {
        ArgumentNullException.ThrowIfNull(kestrel);
        ArgumentNullException.ThrowIfNull(node);
        foreach (var (_, endpoint) in ListenAddresses.Parse(node.ManagementListen, "PBTS_MANAGEMENT_LISTEN (Node:ManagementListen)", "http"))
        {
            kestrel.Listen(endpoint, listen =>
            {
                listen.Protocols = HttpProtocols.Http1;
                listen.Use(next => connection =>
                {
                    connection.Features.Set(Mark.Instance);
                    return next(connection);
                });
            });
        }
    }

    /// <summary>Serves metrics to a management listener, and keeps everything but health away from it.</summary>
    internal static void UseManagement(this WebApplication app) =>
        app.UseWhen(context => context.Features.Get<Mark>() is not null, branch =>
        {
            branch.UseOpenTelemetryPrometheusScrapingEndpoint("/metrics");
            branch.Use((context, next) => context.Request.Path.StartsWithSegments("/health") ? next(context) : TypedResults.NotFound().ExecuteAsync(context));
        });

    private sealed class Mark
    {
        public static Mark Instance { get; } = new();
    }
}
