using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Pbts.Api.Callers;
using Pbts.Api.Cluster;
using Pbts.Api.Http;
using Pbts.GrainInterfaces.Chain;
using Pbts.GrainInterfaces.Users;
using Pbts.Hosting.Access;
using Pbts.Hosting.Resilience;
using Pbts.Protocol.Receipts;

namespace Pbts.Api.Chain;

/// <summary>Members who bring a proof of their totals at the tracker before this one.</summary>
internal static class ClaimEndpoints
{
    /// <summary>Maps <c>POST /user/{id}/proof</c>.</summary>
    public static void MapClaims(this IEndpointRouteBuilder app) =>
        app.MapPost("/user/{userId}/proof", ClaimAsync).For(Caller.Member).WithSummary("Bring along what a user has at the tracker before this one")
            .WithDescription(
                "By the user (X-Passkey), with the proof that tracker gave: its contract is the one that this tracker's contract names as its referrer, and still keeps the root. "
                + "The contract takes the member over, and the totals are credited here once. Once for a user; asked again, it says how that stands.")
            .Refuses(StatusCodes.Status401Unauthorized, StatusCodes.Status404NotFound, StatusCodes.Status409Conflict);

    private static async Task<Results<Ok<ClaimAnswer>, Accepted<ClaimAnswer>, Refusal>> ClaimAsync(
        string userId, Body<ProofRequest> body, [FromHeader(Name = "X-Passkey")] string? passkey, HttpContext context, IGrainFactory grains, VerificationBudget budget, ClientAddressResolver addresses)
    {
        if (!budget.Allows(addresses.Resolve(context), VerificationBudget.Single))
            return Answers.TooMany(context);
        if (!UserId.TryParse(userId, out _))
            return Answers.NotFound("User not found");
        if (passkey is not { Length: > 0 } || !await ClusterCalls.RepeatAsync(() => grains.GetGrain<IUserGrain>(userId).HasPasskeyAsync(passkey)))
            return Answers.Unauthorized("a proof is brought by the user itself: X-Passkey is missing, or is not this user's");
        if (await body.ReadAsync() is not { } request)
            return body.Refusal;
        var result = await ClusterCalls.RepeatAsync(() => grains.GetGrain<IMemberClaimGrain>(0).ClaimAsync(userId, request.ToDocument()));
        if (result.Value is not { } view)
            return ContractEndpoints.Refuse(result.Problem!);
        return view.State switch
        {
            ClaimState.Credited => TypedResults.Ok(ClaimAnswer.From(view)),
            ClaimState.Open => TypedResults.Accepted((string?)null, ClaimAnswer.From(view)),
            _ => Answers.Conflict(view.Reason ?? "the contract refuses"),
        };
    }

    /// <summary>Claims for a member that has just registered: the claim, or why there is none. It is registered whatever comes of this.</summary>
    public static async Task<(ClaimAnswer? Claim, string? Error)> TryClaimAsync(IGrainFactory grains, string userId, ProofRequest proof)
    {
        try
        {
            var result = await grains.GetGrain<IMemberClaimGrain>(0).ClaimAsync(userId, proof.ToDocument());
            return result.Value is { } view ? (ClaimAnswer.From(view), null) : (null, result.Problem!.Text);
        }
        catch (Exception e) when (Away.Is(e))
        {
            return (null, "the silo of the signing key does not answer: bring the proof again (POST /user/{id}/proof)");
        }
    }
}
