using Microsoft.AspNetCore.Http.HttpResults;
using Pbts.Api.Administration;
using Pbts.Api.Announce.Access;
using Pbts.Api.Http;
using Pbts.GrainInterfaces.Users;
using Pbts.Protocol.Receipts;

namespace Pbts.Api.Members;

/// <summary>What the operator sets for one member. Other front ends follow within a second (api/Policy/PolicyWatch).</summary>
internal static class MemberChangeEndpoints
{
    public static void MapMemberChanges(this IEndpointRouteBuilder app)
    {
        app.MapPut("/user/{userId}/trust", (string userId, Body<TrustRequest> body, IGrainFactory grains, IUserDirectory users) =>
                ChangeAsync(userId, body, request => new(MemberSetting.Trust, request.Trust), grains, users)).RequireAdministrator()
            .WithSummary("Set how far a member may owe more than it gave, 0 to 1; null: as Members says for its origin (administration)");
        app.MapPut("/user/{userId}/invites", (string userId, Body<InvitesRequest> body, IGrainFactory grains, IUserDirectory users) =>
                ChangeAsync(userId, body, request => new(MemberSetting.Invites, request.Invites), grains, users)).RequireAdministrator()
            .WithSummary("Set how many others a member may invite in all; null: Members:InvitesPerMember (administration)");
    }

    private static async Task<Results<Ok<MemberSettingsAnswer>, Refusal>> ChangeAsync<T>(
        string userId, Body<T> body, Func<T, MemberChange> change, IGrainFactory grains, IUserDirectory users)
        where T : class, IBody<T>
    {
        if (await body.ReadAsync() is not { } request)
            return body.Refusal;
        if (!UserId.TryParse(userId, out _) || await grains.GetGrain<IUserGrain>(userId).ChangeAsync(change(request)) is not { } user)
            return Answers.NotFound("User not found");
        users.Forget(userId);
        return TypedResults.Ok(new MemberSettingsAnswer(true, user.UserId, user.Origin, user.Trust, user.Invites));
    }
}

/// <summary>Body of <c>PUT /user/{id}/trust</c>.</summary>
internal sealed record TrustRequest(double? Trust) : IBody<TrustRequest>
{
    public static TrustRequest Read(JsonFields fields) => new(fields.IsNull("trust") ? null : fields.Fraction("trust"));
}

/// <summary>Body of <c>PUT /user/{id}/invites</c>.</summary>
internal sealed record InvitesRequest(int? Invites) : IBody<InvitesRequest>
{
    public static InvitesRequest Read(JsonFields fields) => new(fields.IsNull("invites") ? null : (int)fields.Unsigned("invites", MemberChange.MaxInvites));
}

/// <summary>Answer to both.</summary>
/// <param name="Origin"><c>open</c>, <c>invite</c> or <c>site</c>.</param>
/// <param name="Trust">Null: as Members says for the origin.</param>
/// <param name="Invites">Null: as Members says.</param>
internal sealed record MemberSettingsAnswer(bool Success, string UserId, string Origin, double? Trust, int? Invites);
