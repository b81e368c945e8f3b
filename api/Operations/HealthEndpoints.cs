using Orleans.Runtime;
using Pbts.GrainInterfaces.Operations;

namespace Pbts.Api.Operations;

/// <summary>Liveness for supervisors, readiness for proxies.</summary>
public static class HealthEndpoints
{
    public static void MapHealthProbes(this IEndpointRouteBuilder app)
    {
        app.MapGet("/health/live", () => TypedResults.Text("live")).ExcludeFromDescription();
        app.MapGet("/health/ready", ReadyAsync).ExcludeFromDescription();
    }

    /// <summary>200 when grains can be called from here, else 503. The database may be away: announces go on without it.</summary>
    private static async Task<IResult> ReadyAsync(IGrainFactory grains, IHostApplicationLifetime lifetime, Readiness readiness)
    {
        if (lifetime.ApplicationStopping.IsCancellationRequested)
            return TypedResults.Text("stopping", statusCode: StatusCodes.Status503ServiceUnavailable);
        if (readiness.Problem is { } problem)
            return TypedResults.Text(problem, statusCode: StatusCodes.Status503ServiceUnavailable);
        try
        {
            await grains.GetGrain<IReadinessGrain>(0).PingAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(3));
            return TypedResults.Text("ready");
        }
        catch (Exception e) when (e is OrleansException or TimeoutException)
        {
            return TypedResults.Text("no silo answers", statusCode: StatusCodes.Status503ServiceUnavailable);
        }
    }
}
