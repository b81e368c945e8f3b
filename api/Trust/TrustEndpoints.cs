using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Pbts.Api.Administration;
using Pbts.Api.Cluster;
using Pbts.Api.Http;
using Pbts.Api.Site;
using Pbts.GrainInterfaces.Trust;
using Pbts.Hosting.Configuration;
using Pbts.Protocol.Receipts;

namespace Pbts.Api.Trust;

/// <summary>Trust scores: who deals with whom. For the administration alone: nobody is to try out what raises his.</summary>
internal static class TrustEndpoints
{
    public static void MapTrust(this IEndpointRouteBuilder app)
    {
        var api = app.MapGroup("").RequireAdministrator();
        api.MapGet("/trust", GetAsync).WithSummary("The last computation of trust scores, its parameters, members marked as seeds, and clusters of members that deal among themselves, in pages (administration)").WithMetadata(new Unaudited());
        api.MapPost("/trust", RunAsync).WithSummary("Compute trust scores now: 200 when it is done, 202 while it goes on (administration)");
        api.MapGet("/user/{userId}/trust-score", FindAsync).WithSummary("A member's trust score, 0 to 1 (administration)").WithMetadata(new Unaudited());
        api.MapPut("/user/{userId}/trust-seed", (string userId, IGrainFactory grains) => SetSeedAsync(userId, true, grains)).WithSummary("Mark a member as one whose word trust scores begin with, from the next computation on (administration)");
        api.MapDelete("/user/{userId}/trust-seed", (string userId, IGrainFactory grains) => SetSeedAsync(userId, false, grains)).WithSummary("Mark it no more (administration)");
    }

    private static async Task<Results<Ok<TrustAnswer>, Refusal>> GetAsync(string? after, string? limit, IGrainFactory grains, IOptions<RatioOptions> ratio)
    {
        if (SiteEndpoints.ReadLimit(limit) is not { } count)
            return SiteEndpoints.BadLimit();
        var last = 0L;
        if (after is not null && !long.TryParse(after, NumberStyles.None, CultureInfo.InvariantCulture, out last))
            return Answers.BadRequest("after must be the next of an earlier page");
        var trust = grains.GetGrain<ITrustGrain>(0);
        // All of it may be asked twice: while a silo dies, what was its grain is another's in a moment.
        var (status, seeds, clusters) = await ClusterCalls.RepeatAsync(async () => (await trust.GetAsync(), await trust.ListSeedsAsync(), await trust.ListClustersAsync(last, count)));
        return TypedResults.Ok(new TrustAnswer(
            true, status.IsRunning, status.Problem, ratio.Value.MinTrust, TrustRunAnswer.Of(status.Last), seeds, [.. clusters.Select(TrustClusterAnswer.Of)],
            clusters.Count == count ? $"{clusters[^1].Id}" : null));
    }

    private static async Task<Results<Ok<TrustRunStateAnswer>, Accepted<TrustRunStateAnswer>, Refusal>> RunAsync(IGrainFactory grains)
    {
        var status = await ClusterCalls.RepeatAsync(grains.GetGrain<ITrustGrain>(0).RunAsync);
        if (status is { IsRunning: false, Problem: { } problem })
            return Answers.Conflict(problem);
        var answer = new TrustRunStateAnswer(true, status.IsRunning, TrustRunAnswer.Of(status.Last));
        return status.IsRunning ? TypedResults.Accepted((string?)null, answer) : TypedResults.Ok(answer);
    }

    private static async Task<Results<Ok<TrustScoreAnswer>, Refusal>> FindAsync(string userId, IGrainFactory grains) =>
        UserId.TryParse(userId, out _) && await ClusterCalls.RepeatAsync(() => grains.GetGrain<ITrustGrain>(0).FindAsync(userId)) is { } found
            ? TypedResults.Ok(TrustScoreAnswer.Of(found)) : Answers.NotFound("User not found");

    private static async Task<Results<Ok<TrustScoreAnswer>, Refusal>> SetSeedAsync(string userId, bool isMarked, IGrainFactory grains) =>
        UserId.TryParse(userId, out _) && await ClusterCalls.RepeatAsync(() => grains.GetGrain<ITrustGrain>(0).SetSeedAsync(userId, isMarked)) is { } found
            ? TypedResults.Ok(TrustScoreAnswer.Of(found)) : Answers.NotFound("there is no such member with a proven key");
}
