using System.Buffers;
using System.Globalization;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Orleans.Runtime;
using Pbts.Api.Administration;
using Pbts.Api.Announce;
using Pbts.Api.Cluster;
using Pbts.Api.Http;
using Pbts.Api.Members;
using Pbts.GrainInterfaces.Operations;
using Pbts.GrainInterfaces.Policy;
using Pbts.GrainInterfaces.Settings;
using Pbts.GrainInterfaces.Site;
using Pbts.GrainInterfaces.Users;
using Pbts.Hosting.Access;
using Pbts.Hosting.Configuration;
using Pbts.Protocol.Receipts;

namespace Pbts.Api.OperatorConsole;

/// <summary>The operator's page at <c>/console</c>, the public page of a user at <c>/u/{id}</c>, and what the former reads.</summary>
internal static class ConsoleEndpoints
{
    private const int DefaultRows = 50;
    private const int MaxRows = 500;
    private const int MaxSearch = 200;
    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");
    private static readonly TimeSpan EventInterval = TimeSpan.FromSeconds(1);

    public static void AddConsole(this IServiceCollection services)
    {
        services.AddSingleton<ConsoleAssets>();
        services.AddSingleton<ClusterSnapshots>();
    }

    public static void MapConsole(this IEndpointRouteBuilder app)
    {
        app.MapGet("/", (HttpContext context, ConsoleAssets assets) => assets.Answer(context, "home.html")).For(Caller.Anybody).ExcludeFromDescription();
        app.MapGet("/console", (HttpContext context, ConsoleAssets assets) => assets.Answer(context, "console.html")).For(Caller.Anybody).ExcludeFromDescription();
        app.MapGet("/console/{asset}", (string asset, HttpContext context, ConsoleAssets assets) => assets.Answer(context, asset)).For(Caller.Anybody).ExcludeFromDescription();
        app.MapGet("/u/{userId}", (HttpContext context, ConsoleAssets assets) => assets.Answer(context, "user.html")).For(Caller.Anybody).ExcludeFromDescription();

        app.MapGet("/console/api/session", Session).For(Caller.Anybody).ExcludeFromDescription();
        var console = app.MapGroup("/console/api").RequireAdministrator().ExcludeFromDescription();
        // Opening the console is an event for the audit log, looking around in it is not.
        var figures = new NeedsScope(ApiScope.StatsRead);
        console.MapGet("/events", Events).WithMetadata(figures);
        var lists = console.MapGroup("").WithMetadata(new Unaudited());
        lists.MapGet("/swarms", SwarmsAsync).WithMetadata(figures);
        lists.MapGet("/swarms/{infoHash}", SwarmAsync).WithMetadata(figures);
        lists.MapGet("/users", UsersAsync);
        lists.MapGet("/users/{userId}", UserAsync);
        lists.MapGet("/proof", ProofAsync).WithMetadata(figures);
        lists.MapGet("/torrents", TorrentsAsync);
        lists.MapGet("/configuration", ConfigurationAsync);
        lists.MapGet("/audit", AuditAsync);
    }

    /// <summary>Whether the console is open to this caller without a token, and whether a token would help.</summary>
    private static Ok<SessionAnswer> Session(HttpContext context, AdminAuthorization administration) =>
        TypedResults.Ok(new SessionAnswer(administration.IsLocal(context), administration.IsTokenConfigured));

    /// <summary>Server-sent events (WHATWG HTML): the cluster once a second.</summary>
    private static ServerSentEventsResult<ClusterSnapshot> Events(ClusterSnapshots snapshots, IHostApplicationLifetime lifetime, HttpContext context)
    {
        context.Response.Headers["X-Accel-Buffering"] = "no";
        return TypedResults.ServerSentEvents(WatchAsync(snapshots, lifetime.ApplicationStopping, context.RequestAborted), "cluster");
    }

