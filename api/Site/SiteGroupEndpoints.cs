using Microsoft.AspNetCore.Http.HttpResults;
using Pbts.Api.Http;
using Pbts.GrainInterfaces.Site;

namespace Pbts.Api.Site;

/// <summary>The groups that the site's members are in.</summary>
internal static class SiteGroupEndpoints
{
    public static void MapSiteGroups(this IEndpointRouteBuilder api)
    {
        api.MapGet("/groups", ListAsync).Reads("The groups of members, by number");
        api.MapPut("/groups", SetAsync).Writes("Add or replace groups: torrents a member may leech at once, and what is credited, in per cent; up to 1,000");
        api.MapDelete("/groups/{id:long}", RemoveAsync).Writes("End a group, whose members are in none then");
    }

    private static async Task<Ok<SiteGroupsAnswer>> ListAsync(IGrainFactory grains) =>
        TypedResults.Ok(new SiteGroupsAnswer(true, [.. (await grains.GetGrain<ISiteGrain>(0).GetGroupsAsync()).Select(SiteGroupAnswer.Of)]));

    private static async Task<Results<Ok<SiteGroupsAnswer>, Refusal>> SetAsync(Body<SiteGroupsRequest> body, IGrainFactory grains)
    {
        if (await body.ReadAsync() is not { } request)
            return body.Refusal;
        var site = grains.GetGrain<ISiteGrain>(0);
        if ((await site.GetGroupsAsync()).Select(group => group.Id).Union(request.Groups.Select(group => group.Id)).Count() > SiteGroup.Most)
            return Answers.BadRequest($"groups: there are at most {SiteGroup.Most}");
        await site.SetGroupsAsync([.. request.Groups.Select(group => new SiteGroup(group.Id, group.Name, group.DownloadSlots, group.Immune, group.DownloadFactor, group.UploadFactor))]);
        return await ListAsync(grains);
    }

    private static async Task<Results<Ok<SiteGroupRemovedAnswer>, Refusal>> RemoveAsync(long id, IGrainFactory grains) =>
        await grains.GetGrain<ISiteGrain>(0).RemoveGroupAsync(id) ? TypedResults.Ok(new SiteGroupRemovedAnswer(true, id)) : Answers.NotFound("no such group");
}

/// <summary>Body of <c>PUT /api/v1/groups</c>: up to 1,000 groups. Of one given twice the last counts.</summary>
internal sealed record SiteGroupsRequest(IReadOnlyList<SiteGroupRequest> Groups) : IBody<SiteGroupsRequest>
{
    public static int Most => SiteEndpoints.MostBytes;

    public static SiteGroupsRequest Read(JsonFields fields) => new(fields.Objects("groups", SiteGroup.Most, SiteGroupRequest.Read));
}

/// <summary>A group; what is left out is set to its default.</summary>
/// <param name="Id">The site's number for it.</param>
/// <param name="Name">1 to 100 characters.</param>
/// <param name="DownloadSlots">Torrents a member may leech at once; null: any number.</param>
/// <param name="Immune">Whether the site lets its members off hit-and-run; given back as it is.</param>
/// <param name="DownloadFactor">Per cent of a download that is credited, 0 to 1000.</param>
/// <param name="UploadFactor">Per cent of an upload that is credited, 0 to 1000.</param>
internal sealed record SiteGroupRequest(long Id, string Name, int? DownloadSlots = null, bool Immune = false, int DownloadFactor = 100, int UploadFactor = 100)
{
    private const int LongestName = 100;

    public static SiteGroupRequest Read(JsonFields fields)
    {
        var name = fields.Text("name");
        if (name.Length > LongestName)
            fields.Wrong("name", $"is too long: at most {LongestName} characters", name);
        return new(
            (long)fields.Unsigned("id", long.MaxValue), name, (int?)fields.OptionalUnsigned("download_slots", int.MaxValue), fields.OptionalBoolean("immune") ?? false,
            fields.Factor("download_factor"), fields.Factor("upload_factor"));
    }
}

/// <summary>A group.</summary>
internal sealed record SiteGroupAnswer(long Id, string Name, int? DownloadSlots, bool Immune, int DownloadFactor, int UploadFactor)
{
    public static SiteGroupAnswer Of(SiteGroup group) => new(group.Id, group.Name, group.DownloadSlots, group.IsImmune, group.DownloadFactor, group.UploadFactor);
}

/// <summary>The groups there are, by number.</summary>
internal sealed record SiteGroupsAnswer(bool Success, IReadOnlyList<SiteGroupAnswer> Groups);

/// <summary>Answer to <c>DELETE /api/v1/groups/{id}</c>.</summary>
internal sealed record SiteGroupRemovedAnswer(bool Success, long Id);
