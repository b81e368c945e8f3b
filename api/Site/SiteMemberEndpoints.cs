using Microsoft.AspNetCore.Http.HttpResults;
using Pbts.Api.Http;
using Pbts.GrainInterfaces.Site;
using Pbts.Protocol.Receipts;

namespace Pbts.Api.Site;

/// <summary>What the site asks of members, and what it says beyond <c>PUT /api/v1/members</c>. Passkeys are taken and never given back.</summary>
internal static class SiteMemberEndpoints
{
    public static void MapSiteMembers(this IEndpointRouteBuilder api)
    {
        api.MapGet("/members", ListAsync).Reads("Members and their totals in bytes, by user id, in pages; never their passkeys");
        api.MapGet("/members/{userId}", GetAsync).Reads("A member and its totals in bytes");
        api.MapDelete("/members/{userId}", RemoveAsync).Writes("End a member: it announces no more; what others have signed for it, and it for others, stays");
        api.MapPut("/members/{userId}/freeleech", SetFreeleechAsync).Writes("Let nothing of a member's downloads be credited for a time, in Unix seconds; null ends that");
        api.MapPut("/freeleech-tokens", SetTokensAsync).Writes("Let nothing of a member's download of one torrent be credited; up to 1,000 with a verdict each");
        api.MapDelete("/freeleech-tokens/{userId}/{infohash}", RemoveTokenAsync).Writes("Take such a token back");
        api.MapPut("/baselines", SetBaselinesAsync).Writes("Say what members bring from another system, in bytes: it is credited and proves nothing; up to 1,000 with a verdict each");
    }

    private static async Task<Results<Ok<SiteMembersAnswer>, Refusal>> ListAsync(string? after, string? limit, IGrainFactory grains)
    {
        if (SiteEndpoints.ReadLimit(limit) is not { } count)
            return SiteEndpoints.BadLimit();
        if (after is not null && !UserId.TryParse(after, out _))
            return Answers.BadRequest("after must be the next of an earlier page: a user id");
        var members = await grains.GetGrain<ISiteGrain>(0).ListMembersAsync(after ?? "", count);
        return TypedResults.Ok(new SiteMembersAnswer(true, [.. members.Select(SiteMemberAnswer.Of)], members.Count == count ? members[^1].UserId : null));
    }

    private static async Task<Results<Ok<SiteMemberFoundAnswer>, Refusal>> GetAsync(string userId, IGrainFactory grains) =>
        UserId.TryParse(userId, out _) && await grains.GetGrain<ISiteGrain>(0).FindMemberAsync(userId) is { } member
            ? TypedResults.Ok(new SiteMemberFoundAnswer(true, SiteMemberAnswer.Of(member))) : NotFound();

    private static async Task<Results<Ok<SiteMemberRemovedAnswer>, Refusal>> RemoveAsync(string userId, IGrainFactory grains) =>
        UserId.TryParse(userId, out _) && await grains.GetGrain<ISiteGrain>(0).RemoveMemberAsync(userId, null) ? TypedResults.Ok(new SiteMemberRemovedAnswer(true, userId)) : NotFound();

    private static async Task<Results<Ok<SiteFreeleechAnswer>, Refusal>> SetFreeleechAsync(string userId, Body<SiteFreeleechRequest> body, IGrainFactory grains)
    {
        if (await body.ReadAsync() is not { } request)
            return body.Refusal;
        return UserId.TryParse(userId, out _) && await grains.GetGrain<ISiteGrain>(0).SetFreeleechAsync(userId, request.Ends)
            ? TypedResults.Ok(new SiteFreeleechAnswer(true, userId, request.Until)) : NotFound();
    }

    private static async Task<Results<Ok<SiteVerdictsAnswer>, Refusal>> SetTokensAsync(Body<SiteTokensRequest> body, IGrainFactory grains)
    {
        if (await body.ReadAsync() is not { } request)
            return body.Refusal;
        return Verdicts(await grains.GetGrain<ISiteGrain>(0).SetTokensAsync([.. request.Tokens.Select(token => new FreeleechToken($"{token.UserId}", $"{token.Infohash}", token.Ends))]));
    }

    private static async Task<Results<Ok<SiteTokenRemovedAnswer>, Refusal>> RemoveTokenAsync(string userId, string infohash, IGrainFactory grains) =>
        UserId.TryParse(userId, out _) && InfoHash.TryParse(infohash, out var hash) && await grains.GetGrain<ISiteGrain>(0).RemoveTokenAsync(userId, $"{hash}")
            ? TypedResults.Ok(new SiteTokenRemovedAnswer(true, userId, $"{hash}")) : Answers.NotFound("this member has no token for this torrent");

    private static async Task<Results<Ok<SiteVerdictsAnswer>, Refusal>> SetBaselinesAsync(Body<SiteBaselinesRequest> body, IGrainFactory grains)
    {
        if (await body.ReadAsync() is not { } request)
            return body.Refusal;
        return Verdicts(await grains.GetGrain<ISiteGrain>(0).SetBaselinesAsync([.. request.Baselines.Select(baseline => new SiteBaseline($"{baseline.UserId}", baseline.Uploaded, baseline.Downloaded))]));
    }

    private static Ok<SiteVerdictsAnswer> Verdicts(IReadOnlyList<bool> known) =>
        TypedResults.Ok(new SiteVerdictsAnswer(true, [.. known.Select((isKnown, index) => new SiteVerdictAnswer(index, isKnown ? "set" : "unknown_user"))]));

