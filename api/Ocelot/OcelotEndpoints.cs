using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using Pbts.Api.Announce;
using Pbts.Api.Callers;
using Pbts.Api.Cluster;
using Pbts.Api.Dialects;
using Pbts.GrainInterfaces.Operations;
using Pbts.GrainInterfaces.Policy;
using Pbts.GrainInterfaces.Site;
using Pbts.GrainInterfaces.Swarms;

namespace Pbts.Api.Ocelot;

/// <summary>
/// What Gazelle and its like tell Ocelot. They look whether the answer ends with the line <c>success</c>, and repeat what does not.
/// Of members and torrents that are not there nothing is done, with success, as there.
/// </summary>
internal static class OcelotEndpoints
{
    private const string Success = "success";
    private const int PasskeyLength = 32;

    /// <summary>Swarms of each silo that are counted, those with most peers first.</summary>
    private const int MostSwarms = 100_000;

    /// <summary>What the numbers of reasons mean.</summary>
    private static readonly string[] Reasons =
    [
        "duplicate", "replaced by a better one", "bad file names", "bad folder names", "bad tags", "format not allowed", "discs missing", "discography", "edited log",
        "inaccurate bitrate", "low bitrate", "rip of several sources", "source not allowed", "errors in the encoding", "banned", "tracks missing", "transcode", "cassette without approval", "album not split",
        "compilation by a user", "wrong format", "wrong media", "recorded in the audience",
    ];

    public static void MapOcelot(this IEndpointRouteBuilder app)
    {
        var api = app.MapGroup("/{key:minlength(32)}").RequireSite(SiteDialect.Ocelot);
        api.MapGet("/update", UpdateAsync).WithSummary("What Gazelle says of torrents, members, tokens and clients (action=…)")
            .Produces<string>(StatusCodes.Status200OK, "text/plain").Produces<string>(StatusCodes.Status400BadRequest, "text/plain").Produces<string>(StatusCodes.Status409Conflict, "text/plain");
        api.MapGet("/report", ReportAsync).WithSummary("How much the tracker holds (get=stats), or a member seeds and leeches (get=user&key=PASSKEY)").Produces<string>(StatusCodes.Status200OK, "text/plain");
    }

    private static async Task<ContentHttpResult> UpdateAsync(HttpContext context, IGrainFactory grains, SiteMembers members)
    {
        var query = new OcelotQuery(context);
        var taken = query.Text("action") switch
        {
            "add_torrent" => await AddTorrentAsync(query, grains),
            "update_torrent" => await UpdateTorrentsAsync([query.OneInfoHash("info_hash")], query, grains),
            "update_torrents" => await UpdateTorrentsAsync(query.InfoHashes("info_hashes"), query, grains),
            "delete_torrent" => await DeleteTorrentAsync(query, grains),
            "add_user" => await AddUserAsync(query, members),
            "update_user" => await UpdateUserAsync(query, members),
            "change_passkey" => await ChangePasskeyAsync(query, members),
            "remove_user" => await RemoveUsersAsync(query, "passkey", most: 1, members),
            "remove_users" => await RemoveUsersAsync(query, "passkeys", int.MaxValue, members),
            "add_token" => await AddTokenAsync(query, grains),
            "remove_token" => await RemoveTokenAsync(query, grains),
            "add_whitelist" => await EditWhitelistAsync(query, null, "peer_id", grains),
            "edit_whitelist" => await EditWhitelistAsync(query, "old_peer_id", "new_peer_id", grains),
            "remove_whitelist" => await EditWhitelistAsync(query, "peer_id", null, grains),
            // The interval is a setting of this tracker (Tracker:Interval); of a torrent Ocelot only writes to its log.
            "update_announce_interval" or "info_torrent" => null,
            _ => query.Refuse("action", "is unknown") is 0 ? null : Success,
        };
        return query.Error is { } error ? TypedResults.Text(error, statusCode: StatusCodes.Status400BadRequest)
            : taken is not null ? TypedResults.Text($"{taken} is taken", statusCode: StatusCodes.Status409Conflict)
            : TypedResults.Text(Success);
    }

