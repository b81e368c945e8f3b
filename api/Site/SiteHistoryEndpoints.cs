using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Pbts.Api.Http;
using Pbts.GrainInterfaces.Site;
using Pbts.Protocol.Receipts;

namespace Pbts.Api.Site;

/// <summary>What members did with torrents, for the site to judge.</summary>
internal static class SiteHistoryEndpoints
{
    public static void MapSiteHistory(this IEndpointRouteBuilder api)
    {
        api.MapGet("/history", ListAsync).Reads("What members did with torrents: bytes, seconds seeded, times in Unix seconds; of one member, of one torrent or of all, in pages");
        api.MapPost("/history", AddAsync).Writes("Bring what members did elsewhere, in bytes; up to 1,000; what is known already stays as it is, of members who are not there nothing is kept");
        api.MapGet("/unregistered", UnregisteredAsync).Reads("Infohashes announced that are not registered, and by whom, the newest first");
    }

    private static async Task<Results<Ok<SiteHistoryAnswer>, Refusal>> ListAsync(
        [FromQuery(Name = "user_id")] string? userId, string? infohash, string? after, string? limit, IGrainFactory grains)
    {
        if (SiteEndpoints.ReadLimit(limit) is not { } count)
            return SiteEndpoints.BadLimit();
        if (userId is not null && !UserId.TryParse(userId, out _))
            return Answers.BadRequest("user_id is no user id");
        var hash = default(InfoHash);
        if (infohash is not null && !InfoHash.TryParse(infohash, out hash))
            return Answers.BadRequest("infohash must be 40 hexadecimal digits");
        HistoryCursor? cursor = null;
        if (after is not null)
        {
            // Names may have colons, infohashes have none.
            var colon = after.LastIndexOf(':');
            if (colon < 0 || !UserId.TryParse(after[..colon], out var last) || !InfoHash.TryParse(after.AsSpan(colon + 1), out var lastHash))
                return Answers.BadRequest("after must be the next of an earlier page: USER:INFOHASH");
            cursor = new($"{last}", $"{lastHash}");
        }

        var site = grains.GetGrain<ISiteGrain>(0);
        var entries = await site.ListHistoryAsync(userId, infohash is null ? null : $"{hash}", cursor, count);
        // The order is that in which members came: without the member nobody knows where it goes on, and no end is to look like it.
        if (entries.Count == 0 && cursor is not null && await site.FindMemberAsync(cursor.UserId) is null)
            return Answers.BadRequest("after names a member that is not there any more: begin anew");
        return TypedResults.Ok(new SiteHistoryAnswer(true, [.. entries.Select(SiteHistoryEntryAnswer.Of)], entries.Count == count ? $"{entries[^1].UserId}:{entries[^1].InfoHash}" : null));
    }

    private static async Task<Results<Ok<SiteHistoryAddedAnswer>, Refusal>> AddAsync(Body<SiteHistoryRequest> body, IGrainFactory grains, TimeProvider time)
    {
        if (await body.ReadAsync() is not { } request)
            return body.Refusal;
        var now = time.GetUtcNow();
        return TypedResults.Ok(new SiteHistoryAddedAnswer(true, await grains.GetGrain<ISiteGrain>(0).AddHistoryAsync([.. request.Entries.Select(entry => entry.At(now))])));
    }

    private static async Task<Results<Ok<SiteUnregisteredAnswer>, Refusal>> UnregisteredAsync(string? limit, IGrainFactory grains) =>
        SiteEndpoints.ReadLimit(limit) is not { } count ? SiteEndpoints.BadLimit()
        : TypedResults.Ok(new SiteUnregisteredAnswer(true, [.. (await grains.GetGrain<ISiteGrain>(0).ListUnregisteredAsync(count)).Select(torrent =>
            new SiteUnregisteredTorrent(torrent.UserId, torrent.InfoHash, SiteEndpoints.Seconds(torrent.LastSeen), torrent.Times))]));
}

/// <summary>Body of <c>POST /api/v1/history</c>: up to 1,000 entries.</summary>
internal sealed record SiteHistoryRequest(IReadOnlyList<SiteHistoryEntryRequest> Entries) : IBody<SiteHistoryRequest>
{
    public static int Most => SiteEndpoints.MostBytes;

    public static SiteHistoryRequest Read(JsonFields fields) => new(fields.Objects("entries", SiteEndpoints.Most, SiteHistoryEntryRequest.Read));
}

