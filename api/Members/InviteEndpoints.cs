using System.Globalization;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.HttpResults;
using Pbts.Api.Administration;
using Pbts.Api.Cluster;
using Pbts.Api.Http;
using Pbts.GrainInterfaces.Users;
using Pbts.Hosting.Access;

namespace Pbts.Api.Members;

/// <summary>Invites, made by the administration, or by members that have some to give.</summary>
internal static class InviteEndpoints
{
    private const int DefaultPage = 100;
    private const int MaxPage = 1000;

    public static void MapInvites(this IEndpointRouteBuilder app)
    {
        app.MapPost("/invites", CreateAsync).For(Caller.Member).WithSummary("Make an invite, as a member (X-Passkey) that has some to give, or as the administration");
        app.MapGet("/invites", ListAsync).For(Caller.Member).WithSummary("A member's own invites (X-Passkey), or for the administration all, newest first; never their tokens");
        app.MapDelete("/invites/{id:long}", RevokeAsync).For(Caller.Member).WithSummary("End an invite; who came by it stays");
    }

    private static async Task<Results<Created<NewInviteAnswer>, Refusal>> CreateAsync(
        Body<InviteRequest> body, HttpContext context, IGrainFactory grains, MemberOrAdministration callers, AdminAuthorization administration)
    {
        var (member, refused) = await callers.IdentifyAsync(context, "making an invite");
        if (refused is not null)
            return refused;
        if (await body.ReadAsync() is not { } invite)
            return body.Refusal;
        if (member is { Proven: false })
            return Answers.Forbidden("only members that have proved their key make invites");
        var made = await grains.GetGrain<IInvitesGrain>(0).CreateAsync(member?.UserId, invite.Uses, invite.Expires);
        Results<Created<NewInviteAnswer>, Refusal> answer = made.Token is null
            ? Answers.Forbidden(made.Left > 0 ? $"uses is more than this member has invites to give: {made.Left}" : "this member has no invites to give")
            : TypedResults.Created((string?)null, new NewInviteAnswer(true, made.Id, made.Token, invite.Uses, Seconds(made.ExpiresAt), made.Left));
        if (member is null)
            administration.Audit(context, answer);
        return answer;
    }

    private static async Task<Results<Ok<InvitesAnswer>, Refusal>> ListAsync(string? limit, string? before, HttpContext context, IGrainFactory grains, MemberOrAdministration callers)
    {
        var (member, refused) = await callers.IdentifyAsync(context, "listing invites");
        if (refused is not null)
            return refused;
        var count = DefaultPage;
        if (limit is not null && (!int.TryParse(limit, NumberStyles.None, CultureInfo.InvariantCulture, out count) || count is < 1 or > MaxPage))
            return Answers.BadRequest($"limit must be an integer from 1 to {MaxPage}");
        long? cursor = null;
        if (before is not null)
        {
            if (!long.TryParse(before, NumberStyles.None, CultureInfo.InvariantCulture, out var id))
                return Answers.BadRequest("before must be the next_before of an earlier page");
            cursor = id;
        }

        var invites = await ClusterCalls.RepeatAsync(() => grains.GetGrain<IInvitesGrain>(0).ListAsync(member?.UserId, cursor, count).AsTask());
        return TypedResults.Ok(new InvitesAnswer(true, [.. invites.Select(InviteAnswer.Of)], invites.Count == count ? $"{invites[^1].Id}" : null));
    }

    private static async Task<Results<Ok<InviteRevokedAnswer>, Refusal>> RevokeAsync(
        long id, HttpContext context, IGrainFactory grains, MemberOrAdministration callers, AdminAuthorization administration)
    {
        var (member, refused) = await callers.IdentifyAsync(context, "ending an invite");
        if (refused is not null)
            return refused;
        Results<Ok<InviteRevokedAnswer>, Refusal> answer = await grains.GetGrain<IInvitesGrain>(0).RevokeAsync(member?.UserId, id)
            ? TypedResults.Ok(new InviteRevokedAnswer(true, id)) : Answers.NotFound(member is null ? "no such invite" : "no such invite of this member");
        if (member is null)
            administration.Audit(context, answer);
        return answer;
    }

    internal static double Seconds(DateTimeOffset time) => time.ToUnixTimeMilliseconds() / 1000.0;
}

/// <summary>Body of <c>POST /invites</c>: how many may come by it (1), and seconds until it expires (a week).</summary>
internal sealed record InviteRequest(int Uses = 1, long Expires = InviteRequest.DefaultLifetime) : IBody<InviteRequest>
{
    private const long DefaultLifetime = 7 * 86400;
    private const long ShortestLifetime = 60;
    private const long LongestLifetime = 366 * 86400;

    public static InviteRequest Read(JsonFields fields) => new(
        (int)(fields.OptionalUnsigned("uses", MemberChange.MaxInvites, 1) ?? 1),
        (long)(fields.OptionalUnsigned("expires", LongestLifetime, ShortestLifetime) ?? DefaultLifetime));
}

/// <summary>Answer to <c>POST /invites</c>.</summary>
/// <param name="Token">What to hand on. It is said here and never again.</param>
/// <param name="ExpiresAt">Unix seconds.</param>
/// <param name="Left">How many more the member may invite; absent for the administration.</param>
internal sealed record NewInviteAnswer(
    bool Success, long Id, string Token, int Uses, double ExpiresAt, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? Left);

/// <summary>Answer to <c>GET /invites</c>; <paramref name="NextBefore"/> is the <c>before</c> of the next page.</summary>
internal sealed record InvitesAnswer(bool Success, IReadOnlyList<InviteAnswer> Invites, string? NextBefore);

/// <summary>An invite. Times in Unix seconds.</summary>
/// <param name="Maker">The member who made it; null: the administration.</param>
/// <param name="UsedBy">Who came by it, the last first, at most fifty.</param>
internal sealed record InviteAnswer(long Id, string? Maker, int Uses, int Used, double MadeAt, double ExpiresAt, double? RevokedAt, IReadOnlyList<string> UsedBy)
{
    public static InviteAnswer Of(Invite invite) => new(
        invite.Id, invite.Maker, invite.Uses, invite.Used, InviteEndpoints.Seconds(invite.MadeAt), InviteEndpoints.Seconds(invite.ExpiresAt),
        invite.RevokedAt is { } revoked ? InviteEndpoints.Seconds(revoked) : null, invite.UsedBy);
}

/// <summary>Answer to <c>DELETE /invites/{id}</c>.</summary>
internal sealed record InviteRevokedAnswer(bool Success, long Id);
