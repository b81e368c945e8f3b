using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Pbts.Api.Operations;

/// <summary>
/// The listener for the operator's own machines: <c>/metrics</c> for Prometheus and the health probes, nothing else. What
/// comes in elsewhere never reaches them here, and the other way round.
/// </summary>
internal static class ManagementListener
{
    /// <summary>Marks the connections of the listener as the operator's.</summary>
    public static void MarkAsManagement(this ListenOptions listen)
    {
        listen.Protocols = HttpProtocols.Http1;
        listen.Use(next => connection =>
        {
            connection.Features.Set(Mark.Instance);
            return next(connection);
        });
    }

    /// <summary>Serves metrics to a management listener, and keeps everything but health away from it.</summary>
    public static void UseManagement(this WebApplication app) =>
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