    private static async IAsyncEnumerable<ClusterSnapshot> WatchAsync(
        ClusterSnapshots snapshots, CancellationToken stopping, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // A silo that stops does not wait for its viewers; they connect again elsewhere.
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stopping, cancellationToken);
        using var timer = new PeriodicTimer(EventInterval);
        do
            yield return await snapshots.GetAsync();
        while (await NextAsync(timer, ending.Token));
    }

    private static async ValueTask<bool> NextAsync(PeriodicTimer timer, CancellationToken cancellationToken)
    {
        try
        {
            return await timer.WaitForNextTickAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private static async Task<Results<Ok<SwarmsAnswer>, Refusal>> SwarmsAsync(string? prefix, string? sort, string? limit, ClusterFigures figures)
    {
        prefix = (prefix ?? "").Trim().ToLowerInvariant();
        if (prefix.Length > 2 * InfoHash.Length || prefix.AsSpan().ContainsAnyExcept(HexDigits))
            return Answers.BadRequest("prefix must be the first hexadecimal digits of an info hash");
        SwarmOrder? order = sort switch { null or "peers" => SwarmOrder.Peers, "seeders" => SwarmOrder.Seeders, "leechers" => SwarmOrder.Leechers, _ => null };
        if (order is null)
            return Answers.BadRequest("sort must be peers, seeders or leechers");
        if (!TryReadLimit(limit, out var count))
            return BadLimit();
        var search = new SwarmSearch(prefix, order.Value, count);
        var found = await figures.FindSwarmsAsync(search);
        return TypedResults.Ok(new SwarmsAnswer(true, [.. found
            .OrderByDescending(entry => search.Rank(entry.Swarm)).ThenBy(entry => entry.Swarm.InfoHash, StringComparer.Ordinal).Take(count)
            .Select(entry => new SwarmRow(entry.Swarm.InfoHash, entry.Swarm.Complete, entry.Swarm.Incomplete, entry.Swarm.Downloaders, $"{entry.Silo.Endpoint}"))]));
    }

    private static async Task<Results<Ok<SwarmAnswer>, Refusal>> SwarmAsync(string infoHash, SwarmClient swarms, ClusterFigures figures)
    {
        if (!InfoHash.TryParse(infoHash, out var torrent))
            return Answers.BadRequest("info_hash must be 40 hexadecimal digits");
        var held = await figures.FindSwarmsAsync(new SwarmSearch(torrent.ToString(), SwarmOrder.Peers, 1));
        return await swarms.ScrapeAsync(torrent) is not { IsKnown: true } counts
            ? Answers.NotFound("nobody has announced this torrent")
            : TypedResults.Ok(new SwarmAnswer(
                true, torrent.ToString(), counts.Complete, counts.Incomplete, counts.Downloaders, counts.Downloaded, [.. held.Select(entry => $"{entry.Silo.Endpoint}")]));
    }

    private static async Task<Results<Ok<UsersAnswer>, Refusal>> UsersAsync(string? search, string? sort, string? before, string? limit, IGrainFactory grains)
    {
        if (!TryReadLimit(limit, out var count))
            return BadLimit();
        if (search?.Length > UserId.MaxCharacters)
            return Answers.BadRequest($"search is too long: at most {UserId.MaxCharacters} characters");
        UserOrder? order = sort switch { null or "name" => UserOrder.Name, "unproven" => UserOrder.Unproven, _ => null };
        if (order is null)
            return Answers.BadRequest("sort must be name or unproven");
        if (!TryReadCursor(before, out var cursor))
            return Answers.BadRequest("before must be the next_before of an earlier page");
        var users = await grains.GetGrain<IUserDirectoryGrain>(0).ListAsync(new(search ?? "", order.Value, count, cursor));
        return TypedResults.Ok(new UsersAnswer(
            true, [.. users.Select(ListedUser.From)], users.Count == count ? $"{users[^1].Unproven}:{users[^1].User.UserId}" : null));
    }

    private static async Task<Ok<ProofAnswer>> ProofAsync(IGrainFactory grains)
    {
        var sums = await grains.GetGrain<IUserDirectoryGrain>(0).SumProofAsync();
        return TypedResults.Ok(new ProofAnswer(true, sums.Credited, sums.Claimed, sums.Claimed > 0 ? (double)sums.Credited / sums.Claimed : null, sums.Members, sums.Proving));
    }

    private static async Task<Results<Ok<UserStandingAnswer>, Refusal>> UserAsync(string userId, IGrainFactory grains, IOptions<TrackerOptions> tracker, IOptions<MembersOptions> members)
    {
        if (!UserId.TryParse(userId, out _) || await grains.GetGrain<IUserGrain>(userId).GetAsync() is not { } user
            || await grains.GetGrain<IUserGrain>(userId).GetCreditAsync() is not { } credit)
            return Answers.NotFound("User not found");
        var trust = members.Value.TrustOf(user.Origin, user.Trust);
        var (limit, left) = UserEndpoints.LimitOf(user, tracker.Value, members.Value);
        return TypedResults.Ok(new UserStandingAnswer(
            true, user.UserId, user.Origin, credit.InvitedBy, trust, user.Trust, limit, left, user.Invites ?? members.Value.InvitesPerMember, user.Invites,
            credit.SentSessions, credit.SentBytes, credit.ReceivedSessions, credit.ReceivedBytes, user.Disabled, !user.MayNotDownload));
    }

    private static async Task<Results<Ok<TorrentsAnswer>, Refusal>> TorrentsAsync(string? search, string? limit, IGrainFactory grains)
    {
        if (!TryReadLimit(limit, out var count))
            return BadLimit();
        if (search?.Length > MaxSearch)
            return Answers.BadRequest($"search is too long: at most {MaxSearch} characters");
        var torrents = await grains.GetGrain<ISiteGrain>(0).SearchTorrentsAsync((search ?? "").Trim(), count);
        return TypedResults.Ok(new TorrentsAnswer(true, [.. torrents.Select(TorrentRow.Of)]));
    }

    private static async Task<Results<Ok<AuditAnswer>, Refusal>> AuditAsync(string? limit, AuditTrail audit) =>
        TryReadLimit(limit, out var count) ? TypedResults.Ok(new AuditAnswer(true, await audit.ReadAsync(count))) : BadLimit();

    private static async Task<Ok<ConfigurationAnswer>> ConfigurationAsync(
        IGrainFactory grains, IOptions<NodeOptions> node, IOptions<TrackerOptions> tracker, IOptions<ReceiptsOptions> receipts, IOptions<RatioOptions> ratio,
        IOptions<AdministrationOptions> administration, IOptions<MembersOptions> members)
    {
        var instance = await grains.GetGrain<ISettingsGrain>(0).GetInstanceIdAsync();
        return TypedResults.Ok(ConfigurationAnswer.From(instance, node.Value, tracker.Value, receipts.Value, ratio.Value, administration.Value, members.Value));
    }

    private static bool TryReadCursor(string? text, out UserCursor? cursor)
    {
        cursor = null;
        if (text is null)
            return true;
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0 || !long.TryParse(text.AsSpan(0, colon), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var unproven) || !UserId.TryParse(text[(colon + 1)..], out var last))
            return false;
        cursor = new(last.ToString(), unproven);
        return true;
    }

    private static bool TryReadLimit(string? text, out int limit)
    {
        limit = DefaultRows;
        return text is null || (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out limit) && limit is >= 1 and <= MaxRows);
    }

    private static Refusal BadLimit() => Answers.BadRequest($"limit must be an integer from 1 to {MaxRows}");
}
