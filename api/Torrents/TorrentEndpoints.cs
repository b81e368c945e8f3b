using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.HttpResults;
using Pbts.Api.Administration;
using Pbts.Api.Http;
using Pbts.Api.Members;
using Pbts.GrainInterfaces.Torrents;
using Pbts.Hosting.Access;
using Pbts.Protocol.Receipts;
using Pbts.Protocol.Torrents;

namespace Pbts.Api.Torrents;

/// <summary>The registry of torrents: what the tracker has read itself, so that nobody else has a say in sizes.</summary>
internal static class TorrentEndpoints
{
    public static void MapTorrents(this IEndpointRouteBuilder app)
    {
        app.MapPost("/torrents", PublishAsync).For(Caller.Member).WithSummary("Register a torrent, by a proven member (X-Passkey) or the administration")
            .Accepts<byte[]>("application/x-bittorrent", "*/*");
        app.MapGet("/torrents/{infohash}", GetAsync).For(Caller.Anybody).WithSummary("What is registered of a torrent");
    }

    private static async Task<Results<Created<PublishAnswer>, Ok<PublishAnswer>, Refusal>> PublishAsync(
        HttpContext context, IGrainFactory grains, MemberOrAdministration callers, AdminAuthorization administration)
    {
        var (member, refused) = await callers.IdentifyAsync(context, "registering a torrent");
        if (refused is not null)
            return refused;
        var (body, refusal) = await JsonBody.ReadBytesAsync(context, TorrentListing.MaxFile);
        if (refusal is not null)
            return refusal;
        if (!TorrentListing.TryRead(body, out var listings, out var error))
            return Answers.BadRequest(error);
        TorrentEntry[] entries = [.. listings.Select(listing => new TorrentEntry(
            listing.InfoHash.ToString(), listing.Name.Replace("\0", "", StringComparison.Ordinal), listing.Bytes, listing.PieceLength, listing.Pieces, listing.IsPrivate))];
        Results<Created<PublishAnswer>, Ok<PublishAnswer>, Refusal> answer = await grains.GetGrain<ITorrentRegistryGrain>(0).PublishAsync(entries, member?.UserId) switch
        {
            PublishOutcome.Published => TypedResults.Created((string?)null, new PublishAnswer(true, [.. entries.Select(TorrentAnswer.Of)])),
            PublishOutcome.Known => TypedResults.Ok(new PublishAnswer(true, [.. entries.Select(TorrentAnswer.Of)])),
            PublishOutcome.Unproven => Answers.Forbidden("only members that have proved their key register torrents"),
            _ => Answers.Error(StatusCodes.Status429TooManyRequests, "this member has registered as many torrents as it may (Torrents:PerMember)"),
        };
        if (member is null)
            administration.Audit(context, answer);
        return answer;
    }

    private static async Task<Results<Ok<TorrentAnswer>, Refusal>> GetAsync(string infohash, IGrainFactory grains) =>
        InfoHash.TryParse(infohash, out var hash) && await grains.GetGrain<ITorrentRegistryGrain>(0).FindAsync(hash.ToString()) is { } entry
            ? TypedResults.Ok(TorrentAnswer.Of(entry)) : Answers.NotFound("unregistered torrent");
}

/// <summary>Answer to <c>POST /torrents</c>: what is registered, under each infohash.</summary>
internal sealed record PublishAnswer(bool Success, IReadOnlyList<TorrentAnswer> Torrents);

/// <summary>A registered torrent. Sizes in bytes, time in Unix seconds.</summary>
internal sealed record TorrentAnswer(
    string Infohash, string Name, long Size, long PieceLength, long Pieces, bool Private,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? PublishedAt)
{
    public static TorrentAnswer Of(TorrentEntry entry) => new(
        entry.InfoHash, entry.Name, entry.Bytes, entry.PieceLength, entry.Pieces, entry.IsPrivate,
        entry.PublishedAt == default ? null : entry.PublishedAt.ToUnixTimeMilliseconds() / 1000.0);
}
