using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Pbts.Api.Http;
using Pbts.Api.Policy;
using Pbts.GrainInterfaces.Site;
using Pbts.Protocol.Receipts;

namespace Pbts.Api.Site;

/// <summary>What the site says of its torrents.</summary>
internal static class SiteTorrentEndpoints
{
    public static void MapSiteTorrents(this IEndpointRouteBuilder api)
    {
        api.MapPut("/torrents", SetAsync).Writes("Say of torrents whether they are served and what of them is credited; up to 1,000 with a verdict each; factors in per cent, times in Unix seconds");
        api.MapGet("/torrents", ListAsync).Reads("What has been said of torrents, by infohash, in pages");
        api.MapGet("/torrents/{infohash}", GetAsync).Reads("What has been said of one torrent");
        api.MapPut("/torrents/{infohash}/featured", FeatureAsync).Writes("Feature a torrent (nothing of a download is credited, an upload twice), or end that");
    }

    private static async Task<Results<Ok<SiteTorrentVerdictsAnswer>, Refusal>> SetAsync(Body<SiteTorrentsRequest> body, IGrainFactory grains)
    {
        if (await body.ReadAsync() is not { } request)
            return body.Refusal;
        var verdicts = await grains.GetGrain<ISiteGrain>(0).SetTorrentsAsync([.. request.Torrents.Select(torrent => torrent.Torrent)]);
        return TypedResults.Ok(new SiteTorrentVerdictsAnswer(true, [.. verdicts.Select((verdict, index) => new SiteTorrentVerdictAnswer(index, Text(verdict)))]));
    }

    private static async Task<Results<Ok<SiteTorrentsAnswer>, Refusal>> ListAsync(string? after, string? limit, IGrainFactory grains)
    {
        if (SiteEndpoints.ReadLimit(limit) is not { } count)
            return SiteEndpoints.BadLimit();
        var last = default(InfoHash);
        if (after is not null && !InfoHash.TryParse(after, out last))
            return Answers.BadRequest("after must be the next of an earlier page: 40 hexadecimal digits");
        var torrents = await grains.GetGrain<ISiteGrain>(0).ListTorrentsAsync(after is null ? "" : $"{last}", count);
        return TypedResults.Ok(new SiteTorrentsAnswer(true, [.. torrents.Select(SiteTorrentAnswer.Of)], torrents.Count == count ? torrents[^1].Torrent.InfoHash : null));
    }

    private static async Task<Results<Ok<SiteTorrentFoundAnswer>, Refusal>> GetAsync(string infohash, IGrainFactory grains) =>
        InfoHash.TryParse(infohash, out var hash) && await grains.GetGrain<ISiteGrain>(0).FindTorrentAsync($"{hash}") is { } found
            ? TypedResults.Ok(new SiteTorrentFoundAnswer(true, SiteTorrentAnswer.Of(found))) : NotFound();

    private static async Task<Results<Ok<SiteFeaturedAnswer>, Refusal>> FeatureAsync(string infohash, Body<SiteFeaturedRequest> body, IGrainFactory grains)
    {
        if (await body.ReadAsync() is not { } request)
            return body.Refusal;
        return InfoHash.TryParse(infohash, out var hash) && await grains.GetGrain<ISiteGrain>(0).SetFeaturedAsync($"{hash}", request.Featured)
            ? TypedResults.Ok(new SiteFeaturedAnswer(true, $"{hash}", request.Featured)) : NotFound();
    }

    private static Refusal NotFound() => Answers.NotFound("nothing has been said of this torrent: PUT /api/v1/torrents");

    public static string Text<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.SnakeCaseLower.ConvertName($"{value}");
}

/// <summary>Body of <c>PUT /api/v1/torrents</c>: up to 1,000 torrents. Of one given twice the last counts.</summary>
internal sealed record SiteTorrentsRequest(IReadOnlyList<SiteTorrentRequest> Torrents) : IBody<SiteTorrentsRequest>
{
    public static int Most => SiteEndpoints.MostBytes;

    public static SiteTorrentsRequest Read(JsonFields fields) => new(fields.Objects("torrents", SiteEndpoints.Most, SiteTorrentRequest.Read));
}

