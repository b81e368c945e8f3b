using System.Globalization;
using Pbts.Api.Administration;
using Pbts.Api.Http;
using Pbts.GrainInterfaces.Policy;

namespace Pbts.Api.Site;

/// <summary>
/// What the site's own software says of torrents, groups, factors and members, and what it asks of them. What has been answered is
/// durable, and holds on every front end within a second.
/// </summary>
internal static class SiteEndpoints
{
    /// <summary>Things in one call, and rows of the longest page.</summary>
    public const int Most = 1000;

    /// <summary>Bytes of the largest body.</summary>
    public const int MostBytes = 1 << 20;

    private const int DefaultPage = 100;

    public static void MapSite(this IEndpointRouteBuilder app)
    {
        var api = app.MapGroup("/api/v1").RequireAdministrator();
        api.MapSiteTorrents();
        api.MapSiteGroups();
        api.MapSiteFactors();
        api.MapSiteMembers();
        api.MapSiteHistory();
        api.MapSiteChanges();
    }

    /// <summary>Opens a call that only reads to tokens that may; a site's software asks all the time.</summary>
    public static RouteHandlerBuilder Reads(this RouteHandlerBuilder route, string summary) =>
        route.WithSummary($"{summary} (administration, or a token with {ApiScope.SiteRead})").WithMetadata(new NeedsScope(ApiScope.SiteRead), new Unaudited());

    /// <summary>Opens a call that changes something to tokens that may.</summary>
    public static RouteHandlerBuilder Writes(this RouteHandlerBuilder route, string summary) =>
        route.WithSummary($"{summary} (administration, or a token with {ApiScope.SiteWrite})").WithMetadata(new NeedsScope(ApiScope.SiteWrite));

    /// <summary>How many rows are asked for; null: not so many.</summary>
    public static int? ReadLimit(string? text, int otherwise = DefaultPage) =>
        text is null ? otherwise : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count is >= 1 and <= Most ? count : null;

    public static Refusal BadLimit() => Answers.BadRequest($"limit must be an integer from 1 to {Most}");

    /// <summary>A factor, which is 100 where nothing is said.</summary>
    public static int Factor(this JsonFields fields, string name) => (int)(fields.OptionalUnsigned(name, 1000) ?? 100);

    public static double Seconds(DateTimeOffset time) => time.ToUnixTimeMilliseconds() / 1000.0;

    public static double? Seconds(DateTimeOffset? time) => time is { } known ? Seconds(known) : null;
}
