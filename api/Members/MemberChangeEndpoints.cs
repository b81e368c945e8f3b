using Pbts.Api.Administration;
using Pbts.Api.Announce.Access;
using Pbts.Api.Http;
using Pbts.GrainInterfaces.Users;
using Pbts.Protocol.Receipts;

namespace Pbts.Api.Members;

/// <summary>What the operator sets for one member. Other front ends follow within half a minute.</summary>
internal static class MemberChangeEndpoints
{
    public static void MapMemberChanges(this IEndpointRouteBuilder app)
    {
        app.MapPut("/user/{userId}/trust", (string userId, HttpContext context, IGrainFactory grains, IUserDirectory users) =>
                ChangeAsync(userId, context, grains, users, MemberSetting.Trust, "trust")).RequireAdministrator()
            .WithSummary("Set how far a member may owe more than it gave, 0 to 1; null: as Members says for its origin (administration)")
            .Accepts<TrustRequest>("application/json", "*/*").Produces<MemberSettingsAnswer>();
        app.MapPut("/user/{userId}/invites", (string userId, HttpContext context, IGrainFactory grains, IUserDirectory users) =>
                ChangeAsync(userId, context, grains, users, MemberSetting.Invites, "invites")).RequireAdministrator()
            .WithSummary("Set how many others a member may invite in all; null: Members:InvitesPerMember (administration)")
            .Accepts<InvitesRequest>("application/json", "*/*").Produces<MemberSettingsAnswer>();
    }

    private static async Task<IResult> ChangeAsync(string userId, HttpContext context, IGrainFactory grains, IUserDirectory users, MemberSetting setting, string name)
    {
        var (fields, refusal) = await JsonBody.ReadAsync(context);
        if (refusal is not null)
            return refusal;
        double? value = fields.IsNull(name) ? null : setting == MemberSetting.Trust ? fields.Fraction(name) : fields.Unsigned(name, MemberChange.MaxInvites);
        if (fields.Error is { } error)
            return Answers.BadRequest(error);
        if (!UserId.TryParse(userId, out _) || await grains.GetGrain<IUserGrain>(userId).ChangeAsync(new(setting, value)) is not { } user)
            return Answers.NotFound("User not found");
        users.Forget(userId);
        return TypedResults.Ok(new MemberSettingsAnswer(true, user.UserId, user.Origin, user.Trust, user.Invites));
    }
}

/// <summary>Body of <c>PUT /user/{id}/trust</c>.</summary>
internal sealed record TrustRequest(double? Trust);

/// <summary>Body of <c>PUT /user/{id}/invites</c>.</summary>
internal sealed record InvitesRequest(int? Invites);

/// <summary>Answer to both.</summary>
/// <param name="Origin"><c>open</c>, <c>invite</c> or <c>site</c>.</param>
/// <param name="Trust">Null: as Members says for the origin.</param>
/// <param name="Invites">Null: as Members says.</param>
internal sealed record MemberSettingsAnswer(bool Success, string UserId, string Origin, double? Trust, int? Invites);
