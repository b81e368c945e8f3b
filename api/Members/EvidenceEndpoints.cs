using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Pbts.Api.Administration;
using Pbts.Api.Callers;
using Pbts.Api.Cluster;
using Pbts.Api.Http;
using Pbts.GrainInterfaces.Policy;
using Pbts.GrainInterfaces.Users;
using Pbts.Hosting.Access;
using Pbts.Hosting.Workers;
using Pbts.Protocol.Receipts;
using Pbts.Protocol.Vouchers;

namespace Pbts.Api.Members;

/// <summary>What a member's totals are made of, for the member to keep and for anybody it shows it to.</summary>
internal static class EvidenceEndpoints
{
    public const string ContentType = "application/x-ndjson";

    private const int DefaultPage = 1000;

    public static void MapEvidence(this IEndpointRouteBuilder app) =>
        app.MapGet("/user/{userId}/evidence", GetAsync).For(Caller.Member).WithSummary("What a user's totals are made of: every voucher as it was signed")
            .WithDescription(
                "For the user itself, by its passkey in X-Passkey or by time (Unix seconds, at most five minutes from now) and signature (base64) of its key over "
                + "ASCII \"evidence\", the instance id as text, the user id and the time as u64 big endian; and for the administration. "
                + "Lines of JSON: the first page begins with totals and their parts; vouchers follow by id; the last line names the next page (after). "
                + "since gives what has risen from a moment on, so that many pages can be brought to one moment. docs/evidence.md describes every line.")
            .Produces<string>(StatusCodes.Status200OK, ContentType);

    private static async Task<Results<FileContentHttpResult, Refusal>> GetAsync(
        string userId, string? limit, string? after, string? since, string? time, string? signature, [FromHeader(Name = "X-Passkey")] string? passkey, HttpContext context,
        IGrainFactory grains, AdminAuthorization administration, AuditTrail audit, VerificationBudget budget, ClientAddressResolver addresses)
    {
        var count = DefaultPage;
        if (limit is not null && (!int.TryParse(limit, NumberStyles.None, CultureInfo.InvariantCulture, out count) || count is < 1 or > IEvidenceGrain.MaxPage))
            return Answers.BadRequest($"limit must be an integer from 1 to {IEvidenceGrain.MaxPage}");
        VoucherId id = default;
        if (after is not null && !VoucherId.TryParse(after, out id))
            return Answers.BadRequest("after must be the next of an earlier page: 64 hexadecimal digits");
        long moment = 0;
        if (since is not null && !TryReadTime(since, out moment))
            return Answers.BadRequest("since must be Unix seconds");
        if (!UserId.TryParse(userId, out _))
            return Answers.NotFound("User not found");
        if (await RefuseAsync(userId, time, signature, passkey, context, grains, administration, budget, addresses) is { } refusal)
            return refusal;
        // Who met whom is for the member; that somebody else looked is on record.
        if (passkey is null && signature is null && after is null)
            audit.Record(context, "done", refused: false);

        var page = await ClusterCalls.RepeatAsync(() => grains.GetGrain<IEvidenceGrain>(userId).ReadAsync(after is null ? null : id.ToArray(), since is null ? null : moment, count), lateToo: false);
        context.Response.Headers.CacheControl = "no-store";
        return page.Busy ? Answers.TooMany(context) : page.Lines is null ? Answers.NotFound("User not found") : TypedResults.Bytes(page.Lines, ContentType);
    }

    /// <summary>Why the caller may not read this; null when it may.</summary>
    private static async Task<Refusal?> RefuseAsync(
        string userId, string? time, string? signature, string? passkey, HttpContext context, IGrainFactory grains, AdminAuthorization administration, VerificationBudget budget,
        ClientAddressResolver addresses)
    {
        var user = grains.GetGrain<IUserGrain>(userId);
        if (passkey is { Length: > 0 })
        {
            return await ClusterCalls.RepeatAsync(() => user.HasPasskeyAsync(passkey)) ? null
                : Answers.Unauthorized("X-Passkey is not this user's");
        }

        if (time is null && signature is null)
        {
            return administration.IsAllowed(context, ApiScope.EvidenceRead) ? null
                : Answers.Unauthorized("evidence is for the user itself, by X-Passkey or by time and signature, and for the administration");
        }

        if (!TryReadTime(time, out var seconds))
            return Answers.BadRequest("time must be Unix seconds");
        var bytes = new byte[ReceiptSignature.Length + 1];
        if (signature is null || !Convert.TryFromBase64String(signature, bytes, out var length) || length != ReceiptSignature.Length)
            return Answers.BadRequest($"signature must be base64 of {ReceiptSignature.Length} bytes, percent-encoded");
        var address = addresses.Resolve(context);
        if (!budget.Allows(address, VerificationBudget.Single))
            return Answers.TooMany(context);
        VerificationTurn.Current = new(RateLimiter.KeyOf(address), VerificationKind.Prompt);
        var status = await user.HasSignedAsync(seconds, bytes[..length]);
        if (status == RegistrationStatus.BadSignature)
            budget.ChargeForged(address, 1);
        return status switch
        {
            RegistrationStatus.Done => null,
            RegistrationStatus.UnknownUser => Answers.NotFound("User not found"),
            RegistrationStatus.Unproven => Answers.Forbidden("the user has not proved possession of its key"),
            RegistrationStatus.BadTime => Answers.BadRequest("time is too far from now: at most five minutes"),
            RegistrationStatus.Busy => Answers.TooMany(context),
            _ => Answers.Unauthorized("Invalid signature"),
        };
    }

    private static bool TryReadTime(string? text, out long seconds) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out seconds) && seconds <= uint.MaxValue;
}
