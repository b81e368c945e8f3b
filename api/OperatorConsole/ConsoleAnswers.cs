using Pbts.Api.Administration;
using Pbts.Api.Site;
using Pbts.GrainInterfaces.Site;
using Pbts.GrainInterfaces.Users;

namespace Pbts.Api.OperatorConsole;

/// <summary>Answer to <c>GET /console/api/session</c>.</summary>
internal sealed record SessionAnswer(bool Allowed, bool TokenConfigured);

/// <summary>One row of <c>GET /console/api/swarms</c>.</summary>
internal sealed record SwarmRow(string InfoHash, int Seeders, int Leechers, int Downloaders, string Silo);

internal sealed record SwarmsAnswer(bool Success, IReadOnlyList<SwarmRow> Swarms);

/// <summary>Answer to <c>GET /console/api/swarms/{info_hash}</c>: counts, never addresses.</summary>
internal sealed record SwarmAnswer(bool Success, string InfoHash, int Seeders, int Leechers, int Downloaders, long Completed, IReadOnlyList<string> Silos);

/// <summary>One row of <c>GET /console/api/users</c>. Totals in bytes.</summary>
/// <param name="Unproven">What is claimed as uploaded, less what vouchers and receipts prove of it; negative where more is proven.</param>
internal sealed record ListedUser(
    string UserId, bool Proven, long Uploaded, long Downloaded, double? Ratio, bool RatioInfinite, long ClaimedUploaded, long ClaimedDownloaded, long Unproven,
    DateTimeOffset RegisteredAt)
{
    public static ListedUser From(UserListing listed)
    {
        var user = listed.User;
        var ratio = GrainInterfaces.Users.Ratio.Of(user.Uploaded, user.Downloaded);
        return new(
            user.UserId, user.Proven, user.Uploaded, user.Downloaded, ratio.Value, ratio.IsInfinite, user.ClaimedUploaded, user.ClaimedDownloaded, listed.Unproven, user.RegisteredAt);
    }
}

/// <summary>Answer to <c>GET /console/api/users</c>; <paramref name="NextBefore"/> is the <c>before</c> of the next page.</summary>
internal sealed record UsersAnswer(bool Success, IReadOnlyList<ListedUser> Users, string? NextBefore);

/// <summary>Answer to <c>GET /console/api/proof</c>: what is proven against what members' clients claim to have uploaded. Bytes.</summary>
/// <param name="Credited">What vouchers and receipts credited to senders.</param>
/// <param name="Share">Credited by claimed, above 1 where more is proven than claimed; null where nothing is claimed.</param>
/// <param name="MembersProving">Members who gave or got anything proven.</param>
internal sealed record ProofAnswer(bool Success, long Credited, long Claimed, double? Share, long Members, long MembersProving);

/// <summary>Answer to <c>GET /console/api/users/{user_id}</c>: how far a member is let, and the sessions behind its totals. Bytes.</summary>
/// <param name="Trust">What is in force.</param>
/// <param name="Disabled">Why it may not announce; null: it may.</param>
/// <param name="OwnTrust">What was set for this member; null: nothing.</param>
/// <param name="Limit">What its proven downloads may come to; null without a minimum ratio.</param>
/// <param name="Invites">How many others it may invite in all.</param>
internal sealed record UserStandingAnswer(
    bool Success, string UserId, string Origin, string? InvitedBy, double Trust, double? OwnTrust, long? Limit, long? MayDownload, int Invites, int? OwnInvites,
    long SentSessions, long SentBytes, long ReceivedSessions, long ReceivedBytes, string? Disabled, bool CanDownload);

/// <summary>One row of <c>GET /console/api/torrents</c>. Sizes in bytes, time in Unix seconds; no publisher: the administration.</summary>
/// <param name="Size">Null, as is all of the file, where none was brought.</param>
/// <param name="Site">What the site says of it; null: nothing.</param>
internal sealed record TorrentRow(
    string Infohash, string? Name, long? Size, long? PieceLength, long? Pieces, bool? Private, string? Publisher, double? PublishedAt, SiteTorrentAnswer? Site)
{
    public static TorrentRow Of(FoundTorrent found) => new(
        found.InfoHash, found.Entry?.Name, found.Entry?.Bytes, found.Entry?.PieceLength, found.Entry?.Pieces, found.Entry?.IsPrivate, found.Entry?.Publisher,
        SiteEndpoints.Seconds(found.Entry?.PublishedAt), found.State is { } state ? SiteTorrentAnswer.Of(state) : null);
}

internal sealed record TorrentsAnswer(bool Success, IReadOnlyList<TorrentRow> Torrents);

internal sealed record AuditAnswer(bool Success, IReadOnlyList<AuditEntry> Entries);
