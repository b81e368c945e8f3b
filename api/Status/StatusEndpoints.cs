using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Pbts.Api.Announce;
using Pbts.Api.Callers;
using Pbts.Api.Cluster;
using Pbts.GrainInterfaces.Settings;
using Pbts.GrainInterfaces.Users;
using Pbts.Hosting.Access;
using Pbts.Hosting.Configuration;

namespace Pbts.Api.Status;

/// <summary>What the tracker says of itself: <c>/health</c> and <c>/stats</c>.</summary>
internal static class StatusEndpoints
{
    public static void MapStatus(this IEndpointRouteBuilder app)
    {
        app.MapGet("/health", HealthAsync).For(Caller.Anybody).WithSummary("Whether the tracker answers").Produces<HealthAnswer>(StatusCodes.Status503ServiceUnavailable);
        app.MapGet("/stats", StatsAsync).For(Caller.Anybody).WithSummary("How much the tracker holds").Produces<StatsAnswer>(StatusCodes.Status503ServiceUnavailable);
    }

    private static async Task<Results<Ok<HealthAnswer>, JsonHttpResult<HealthAnswer>>> HealthAsync(IGrainFactory grains, TrackerIdentity identity)
    {
        var settings = await Settle(grains.GetGrain<ISettingsGrain>(0).GetAsync().AsTask());
        return settings is null
            ? TypedResults.Json(new HealthAnswer("unavailable", identity.ToString(), null), statusCode: StatusCodes.Status503ServiceUnavailable)
            : TypedResults.Ok(new HealthAnswer("healthy", identity.ToString(), settings.VerifySignatures));
    }

    private static Task<Results<Ok<StatsAnswer>, JsonHttpResult<StatsAnswer>>> StatsAsync(IGrainFactory grains, ClusterFigures figures, TrackerIdentity identity, IOptions<TrackerOptions> tracker, Moments moments) =>
        moments.GetAsync("stats", () => FindStatsAsync(grains, figures, identity, tracker));

    private static async Task<Results<Ok<StatsAnswer>, JsonHttpResult<StatsAnswer>>> FindStatsAsync(IGrainFactory grains, ClusterFigures figures, TrackerIdentity identity, IOptions<TrackerOptions> tracker)
    {
        var silos = await Settle(figures.GetAsync());
        var users = await Settle(CountAsync());
        return silos is null
            ? TypedResults.Json(new StatsAnswer(identity.ToString(), null, null, users?.Value, tracker.Value.MinRatio, 0), statusCode: StatusCodes.Status503ServiceUnavailable)
            : TypedResults.Ok(new StatsAnswer(
                identity.ToString(), silos.Values.Sum(silo => silo.Swarms), silos.Values.Sum(silo => silo.Peers), users?.Value, tracker.Value.MinRatio, silos.Count));

        async Task<Counted> CountAsync() => new(await grains.GetGrain<IUserDirectoryGrain>(0).CountAsync());
    }

    /// <summary>Null when the cluster or the database does not answer soon: these pages must, whatever else is down.</summary>
    private static async Task<T?> Settle<T>(Task<T> task)
        where T : class
    {
        try
        {
            return await task.WaitAsync(TimeSpan.FromSeconds(3));
        }
#pragma warning disable CA1031 // Whatever it was: the page says that it is not known.
        catch (Exception)
#pragma warning restore CA1031
        {
            return null;
        }
    }

    private sealed record Counted(long Value);
}

/// <summary>Answer to <c>GET /health</c>.</summary>
/// <param name="Status"><c>healthy</c>, or <c>unavailable</c> with status 503.</param>
/// <param name="InstanceId">64 hex characters.</param>
/// <param name="SignatureVerification">Whether receipts and registrations are verified; null when not known.</param>
internal sealed record HealthAnswer(string Status, string InstanceId, bool? SignatureVerification);

/// <summary>Answer to <c>GET /stats</c>; null where the part that knows does not answer.</summary>
internal sealed record StatsAnswer(string InstanceId, long? TotalTorrents, long? TotalPeers, long? TotalUsers, double MinRatio, int Silos);
