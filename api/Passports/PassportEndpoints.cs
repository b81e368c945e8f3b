using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Pbts.Api.Callers;
using Pbts.Api.Cluster;
using Pbts.Api.Http;
using Pbts.GrainInterfaces.Issuers;
using Pbts.GrainInterfaces.Users;
using Pbts.Hosting.Access;
using Pbts.Hosting.Workers;
using Pbts.Protocol.Receipts;

namespace Pbts.Api.Passports;

/// <summary>What a member carries to other trackers, and what it brings from them.</summary>
internal static class PassportEndpoints
{
    public static void MapPassports(this IEndpointRouteBuilder app)
    {
        app.MapPost("/user/{userId}/passport", IssueAsync).For(Caller.Member).WithSummary("A passport: the member's totals and key, signed with this tracker's chain key, to carry to other trackers")
            .WithDescription(
                "For the member itself, by its passkey in X-Passkey or by time (Unix seconds, at most five minutes from now) and signature (base64) of its key over "
                + "ASCII \"issue-passport\", the instance id as text, the user id and the time as u64 big endian. docs/passports.md describes the document and how anybody checks it.")
            .Produces<string>(StatusCodes.Status200OK, "application/json").Refuses(StatusCodes.Status401Unauthorized, StatusCodes.Status403Forbidden, StatusCodes.Status404NotFound, StatusCodes.Status503ServiceUnavailable);
        app.MapPost("/user/{userId}/imports", ImportAsync).For(Caller.Member).WithSummary("Bring up to 16 passports of other trackers, as a member (X-Passkey); each is taken or refused by itself")
            .Refuses(StatusCodes.Status401Unauthorized, StatusCodes.Status403Forbidden, StatusCodes.Status404NotFound);
    }

    private static async Task<Results<FileContentHttpResult, Refusal>> IssueAsync(
        string userId, Body<PassportRequest> body, [FromHeader(Name = "X-Passkey")] string? passkey, HttpContext context, IGrainFactory grains, VerificationBudget budget, ClientAddressResolver addresses)
    {
        var address = addresses.Resolve(context);
        if (!budget.Allows(address, VerificationBudget.Single))
            return Answers.TooMany(context);
        if (await body.ReadAsync() is not { } request)
            return body.Refusal;
        var hasPasskey = passkey is { Length: > 0 };
        if (!hasPasskey && (request.Time is null || request.Signature is null))
            return Answers.Unauthorized("a passport is for the member itself, by its passkey in the header X-Passkey, or by time and signature");
        if (!UserId.TryParse(userId, out _))
            return Answers.NotFound("User not found");
        VerificationTurn.Current = new(RateLimiter.KeyOf(address), VerificationKind.Prompt);
        var result = await grains.GetGrain<IPassportGrain>(userId).IssueAsync(hasPasskey ? passkey : null, request.Time ?? 0, request.Signature?.ToArray(), request.Proof);
        if (result.Status == RegistrationStatus.BadSignature && !hasPasskey)
            budget.ChargeForged(address, 1);
        context.Response.Headers.CacheControl = "no-store";
        return result.Status switch
        {
            RegistrationStatus.Done => result.Document is { } document ? TypedResults.Bytes(document, "application/json")
                : Answers.Error(StatusCodes.Status503ServiceUnavailable, "this tracker signs no passports: it has no chain key (its operator sets PK0)"),
            RegistrationStatus.UnknownUser => Answers.NotFound("User not found"),
            RegistrationStatus.Unproven => Answers.Forbidden("the user has not proved possession of its key: register with a signature first"),
            RegistrationStatus.BadTime => Answers.BadRequest("time is too far from now: at most five minutes"),
            RegistrationStatus.Busy => Answers.TooMany(context),
            _ => Answers.Unauthorized(hasPasskey ? "X-Passkey is not this user's" : "Invalid signature"),
        };
    }

    private static async Task<Results<Ok<ImportsAnswer>, Refusal>> ImportAsync(
        string userId, Body<ImportsRequest> body, [FromHeader(Name = "X-Passkey")] string? passkey, HttpContext context, IGrainFactory grains, PassportDesk desk)
    {
        if (!UserId.TryParse(userId, out _))
            return Answers.NotFound("User not found");
        if (passkey is not { Length: > 0 } || !await ClusterCalls.RepeatAsync(() => grains.GetGrain<IUserGrain>(userId).HasPasskeyAsync(passkey)))
            return Answers.Unauthorized("passports are brought by the member itself, with its passkey in the header X-Passkey");
        if (await body.ReadAsync() is not { } request)
            return body.Refusal;
        if (!desk.Allows(context, request.Passports.Count))
            return Answers.TooMany(context);
        return await desk.ImportAsync(context, userId, request.Passports) is { Count: > 0 } results ? TypedResults.Ok(new ImportsAnswer(true, results))
            : Answers.Forbidden("the user has not proved possession of its key: register with a signature first");
    }
}