    private static Refusal NotFound() => Answers.NotFound("User not found");
}

/// <summary>A member as its site sees it. Totals in bytes, time in Unix seconds.</summary>
/// <param name="GroupId">The number of its group; null: none.</param>
/// <param name="Disabled">Why it may not announce; null: it may.</param>
/// <param name="FreeleechUntil">Until when nothing of its downloads is credited.</param>
/// <param name="CreditedUploaded">With factors and with the baseline.</param>
/// <param name="BaselineUploaded">Brought from another system.</param>
/// <param name="Uploaded">What receipts and vouchers prove.</param>
/// <param name="Seeding">Torrents it seeds now.</param>
internal sealed record SiteMemberAnswer(
    string UserId, long? GroupId, string? Disabled, bool CanDownload, bool Donor, bool Lifetime, double? FreeleechUntil, long CreditedUploaded, long CreditedDownloaded,
    long BaselineUploaded, long BaselineDownloaded, long Uploaded, long Downloaded, int Seeding, int Leeching, bool ProofOfPossession)
{
    public static SiteMemberAnswer Of(SiteMember member) => new(
        member.UserId, member.GroupId, member.Disabled, member.CanDownload, member.IsDonor, member.IsLifetime, SiteEndpoints.Seconds(member.FreeleechUntil),
        member.CreditedUploaded, member.CreditedDownloaded, member.BaselineUploaded, member.BaselineDownloaded, member.Uploaded, member.Downloaded, member.Seeding, member.Leeching, member.IsProven);
}

/// <summary>Answer to <c>GET /api/v1/members</c>; <paramref name="Next"/> is the <c>after</c> of the next page.</summary>
internal sealed record SiteMembersAnswer(bool Success, IReadOnlyList<SiteMemberAnswer> Members, string? Next);

/// <summary>Answer to <c>GET /api/v1/members/{user_id}</c>.</summary>
internal sealed record SiteMemberFoundAnswer(bool Success, SiteMemberAnswer Member);

/// <summary>Answer to <c>DELETE /api/v1/members/{user_id}</c>.</summary>
internal sealed record SiteMemberRemovedAnswer(bool Success, string UserId);

/// <summary>Body of <c>PUT /api/v1/members/{user_id}/freeleech</c>: until when, in Unix seconds; null ends it.</summary>
internal sealed record SiteFreeleechRequest(double? Until) : IBody<SiteFreeleechRequest>
{
    internal DateTimeOffset? Ends { get; private init; }

    public static SiteFreeleechRequest Read(JsonFields fields)
    {
        DateTimeOffset? ends = fields.IsNull("until") ? null : fields.Time("until");
        return new(SiteEndpoints.Seconds(ends)) { Ends = ends };
    }
}

/// <summary>Answer to it.</summary>
internal sealed record SiteFreeleechAnswer(bool Success, string UserId, double? Until);

/// <summary>Body of <c>PUT /api/v1/freeleech-tokens</c>: up to 1,000 tokens. A member's for a torrent replaces the one before.</summary>
internal sealed record SiteTokensRequest(IReadOnlyList<SiteTokenRequest> Tokens) : IBody<SiteTokensRequest>
{
    public static int Most => SiteEndpoints.MostBytes;

    public static SiteTokensRequest Read(JsonFields fields) => new(fields.Objects("tokens", SiteEndpoints.Most, SiteTokenRequest.Read));
}

/// <summary>A member's token for a torrent.</summary>
/// <param name="Until">When it ends, in Unix seconds; null: never.</param>
internal sealed record SiteTokenRequest(UserId UserId, InfoHash Infohash, double? Until = null)
{
    internal DateTimeOffset? Ends { get; private init; }

    public static SiteTokenRequest Read(JsonFields fields)
    {
        var ends = fields.OptionalTime("until");
        return new(fields.UserId("user_id"), fields.InfoHash("infohash"), SiteEndpoints.Seconds(ends)) { Ends = ends };
    }
}

/// <summary>Answer to <c>DELETE /api/v1/freeleech-tokens/{user_id}/{infohash}</c>.</summary>
internal sealed record SiteTokenRemovedAnswer(bool Success, string UserId, string Infohash);

/// <summary>Body of <c>PUT /api/v1/baselines</c>: up to 1,000 members. Of one given twice the last counts.</summary>
internal sealed record SiteBaselinesRequest(IReadOnlyList<SiteBaselineRequest> Baselines) : IBody<SiteBaselinesRequest>
{
    public static int Most => SiteEndpoints.MostBytes;

    public static SiteBaselinesRequest Read(JsonFields fields) => new(fields.Objects("baselines", SiteEndpoints.Most, SiteBaselineRequest.Read));
}

/// <summary>What a member brings, in bytes. It replaces what it brought before.</summary>
internal sealed record SiteBaselineRequest(UserId UserId, long Uploaded, long Downloaded)
{
    public static SiteBaselineRequest Read(JsonFields fields) =>
        new(fields.UserId("user_id"), (long)fields.Unsigned("uploaded", long.MaxValue), (long)fields.Unsigned("downloaded", long.MaxValue));
}

/// <summary>One verdict for each of what was set, in order.</summary>
internal sealed record SiteVerdictsAnswer(bool Success, IReadOnlyList<SiteVerdictAnswer> Results);

/// <summary>What came of one.</summary>
/// <param name="Status"><c>set</c> or <c>unknown_user</c>.</param>
internal sealed record SiteVerdictAnswer(int Index, string Status);