    private static ISiteGrain Site(IGrainFactory grains) => grains.GetGrain<ISiteGrain>(0);

    private static async Task<string?> AddTorrentAsync(OcelotQuery query, IGrainFactory grains)
    {
        var (hash, id, (download, upload)) = (query.OneInfoHash("info_hash"), query.Number("id"), query.Factors("freetorrent"));
        if (query.Error is not null)
            return null;
        var known = await Site(grains).FindTorrentAsync(hash);
        var verdicts = await Site(grains).SetTorrentsAsync([
            new(hash, (long)id, TorrentStatus.Approved, DownloadFactor: download, UploadFactor: upload, TimesCompleted: known?.Torrent.TimesCompleted ?? 0)]);
        return verdicts[0] == SiteTorrentVerdict.IdTaken ? "id" : null;
    }

    private static async Task<string?> UpdateTorrentsAsync(IReadOnlyList<string> hashes, OcelotQuery query, IGrainFactory grains)
    {
        var (download, upload) = query.Factors("freetorrent");
        if (query.Error is not null)
            return null;
        var torrents = new List<SiteTorrent>();
        foreach (var hash in hashes)
        {
            if (await Site(grains).FindTorrentAsync(hash) is { Torrent: var torrent })
                torrents.Add(torrent with { DownloadFactor = download, UploadFactor = upload, FactorsUntil = null });
        }

        if (torrents.Count > 0)
            await Site(grains).SetTorrentsAsync(torrents);
        return null;
    }

