using Pbts.Hosting.Access;

namespace Pbts.Hosting.Health;

/// <summary>Liveness for supervisors, readiness for proxies.</summary>
public static class HealthEndpoints
{
    public static void MapHealthProbes(this IEndpointRouteBuilder app)
    {
        app.MapGet("/health/live", () => TypedResults.Text("live")).For(Caller.Anybody).ExcludeFromDescription();
        app.MapGet("/health/ready", ReadyAsync).For(Caller.Anybody).ExcludeFromDescription();
    }

    /// <summary>200 when a swarm can be started from here, else 503 and why. The database may be away: announces go on without it.</summary>
    private static async Task<IResult> ReadyAsync(ReadinessProbe readiness, IHostApplicationLifetime lifetime) =>
        (lifetime.ApplicationStopping.IsCancellationRequested ? "stopping" : await readiness.ProblemAsync()) is { } problem
            ? TypedResults.Text(problem, statusCode: StatusCodes.Status503ServiceUnavailable) : TypedResults.Text("ready");
}