/// <summary>What a member did with a torrent elsewhere. Bytes; times in Unix seconds, now where they are left out.</summary>
/// <param name="ClientUploaded">The client's own counter as it said it last.</param>
/// <param name="SeedTime">Seconds.</param>
/// <param name="CompletedAt">Null: never.</param>
/// <param name="Client">How its peer id began, at most eight characters.</param>
/// <param name="Seeder">Whether it had everything when it was seen last.</param>
internal sealed record SiteHistoryEntryRequest(
    UserId UserId, InfoHash Infohash, long Uploaded, long Downloaded, long ClientUploaded = 0, long ClientDownloaded = 0, long SeedTime = 0, double? FirstSeen = null, double? LastSeen = null,
    double? CompletedAt = null, string Client = "", bool Seeder = false)
{
    private const int LongestClient = 8;
    private const long LongestSeedTime = 100L * 366 * 86400;

    private (DateTimeOffset? First, DateTimeOffset? Last, DateTimeOffset? Completed) Seen { get; init; }

    public static SiteHistoryEntryRequest Read(JsonFields fields)
    {
        var (first, last, completed) = (fields.OptionalTime("first_seen"), fields.OptionalTime("last_seen"), fields.OptionalTime("completed_at"));
        if (first > last)
            fields.Wrong("first_seen", "is after last_seen", first);
        var client = fields.OptionalString("client") ?? "";
        if (client.Length > LongestClient)
            fields.Wrong("client", $"is too long: at most {LongestClient} characters", client);
        return new(
            fields.UserId("user_id"), fields.InfoHash("infohash"), (long)fields.Unsigned("uploaded", long.MaxValue), (long)fields.Unsigned("downloaded", long.MaxValue), Number("client_uploaded", long.MaxValue),
            Number("client_downloaded", long.MaxValue), Number("seed_time", LongestSeedTime), SiteEndpoints.Seconds(first), SiteEndpoints.Seconds(last), SiteEndpoints.Seconds(completed), client,
            fields.OptionalBoolean("seeder") ?? false)
        {
            Seen = (first, last, completed),
        };

        long Number(string name, long most) => (long)(fields.OptionalUnsigned(name, (ulong)most) ?? 0);
    }

    internal HistoryEntry At(DateTimeOffset now) => new()
    {
        UserId = $"{UserId}", InfoHash = $"{Infohash}", Uploaded = Uploaded, Downloaded = Downloaded, ClientUploaded = ClientUploaded, ClientDownloaded = ClientDownloaded, SeedTime = SeedTime,
        FirstSeen = Seen.First ?? Seen.Last ?? now, LastSeen = Seen.Last ?? Seen.First ?? now, CompletedAt = Seen.Completed, Client = Client, IsSeeder = Seeder,
    };
}

/// <summary>Answer to <c>POST /api/v1/history</c>: how many entries were new.</summary>
internal sealed record SiteHistoryAddedAnswer(bool Success, int Added);

/// <summary>Answer to <c>GET /api/v1/history</c>; <paramref name="Next"/> is the <c>after</c> of the next page.</summary>
internal sealed record SiteHistoryAnswer(bool Success, IReadOnlyList<SiteHistoryEntryAnswer> Entries, string? Next);

/// <summary>What a member did with a torrent. Bytes; times in Unix seconds.</summary>
/// <param name="TorrentId">The site's number for it; null where it has none.</param>
/// <param name="Uploaded">What was believed of the clients' counters.</param>
/// <param name="CreditedUploaded">With the factors that held.</param>
/// <param name="ClientUploaded">The client's own counter as it said it last.</param>
/// <param name="SeedTime">Seconds.</param>
/// <param name="Seeder">Whether it had everything when it was seen last.</param>
/// <param name="Active">Whether it is in the swarm.</param>
internal sealed record SiteHistoryEntryAnswer(
    string UserId, string Infohash, long? TorrentId, long Uploaded, long Downloaded, long CreditedUploaded, long CreditedDownloaded, long ClientUploaded, long ClientDownloaded, long SeedTime,
    double FirstSeen, double LastSeen, double? CompletedAt, string Client, bool Seeder, bool Active)
{
    public static SiteHistoryEntryAnswer Of(HistoryEntry entry) => new(
        entry.UserId, entry.InfoHash, entry.TorrentId, entry.Uploaded, entry.Downloaded, entry.CreditedUploaded, entry.CreditedDownloaded, entry.ClientUploaded, entry.ClientDownloaded, entry.SeedTime,
        SiteEndpoints.Seconds(entry.FirstSeen), SiteEndpoints.Seconds(entry.LastSeen), SiteEndpoints.Seconds(entry.CompletedAt), entry.Client, entry.IsSeeder, entry.IsActive);
}

/// <summary>Answer to <c>GET /api/v1/unregistered</c>.</summary>
internal sealed record SiteUnregisteredAnswer(bool Success, IReadOnlyList<SiteUnregisteredTorrent> Torrents);

/// <summary>An infohash that is not registered, and a member who announced it. Time in Unix seconds.</summary>
internal sealed record SiteUnregisteredTorrent(string UserId, string Infohash, double LastSeen, long Times);
