using Microsoft.AspNetCore.Http.HttpResults;
using Pbts.Api.Announce;
using Pbts.Api.Callers;
using Pbts.Api.Dialects;
using Pbts.Api.Http;
using Pbts.GrainInterfaces.Policy;
using Pbts.GrainInterfaces.Site;
using Pbts.GrainInterfaces.Swarms;
using Pbts.Hosting.Access;
using Pbts.Protocol.Receipts;

namespace Pbts.Api.Unit3d;

/// <summary>
/// What UNIT3D asks of its external announce service. It repeats whatever is not answered with 200 three times and lets its own
/// visitor wait, so what is gone already is removed with 200 too.
/// </summary>
internal static class Unit3dEndpoints
{
    private const int MostPeers = 1000;

    /// <summary>UNIT3D ends a personal freeleech itself.</summary>
    private static readonly DateTimeOffset s_untilEnded = new(9999, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static void MapUnit3d(this IEndpointRouteBuilder app)
    {
        app.MapGet("/announce/health/ping", () => TypedResults.Text("PONG")).For(Caller.Anybody).WithSummary("Whether the tracker answers, as UNIT3D asks it").Produces<string>(StatusCodes.Status200OK, "text/plain");
        var api = app.MapGroup("/announce/{key:minlength(32)}").RequireSite(SiteDialect.Unit3d);
        api.MapPut("/torrents", SetTorrentAsync).WithSummary("What UNIT3D says of a torrent; features of it and what was completed here stay").Refuses(StatusCodes.Status409Conflict);
        api.MapDelete("/torrents", RemoveTorrentAsync).WithSummary("Serve a torrent no more");
        api.MapGet("/torrents/{id:long}", GetTorrentAsync).WithSummary("A torrent and its peers");
        api.MapPut("/users", SetUserAsync).WithSummary("What UNIT3D says of a member, who is made when new; whom the operator has disabled stays so").Refuses(StatusCodes.Status409Conflict);
        api.MapDelete("/users", RemoveUserAsync).WithSummary("Let a member announce no more, until UNIT3D says something of it again");
        api.MapGet("/users/{id:long}", GetUserAsync).WithSummary("A member");
        api.MapPut("/groups", SetGroupAsync).WithSummary("What UNIT3D says of a group").Refuses(StatusCodes.Status409Conflict);
        api.MapDelete("/groups", RemoveGroupAsync).WithSummary("End a group");
        api.MapPut("/blacklisted-agents", SetAgentAsync).WithSummary("Refuse clients by peer-id prefix").Refuses(StatusCodes.Status409Conflict);
        api.MapDelete("/blacklisted-agents", RemoveAgentAsync).WithSummary("End that");
        api.MapPut("/freeleech-tokens", SetTokenAsync).WithSummary("Credit nothing of a member's download of a torrent");
        api.MapDelete("/freeleech-tokens", RemoveTokenAsync).WithSummary("End that");
        api.MapPut("/personal-freeleech", SetFreeleechAsync).WithSummary("Credit nothing of a member's downloads");
        api.MapDelete("/personal-freeleech", RemoveFreeleechAsync).WithSummary("End that");
        api.MapPut("/featured-torrents", SetFeaturedAsync).WithSummary("Credit nothing of downloads of a torrent, and uploads twice");
        api.MapDelete("/featured-torrents", RemoveFeaturedAsync).WithSummary("End that");
        api.MapGet("/stats", (Unit3dFigures figures) => TypedResults.Ok(figures.Current)).WithSummary("How many requests this front end takes: of one process, as UNIT3D's own service is one");
        api.MapPost("/config/reload", () => Done()).WithSummary("Nothing: settings are read at start");
    }

    private static Ok<Unit3dDoneAnswer> Done() => TypedResults.Ok(new Unit3dDoneAnswer(true));

    private static ISiteGrain Site(IGrainFactory grains) => grains.GetGrain<ISiteGrain>(0);

    private static async Task<Results<Ok<Unit3dDoneAnswer>, Refusal>> SetTorrentAsync(Body<Unit3dTorrentRequest> body, IGrainFactory grains, SwarmClient swarms)
    {
        if (await body.ReadAsync() is not { } said)
            return body.Refusal;
        var (site, hash, status) = (Site(grains), said.InfoHash.ToString(), said.IsDeleted ? TorrentStatus.Deleted : (TorrentStatus)said.Status);
        var known = await site.FindTorrentAsync(hash);
        // UNIT3D's count has those in it that it has heard of from here: what is completed elsewhere is the rest, and never becomes less.
        var elsewhere = known?.Torrent.TimesCompleted ?? 0;
        if ((long)said.TimesCompleted > elsewhere)
        {
            var here = known?.Completed ?? (await swarms.ScrapeAsync([said.InfoHash]))?[0].Downloaded ?? 0;
            elsewhere = Math.Max(elsewhere, (long)said.TimesCompleted - here);
        }

        var reason = known?.Torrent.Status == status ? known.Torrent.Reason : null;
        var verdict = (await site.SetTorrentsAsync([new(hash, (long)said.Id, status, reason, said.DownloadFactor, said.UploadFactor, TimesCompleted: elsewhere)]))[0];
        return verdict == SiteTorrentVerdict.IdTaken ? Answers.Conflict("id is another torrent's") : Done();
    }

    private static async Task<Results<Ok<Unit3dDoneAnswer>, Refusal>> RemoveTorrentAsync(Body<Unit3dTorrentRemoval> body, IGrainFactory grains)
    {
        if (await body.ReadAsync() is not { } said)
            return body.Refusal;
        // The infohash may have another number by now: that torrent was uploaded once more.
        if (await Site(grains).FindTorrentAsync(said.InfoHash.ToString()) is { Torrent: { Status: not TorrentStatus.Deleted } torrent } && torrent.Id == (long)said.Id)
            await Site(grains).SetTorrentsAsync([torrent with { Status = TorrentStatus.Deleted, Reason = null }]);
        return Done();
    }

    private static async Task<Results<Ok<Unit3dTorrentAnswer>, Refusal>> GetTorrentAsync(long id, IGrainFactory grains, SwarmClient swarms, HttpContext context)
    {
        if (await Site(grains).FindTorrentByIdAsync(id) is not { } state)
            return Answers.NotFound("no such torrent");
        if (await swarms.ScrapeAsync([InfoHash.From(Convert.FromHexString(state.Torrent.InfoHash))]) is not { } counts)
            return Answers.Unavailable(context);
        var peers = counts[0].Complete + counts[0].Incomplete > 0 ? await grains.GetGrain<ISwarmGrain>(state.Torrent.InfoHash).ListPeersAsync(MostPeers) : [];
        return TypedResults.Ok(Unit3dTorrentAnswer.Of(state, id, counts[0], peers));
    }

    private static async Task<Results<Ok<Unit3dDoneAnswer>, Refusal>> SetUserAsync(Body<Unit3dUserRequest> body, SiteMembers members)
    {
        if (await body.ReadAsync() is not { } said)
            return body.Refusal;
        foreach (var (name, passkey) in (ReadOnlySpan<(string, string?)>)[("passkey", said.Passkey), ("new_passkey", said.NewPasskey)])
        {
            if (passkey is not null && !members.IsPasskey(passkey))
                return Answers.BadRequest($"{name} must be 32 letters and digits, and no key of a site");
        }

        var user = SiteMembers.NameOf(said.Id);
        var policy = new MemberPolicy(user, null, said.CanDownload, said.NewPasskey ?? said.Passkey, (long)said.GroupId, said.IsDonor, said.IsLifetime);
        return await members.SetAsync(policy, await members.FindAsync(user)) ? Done() : Answers.Conflict($"{(said.NewPasskey is null ? "passkey" : "new_passkey")} is another member's");
    }

    private static async Task<Results<Ok<Unit3dDoneAnswer>, Refusal>> RemoveUserAsync(Body<Unit3dUserRemoval> body, SiteMembers members)
    {
        if (await body.ReadAsync() is not { } said)
            return body.Refusal;
        // One of another passkey was given it since.
        if (await members.FindAsync(SiteMembers.NameOf(said.Id)) is { } member && member.Passkey == said.Passkey)
            await members.RemoveAsync(member);
        return Done();
    }

    private static async Task<Results<Ok<Unit3dUserAnswer>, Refusal>> GetUserAsync(long id, SiteMembers members) =>
        id >= 0 && await members.FindAsync(SiteMembers.NameOf((ulong)id)) is { Disabled: not SiteMembers.Removed } member
            ? TypedResults.Ok(Unit3dUserAnswer.Of((ulong)id, member)) : Answers.NotFound("no such user");

    private static async Task<Results<Ok<Unit3dDoneAnswer>, Refusal>> SetGroupAsync(Body<Unit3dGroupRequest> body, IGrainFactory grains)
    {
        if (await body.ReadAsync() is not { } said)
            return body.Refusal;
        var groups = await Site(grains).GetGroupsAsync();
        if (groups.Count >= SiteGroup.Most && groups.All(group => group.Id != (long)said.Id))
            return Answers.Conflict($"there are {SiteGroup.Most} groups already");
        await Site(grains).SetGroupsAsync([new((long)said.Id, said.Slug, said.DownloadSlots, said.IsImmune, said.IsFreeleech ? 0 : 100, said.IsDoubleUpload ? 200 : 100)]);
        return Done();
    }

    private static async Task<Results<Ok<Unit3dDoneAnswer>, Refusal>> RemoveGroupAsync(Body<Unit3dGroupRemoval> body, IGrainFactory grains)
    {
        if (await body.ReadAsync() is not { } said)
            return body.Refusal;
        await Site(grains).RemoveGroupAsync((long)said.Id);
        return Done();
    }

    private static async Task<Results<Ok<Unit3dDoneAnswer>, Refusal>> SetAgentAsync(Body<Unit3dAgentRequest> body, IGrainFactory grains)
    {
        if (await body.ReadAsync() is not { } said)
            return body.Refusal;
        var policy = grains.GetGrain<IPolicyGrain>(0);
        if ((await policy.GetClientsAsync()).Count >= ClientRule.Most)
            return Answers.Conflict($"there are {ClientRule.Most} rules already");
        await policy.SetClientsAsync([new(said.ToBytes(), Allowed: false, Reason: null)]);
        return Done();
    }

    private static async Task<Results<Ok<Unit3dDoneAnswer>, Refusal>> RemoveAgentAsync(Body<Unit3dAgentRequest> body, IGrainFactory grains)
    {
        if (await body.ReadAsync() is not { } said)
            return body.Refusal;
        await grains.GetGrain<IPolicyGrain>(0).RemoveClientAsync(said.ToBytes());
        return Done();
    }

    private static async Task<Results<Ok<Unit3dDoneAnswer>, Refusal>> SetTokenAsync(Body<Unit3dTokenRequest> body, IGrainFactory grains)
    {
        if (await body.ReadAsync() is not { } said)
            return body.Refusal;
        if (await Site(grains).FindTorrentByIdAsync((long)said.TorrentId) is not { Torrent.InfoHash: var hash })
            return Answers.NotFound("no such torrent");
        return (await Site(grains).SetTokensAsync([new(SiteMembers.NameOf(said.UserId), hash)]))[0] ? Done() : Answers.NotFound("no such user");
    }

    private static async Task<Results<Ok<Unit3dDoneAnswer>, Refusal>> RemoveTokenAsync(Body<Unit3dTokenRequest> body, IGrainFactory grains)
    {
        if (await body.ReadAsync() is not { } said)
            return body.Refusal;
        if (await Site(grains).FindTorrentByIdAsync((long)said.TorrentId) is { Torrent.InfoHash: var hash })
            await Site(grains).RemoveTokenAsync(SiteMembers.NameOf(said.UserId), hash);
        return Done();
    }

    private static async Task<Results<Ok<Unit3dDoneAnswer>, Refusal>> SetFreeleechAsync(Body<Unit3dFreeleechRequest> body, IGrainFactory grains) =>
        await body.ReadAsync() is not { } said ? body.Refusal
        : await Site(grains).SetFreeleechAsync(SiteMembers.NameOf(said.UserId), s_untilEnded) ? Done() : Answers.NotFound("no such user");

    private static async Task<Results<Ok<Unit3dDoneAnswer>, Refusal>> RemoveFreeleechAsync(Body<Unit3dFreeleechRequest> body, IGrainFactory grains)
    {
        if (await body.ReadAsync() is not { } said)
            return body.Refusal;
        await Site(grains).SetFreeleechAsync(SiteMembers.NameOf(said.UserId), null);
        return Done();
    }

    private static async Task<Results<Ok<Unit3dDoneAnswer>, Refusal>> SetFeaturedAsync(Body<Unit3dFeaturedRequest> body, IGrainFactory grains) =>
        await body.ReadAsync() is not { } said ? body.Refusal
        : await Site(grains).SetFeaturedAsync((long)said.TorrentId, true) ? Done() : Answers.NotFound("no such torrent");

    private static async Task<Results<Ok<Unit3dDoneAnswer>, Refusal>> RemoveFeaturedAsync(Body<Unit3dFeaturedRequest> body, IGrainFactory grains)
    {
        if (await body.ReadAsync() is not { } said)
            return body.Refusal;
        await Site(grains).SetFeaturedAsync((long)said.TorrentId, false);
        return Done();
    }
}