    private static async Task<string?> DeleteTorrentAsync(OcelotQuery query, IGrainFactory grains)
    {
        var hash = query.OneInfoHash("info_hash");
        if (query.Error is not null || await Site(grains).FindTorrentAsync(hash) is not { Torrent: var torrent })
            return null;
        var reason = int.TryParse(query.Text("reason"), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? Reasons.ElementAtOrDefault(number) : null;
        await Site(grains).SetTorrentsAsync([torrent with { Status = TorrentStatus.Deleted, Reason = reason }]);
        return null;
    }

    // Whether a member's address is shown to others (visible) is not Gazelle's to say here: peers have to find each other.
    private static async Task<string?> AddUserAsync(OcelotQuery query, SiteMembers members)
    {
        var (user, passkey) = (SiteMembers.NameOf(query.Number("id")), Passkey(query, "passkey", members));
        if (query.Error is not null)
            return null;
        var known = await members.FindAsync(user);
        var said = known is null ? new MemberPolicy(user, null, CanDownload: true) : SiteMembers.PolicyOf(known);
        return await members.SetAsync(said with { Passkey = passkey }, known) ? null : "passkey";
    }

    private static async Task<string?> UpdateUserAsync(OcelotQuery query, SiteMembers members)
    {
        if (await members.FindByPasskeyAsync(Passkey(query, "passkey", members)) is { } known)
            await members.SetAsync(SiteMembers.PolicyOf(known) with { CanDownload = query.Text("can_leech") != "0" }, known);
        return null;
    }

    private static async Task<string?> ChangePasskeyAsync(OcelotQuery query, SiteMembers members)
    {
        var (old, passkey) = (Passkey(query, "oldpasskey", members), Passkey(query, "newpasskey", members));
        return query.Error is not null || await members.FindByPasskeyAsync(old) is not { } known || await members.SetAsync(SiteMembers.PolicyOf(known) with { Passkey = passkey }, known)
            ? null : "newpasskey";
    }

    private static async Task<string?> RemoveUsersAsync(OcelotQuery query, string name, int most, SiteMembers members)
    {
        var passkeys = query.Text(name).Chunk(PasskeyLength).Select(part => new string(part)).ToArray();
        if (passkeys.Length == 0 || passkeys.Length > most || !passkeys.All(members.IsPasskey))
            query.Refuse(name, $"must be {PasskeyLength} letters and digits{(most == 1 ? "" : " each")}");
        if (query.Error is not null)
            return null;
        foreach (var passkey in passkeys)
        {
            if (await members.FindByPasskeyAsync(passkey) is { } known)
                await members.RemoveAsync(known);
        }

        return null;
    }

    private static async Task<string?> AddTokenAsync(OcelotQuery query, IGrainFactory grains)
    {
        var (user, hash) = (SiteMembers.NameOf(query.Number("userid")), query.OneInfoHash("info_hash"));
        if (query.Error is null)
            await Site(grains).SetTokensAsync([new(user, hash)]);
        return null;
    }

    private static async Task<string?> RemoveTokenAsync(OcelotQuery query, IGrainFactory grains)
    {
        var (user, hash) = (SiteMembers.NameOf(query.Number("userid")), query.OneInfoHash("info_hash"));
        if (query.Error is null)
            await Site(grains).RemoveTokenAsync(user, hash);
        return null;
    }

    /// <summary>Allows a client, and no others but those that are allowed, or ends that; or one after the other.</summary>
    private static async Task<string?> EditWhitelistAsync(OcelotQuery query, string? removed, string? added, IGrainFactory grains)
    {
        var policy = grains.GetGrain<IPolicyGrain>(0);
        foreach (var name in (ReadOnlySpan<string?>)[removed, added])
        {
            if (name is not null && query.Bytes(name).Length is 0 or > PeerId.Length)
                query.Refuse(name, $"must be 1 to {PeerId.Length} bytes");
        }

        if (query.Error is not null)
            return null;
        // The new one first: without any, all would be let in for a moment.
        if (added is not null)
            await policy.SetClientsAsync([new(query.Bytes(added), Allowed: true, Reason: null)]);
        if (removed is not null && (added is null || !query.Bytes(added).SequenceEqual(query.Bytes(removed))))
            await policy.RemoveClientAsync(query.Bytes(removed));
        return null;
    }

    private static string Passkey(OcelotQuery query, string name, SiteMembers members)
    {
        var passkey = query.Text(name);
        if (!members.IsPasskey(passkey))
            query.Refuse(name, $"must be {PasskeyLength} letters and digits, and no key of a site");
        return passkey;
    }

    /// <summary>Announces are those of this process since it started, swarms and peers those of the cluster.</summary>
    private static async Task<ContentHttpResult> ReportAsync(HttpContext context, AnnounceMetrics announces, ClusterFigures figures, Moments moments, SiteMembers members, OcelotUptime uptime)
    {
        var query = new OcelotQuery(context);
        switch (query.Text("get"))
        {
            case "stats":
                var (seeders, leechers) = await moments.GetAsync("ocelot", () => CountPeersAsync(figures));
                return Lines([
                    $"Uptime: {uptime}", $"{announces.TotalServed} successful announcements", $"{announces.Total - announces.TotalServed} failed announcements",
                    $"{leechers} leechers tracked", $"{seeders} seeders tracked"]);
            case "user":
                return await members.FindByPasskeyAsync(query.Text("key")) is { } member ? Lines([$"{member.Leeching} leeching", $"{member.Seeding} seeding"]) : Lines([]);
            default:
                return Lines([$"Invalid action"]);
        }

        static ContentHttpResult Lines(IEnumerable<FormattableString> lines) => TypedResults.Text(string.Concat(lines.Select(line => FormattableString.Invariant(line) + "\n")) + Success);
    }

    private static async Task<(long Seeders, long Leechers)> CountPeersAsync(ClusterFigures figures)
    {
        var (seeders, leechers) = (0L, 0L);
        foreach (var (_, swarm) in await figures.FindSwarmsAsync(new("", SwarmOrder.Peers, MostSwarms)))
            (seeders, leechers) = (seeders + swarm.Complete, leechers + swarm.Incomplete);
        return (seeders, leechers);
    }
}