/// <summary>What is said of a torrent; what is left out is set to its default. Whether it is featured stays as it is.</summary>
/// <param name="Id">The site's number for it, of which each is one torrent's.</param>
/// <param name="Status"><c>approved</c>, <c>pending</c>, <c>rejected</c>, <c>postponed</c> or <c>deleted</c>.</param>
/// <param name="Reason">What clients are told where it is not approved, 1 to 200 characters.</param>
/// <param name="DownloadFactor">Per cent of a download that is credited, 0 to 1000; the lowest that applies counts.</param>
/// <param name="UploadFactor">Per cent of an upload that is credited, 0 to 1000; the highest that applies counts.</param>
/// <param name="FactorsUntil">When both become 100, in Unix seconds; null: never.</param>
/// <param name="TimesCompleted">Downloads completed elsewhere before.</param>
internal sealed record SiteTorrentRequest(
    InfoHash Infohash, long? Id = null, string Status = "approved", string? Reason = null, int DownloadFactor = 100, int UploadFactor = 100, double? FactorsUntil = null, long TimesCompleted = 0)
{
    private static readonly string[] Statuses = [.. Enum.GetValues<TorrentStatus>().Select(SiteTorrentEndpoints.Text)];

    private DateTimeOffset? Until { get; init; }

    public static SiteTorrentRequest Read(JsonFields fields)
    {
        var status = fields.OptionalText("status") ?? "approved";
        if (!Statuses.Contains(status))
            fields.Wrong("status", $"must be one of {string.Join(", ", Statuses)}", status);
        var until = fields.OptionalTime("factors_until");
        return new(
            fields.InfoHash("infohash"), (long?)fields.OptionalUnsigned("id", long.MaxValue), status, MemberPolicyRequest.Reason(fields, "reason"), fields.Factor("download_factor"),
            fields.Factor("upload_factor"), SiteEndpoints.Seconds(until), (long)(fields.OptionalUnsigned("times_completed", int.MaxValue) ?? 0))
        {
            Until = until,
        };
    }

    internal SiteTorrent Torrent =>
        new($"{Infohash}", Id, (TorrentStatus)Array.IndexOf(Statuses, Status), Reason, DownloadFactor, UploadFactor, Until, TimesCompleted);
}

/// <summary>Answer to <c>PUT /api/v1/torrents</c>: one verdict for each, in order.</summary>
internal sealed record SiteTorrentVerdictsAnswer(bool Success, IReadOnlyList<SiteTorrentVerdictAnswer> Results);

/// <summary>What came of one torrent.</summary>
/// <param name="Status"><c>set</c> or <c>id_taken</c>.</param>
internal sealed record SiteTorrentVerdictAnswer(int Index, string Status);

/// <summary>What has been said of a torrent. Factors in per cent, time in Unix seconds.</summary>
internal sealed record SiteTorrentAnswer(
    string Infohash, long? Id, string Status, string? Reason, int DownloadFactor, int UploadFactor, double? FactorsUntil, long TimesCompleted, bool Featured)
{
    public static SiteTorrentAnswer Of(SiteTorrentState state) => new(
        state.Torrent.InfoHash, state.Torrent.Id, SiteTorrentEndpoints.Text(state.Torrent.Status), state.Torrent.Reason, state.Torrent.DownloadFactor, state.Torrent.UploadFactor,
        SiteEndpoints.Seconds(state.Torrent.FactorsUntil), state.Torrent.TimesCompleted, state.IsFeatured);
}

/// <summary>Answer to <c>GET /api/v1/torrents</c>; <paramref name="Next"/> is the <c>after</c> of the next page.</summary>
internal sealed record SiteTorrentsAnswer(bool Success, IReadOnlyList<SiteTorrentAnswer> Torrents, string? Next);

/// <summary>Answer to <c>GET /api/v1/torrents/{infohash}</c>.</summary>
internal sealed record SiteTorrentFoundAnswer(bool Success, SiteTorrentAnswer Torrent);

/// <summary>Body of <c>PUT /api/v1/torrents/{infohash}/featured</c>.</summary>
internal sealed record SiteFeaturedRequest(bool Featured) : IBody<SiteFeaturedRequest>
{
    public static SiteFeaturedRequest Read(JsonFields fields) => new(fields.Boolean("featured"));
}

/// <summary>Answer to it.</summary>
internal sealed record SiteFeaturedAnswer(bool Success, string Infohash, bool Featured);
