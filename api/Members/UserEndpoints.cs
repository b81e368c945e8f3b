using System.Globalization;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Pbts.Api.Administration;
using Pbts.Api.Cluster;
using Pbts.Api.Http;
using Pbts.Api.Passports;
using Pbts.GrainInterfaces.Users;
using Pbts.Hosting.Access;
using Pbts.Hosting.Configuration;
using Pbts.Protocol.Receipts;

namespace Pbts.Api.Members;

/// <summary>What is known of a user.</summary>
internal static class UserEndpoints
{
    private const int DefaultPage = 100;
    private const int MaxPage = 1000;

    public static void MapUsers(this IEndpointRouteBuilder app)
    {
        app.MapGet("/user/{userId}", GetAsync).For(Caller.Anybody).WithSummary("A user's key and totals");
        app.MapGet("/user/{userId}/receipts", GetReceiptsAsync).For(Caller.Member).WithSummary("A user's spent receipts, newest first, for the user itself (X-Passkey) and the administration");
    }

    private static async Task<Results<Ok<UserAnswer>, Refusal>> GetAsync(string userId, IGrainFactory grains, IOptions<TrackerOptions> tracker, IOptions<MembersOptions> members)
    {
        if (!UserId.TryParse(userId, out _) || await ClusterCalls.RepeatAsync(grains.GetGrain<IUserGrain>(userId).GetAsync) is not { } user)
            return Answers.NotFound("User not found");
        var ratio = Ratio.Of(user.Uploaded, user.Downloaded);
        var (limit, left) = LimitOf(user, tracker.Value, members.Value);
        return TypedResults.Ok(new UserAnswer(
            true, user.UserId, user.PublicKey, user.Uploaded, user.Downloaded, ratio.Value, ratio.IsInfinite, user.RegisteredAt.ToUnixTimeMilliseconds() / 1000.0,
            user.Proven, user.ClaimedUploaded, user.ClaimedDownloaded, user.KeyRotations, limit, left, user.Vouchers,
            user.CreditedUploaded, user.CreditedDownloaded, [.. user.Imports.Select(BroughtAnswer.Of)]));
    }

    /// <summary>What the user's proven downloads may come to, and what is left of it; null without a minimum ratio.</summary>
    public static (long? Limit, long? Left) LimitOf(UserProfile user, TrackerOptions tracker, MembersOptions members)
    {
        if (tracker.MinRatio <= 0)
            return (null, null);
        var limit = CreditLimit.Of(user.CountedUploaded, members.TrustOf(user.Origin, user.Trust), tracker.MinRatio, tracker.InitCredit);
        return (limit, Math.Max(0, limit - user.CountedDownloaded));
    }

    private static async Task<Results<Ok<UserReceiptsAnswer>, Refusal>> GetReceiptsAsync(
        string userId, string? limit, string? before, HttpContext context, IGrainFactory grains, AdminAuthorization administration)
    {
        var count = DefaultPage;
        if (limit is not null && (!int.TryParse(limit, NumberStyles.None, CultureInfo.InvariantCulture, out count) || count is < 1 or > MaxPage))
            return Answers.BadRequest($"limit must be an integer from 1 to {MaxPage}");
        if (!TryReadCursor(before, out var cursor))
            return Answers.BadRequest("before must be the next_before of an earlier page");
        if (!UserId.TryParse(userId, out _) || await ClusterCalls.RepeatAsync(grains.GetGrain<IUserGrain>(userId).GetAsync) is null)
            return Answers.NotFound("User not found");

        // A receipt has one id, one time and one size on both sides: whoever saw the lists of two members would see whom they met.
        var user = grains.GetGrain<IUserGrain>(userId);
        if (!administration.IsAllowed(context) && !(context.Request.Headers["X-Passkey"].ToString() is { Length: > 0 } passkey && await ClusterCalls.RepeatAsync(() => user.HasPasskeyAsync(passkey))))
            return Answers.Unauthorized("receipts are shown to the user itself, by its passkey in the header X-Passkey, and to the administration");
        var receipts = await ClusterCalls.RepeatAsync(() => user.GetReceiptsAsync(cursor, count));
        return TypedResults.Ok(new UserReceiptsAnswer(
            true, userId,
            [.. receipts.Select(receipt => new UserReceipt(
                receipt.Id, receipt.Epoch, receipt.Uploaded ? "uploaded" : "downloaded", receipt.Bytes, receipt.CreditedAt.ToUnixTimeMilliseconds() / 1000.0,
                receipt.InfoHash, receipt.PieceIndex, receipt.Counterpart))],
            receipts.Count == count ? $"{receipts[^1].Epoch}:{receipts[^1].Id}" : null));
    }

    private static bool TryReadCursor(string? text, out ReceiptCursor? cursor)
    {
        cursor = null;
        if (text is null)
            return true;
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0 || !long.TryParse(text.AsSpan(0, colon), NumberStyles.None, CultureInfo.InvariantCulture, out var epoch) || !ReceiptId.TryParse(text.AsSpan(colon + 1), out var id))
            return false;
        cursor = new(epoch, id.ToString());
        return true;
    }
}

/// <summary>Answer to <c>GET /user/{id}</c>. Totals in bytes, time in Unix seconds.</summary>
/// <param name="Imports">What the user brought from other trackers: no part of its totals, and counted beside them for its limit as far as it is believed.</param>
/// <param name="Limit">Bytes that the user's proven downloads, and those believed, may come to; null without a minimum ratio.</param>
/// <param name="MayDownload">What is left of it.</param>
/// <param name="Vouchers">How many vouchers stand behind the totals, as of a few seconds ago.</param>
/// <param name="CreditedUploaded">What the user's site counts, with its factors and what was brought from elsewhere.</param>
internal sealed record UserAnswer(
    bool Success, string UserId, string PublicKey, long TotalUploaded, long TotalDownloaded, double? Ratio, bool RatioInfinite, double RegisteredAt,
    bool ProofOfPossession, long ClaimedUploaded, long ClaimedDownloaded, int KeyRotations, long? Limit, long? MayDownload, long Vouchers,
    long CreditedUploaded, long CreditedDownloaded, IReadOnlyList<BroughtAnswer> Imports);

/// <summary>Answer to <c>GET /user/{id}/receipts</c>; <paramref name="NextBefore"/> is the <c>before</c> of the next page.</summary>
internal sealed record UserReceiptsAnswer(bool Success, string UserId, IReadOnlyList<UserReceipt> Receipts, string? NextBefore);

/// <summary>One spent receipt.</summary>
internal sealed record UserReceipt(
    string Id, long Epoch, string Direction, long Bytes, double CreditedAt, string Infohash, long PieceIndex,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Counterpart);
