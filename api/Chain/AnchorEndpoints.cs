using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Options;
using Pbts.Api.Administration;
using Pbts.Api.Callers;
using Pbts.Api.Cluster;
using Pbts.Api.Http;
using Pbts.GrainInterfaces.Chain;
using Pbts.GrainInterfaces.Policy;
using Pbts.GrainInterfaces.Users;
using Pbts.Hosting.Access;
using Pbts.Hosting.Configuration;
using Pbts.Protocol;
using Pbts.Protocol.Proofs;
using Pbts.Protocol.Receipts;

namespace Pbts.Api.Chain;

/// <summary>Roots of all members' totals on the chain, and members' proofs against them.</summary>
internal static class AnchorEndpoints
{
    /// <summary>Maps <c>/contract/anchor</c> and <c>/user/{id}/proof</c>.</summary>
    public static void MapAnchors(this IEndpointRouteBuilder app)
    {
        app.MapGet("/contract/anchor", GetAsync).For(Caller.Anybody).WithSummary("The newest root of all members' proven totals")
            .WithDescription("Totals are bytes. state is that of the transaction; once it is mined, proofs are of this root.");
        app.MapGroup("").RequireAdministrator().MapPost("/contract/anchor", AnchorAsync).WithSummary("Anchor the root of all members' proven totals now (administrators)")
            .WithDescription("wait: seconds, 0 to 120. 202: the transaction is not mined yet. Where no total has changed it answers the root before.")
            .Refuses(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict);
        app.MapGet("/user/{userId}/proof", ProveAsync).For(Caller.Member).WithSummary("A user's totals with their proof against the newest root on the chain")
            .WithDescription(
                "For the user itself (X-Passkey) and the administration. Keep it: it holds without this tracker, and another one takes it as long as the contract keeps the root "
                + "(the newest 24). docs/proofs.md has its bytes; pbts verify-proof checks it.")
            .Produces<string>(StatusCodes.Status200OK, "application/json");
    }

    private static async Task<Results<Ok<AnchorAnswer>, Refusal>> GetAsync(IGrainFactory grains, Moments moments) =>
        await moments.GetAsync("anchor", () => ClusterCalls.RepeatAsync(() => grains.GetGrain<IAnchorGrain>(0).GetAsync())) is { } view
            ? TypedResults.Ok(AnchorAnswer.From(view)) : Answers.NotFound("no root has been taken yet");

    private static async Task<Results<Ok<AnchorAnswer>, Accepted<AnchorAnswer>, Refusal>> AnchorAsync(
        string? wait, IGrainFactory grains, Moments moments, IOptions<ChainOptions> options)
    {
        if (!ContractEndpoints.TryWait(wait, options.Value, out var time))
            return ContractEndpoints.BadWait();
        var result = await grains.GetGrain<IAnchorGrain>(0).AnchorAsync(time);
        moments.Forget();
        if (result.Value is not { } view)
            return ContractEndpoints.Refuse(result.Problem!);
        var answer = AnchorAnswer.From(view);
        return view.Transaction is { IsDone: true } ? TypedResults.Ok(answer) : TypedResults.Accepted((string?)null, answer);
    }

    private static async Task<Results<FileContentHttpResult, Refusal>> ProveAsync(
        string userId, [FromHeader(Name = "X-Passkey")] string? passkey, HttpContext context, IGrainFactory grains, AdminAuthorization administration)
    {
        if (!UserId.TryParse(userId, out _))
            return Answers.NotFound("User not found");
        // With the salt, which is in it, whoever knows the tree finds the member's leaf.
        if (passkey is { Length: > 0 })
        {
            if (!await ClusterCalls.RepeatAsync(() => grains.GetGrain<IUserGrain>(userId).HasPasskeyAsync(passkey)))
                return Answers.Unauthorized("X-Passkey is not this user's");
        }
        else if (!administration.IsAllowed(context, ApiScope.EvidenceRead))
        {
            return Answers.Unauthorized("a proof is for the user itself, by its passkey in the header X-Passkey, and for the administration");
        }

        var result = await ClusterCalls.RepeatAsync(() => grains.GetGrain<IProofGrain>(userId).ProveAsync());
        context.Response.Headers.CacheControl = "no-store";
        return result.Value is { } proof ? TypedResults.Bytes(proof, "application/json")
            : result.Problem!.Kind == ContractProblemKind.NotInitialised ? Answers.NotFound(result.Problem.Text)
            : ContractEndpoints.Refuse(result.Problem);
    }
}

/// <summary>A root of all members' proven totals, in bytes.</summary>
/// <param name="Sequence">Which of the contract's roots it is, from 1.</param>
/// <param name="Depth">Levels above the leaves: steps of a member's path.</param>
/// <param name="TakenAt">When the totals were these.</param>
/// <param name="State">The transaction's.</param>
internal sealed record AnchorAnswer(
    bool Success, long Sequence, string Root, ulong TotalUp, ulong TotalDown, long Members, int Depth, string Contract, DateTimeOffset TakenAt,
    Guid? Tx, string? TxHash, string State, long? Block, long? GasUsed)
{
    public static AnchorAnswer From(AnchorView view) => new(
        true, view.Sequence, view.Root, view.Up, view.Down, view.Members, SumTree.DepthOf(view.Members), view.Contract, view.TakenAt,
        view.Transaction?.Id, view.Transaction?.Hash, (view.Transaction?.State ?? ChainTransactionState.Queued).ToText(), view.Transaction?.BlockNumber, view.Transaction?.GasUsed);
}
