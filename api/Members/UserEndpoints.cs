using System.Globalization;
using System.Text.Json.Serialization;
using Pbts.Api.Http;
using Pbts.GrainInterfaces.Users;
using Pbts.Protocol.Receipts;

namespace Pbts.Api.Members;

/// <summary>What is known of a user.</summary>
internal static class UserEndpoints
{
    private const int DefaultPage = 100;
    private const int MaxPage = 1000;

    public static void MapUsers(this IEndpointRouteBuilder app)
    {
        app.MapGet("/user/{userId}", GetAsync).WithSummary("A user's key and totals").Produces<UserAnswer>();
        app.MapGet("/user/{userId}/receipts", GetReceiptsAsync).WithSummary("A user's spent receipts, newest first; torrents and counterparts only for the user itself (passkey) and administrators")
            .Produces<UserReceiptsAnswer>();
    }

    private static async Task<IResult> GetAsync(string userId, IGrainFactory grains)
    {
        if (!UserId.TryParse(userId, out _) || await ClusterCalls.RepeatAsync(grains.GetGrain<IUserGrain>(userId).GetAsync) is not { } user)
            return Answers.NotFound("User not found");
        var ratio = Ratio.Of(user.Uploaded, user.Downloaded);
        return TypedResults.Ok(new UserAnswer(
            true, user.UserId, user.PublicKey, user.Uploaded, user.Downloaded, ratio.Value, ratio.IsInfinite, user.RegisteredAt.ToUnixTimeMilliseconds() / 1000.0,
            user.Proven, user.ClaimedUploaded, user.ClaimedDownloaded, user.KeyRotations));
    }

    private static async Task<IResult> GetReceiptsAsync(string userId, string? limit, string? before, HttpContext context, IGrainFactory grains, AdminAuthorization administration)
    {
        var count = DefaultPage;
        if (limit is not null && (!int.TryParse(limit, NumberStyles.None, CultureInfo.InvariantCulture, out count) || count is < 1 or > MaxPage))
            return Answers.BadRequest($"limit must be an integer from 1 to {MaxPage}");
        if (!TryReadCursor(before, out var cursor))
            return Answers.BadRequest("before must be the next_before of an earlier page");
        if (!UserId.TryParse(userId, out _) || await ClusterCalls.RepeatAsync(grains.GetGrain<IUserGrain>(userId).GetAsync) is null)
            return Answers.NotFound("User not found");

        var user = grains.GetGrain<IUserGrain>(userId);
        var receipts = await ClusterCalls.RepeatAsync(() => user.GetReceiptsAsync(cursor, count));
        var trusted = administration.IsAllowed(context) || (context.Request.Headers["X-Passkey"].ToString() is { Length: > 0 } passkey && await ClusterCalls.RepeatAsync(() => user.HasPasskeyAsync(passkey)));
        return TypedResults.Ok(new UserReceiptsAnswer(
            true, userId,
            [.. receipts.Select(receipt => new UserReceipt(
                receipt.Id, receipt.Epoch, receipt.Uploaded ? "uploaded" : "downloaded", receipt.Bytes, receipt.CreditedAt.ToUnixTimeMilliseconds() / 1000.0,
                trusted ? receipt.InfoHash : null, trusted ? receipt.PieceIndex : null, trusted ? receipt.Counterpart : null))],
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
internal sealed record UserAnswer(
    bool Success, string UserId, string PublicKey, long TotalUploaded, long TotalDownloaded, double? Ratio, bool RatioInfinite, double RegisteredAt,
    bool ProofOfPossession, long ClaimedUploaded, long ClaimedDownloaded, int KeyRotations);

/// <summary>Answer to <c>GET /user/{id}/receipts</c>; <paramref name="NextBefore"/> is the <c>before</c> of the next page.</summary>
internal sealed record UserReceiptsAnswer(bool Success, string UserId, IReadOnlyList<UserReceipt> Receipts, string? NextBefore);

/// <summary>One spent receipt.</summary>
internal sealed record UserReceipt(
    string Id, long Epoch, string Direction, long Bytes, double CreditedAt,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Infohash,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? PieceIndex,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Counterpart);
