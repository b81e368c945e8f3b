using Npgsql;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Pbts.Hosting.Metrics;

/// <summary>
/// Metrics for Prometheus on the management listener; and, where <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> names a collector,
/// metrics and traces to it (OpenTelemetry's own variables apply).
/// </summary>
internal static class TelemetryHosting
{
    private const string CollectorSetting = "OTEL_EXPORTER_OTLP_ENDPOINT";

    /// <summary>Combinations of labels of one metric; what is beyond is counted together, as <c>otel_metric_overflow</c>.</summary>
    private const int MostLabels = 200;

    public static void AddPbtsTelemetry(this WebApplicationBuilder builder)
    {
        var collector = !string.IsNullOrEmpty(builder.Configuration[CollectorSetting]);
        var telemetry = builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService("pbts", serviceInstanceId: $"{Environment.MachineName}-{Environment.ProcessId}"))
            .WithMetrics(metrics =>
            {
                // Requests of the JSON interfaces; announces and scrapes are answered before ASP.NET hears of them.
                metrics.AddMeter(Telemetry.Name, "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "Microsoft.Orleans", "Npgsql", "System.Runtime");
                // Room for each combination of labels is made at once, for 2,000 by default, 20 MiB in all. Only requests have so many.
                metrics.AddView(instrument => instrument.Meter.Name.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal) ? null : new MetricStreamConfiguration { CardinalityLimit = MostLabels });
                metrics.AddPrometheusExporter();
                if (collector)
                    metrics.AddOtlpExporter();
            });
        if (!collector)
            return;
        telemetry.WithTracing(traces => traces
            .AddSource(Telemetry.Name, "Microsoft.Orleans.Runtime", "Microsoft.Orleans.Application")
            // What the path is said to be: without a key that was in it.
            .AddAspNetCoreInstrumentation(requests => requests.EnrichWithHttpResponse = static (span, response) => span.SetTag("url.path", response.HttpContext.Request.Path.Value))
            .AddNpgsql()
            .AddOtlpExporter());
    }
}
