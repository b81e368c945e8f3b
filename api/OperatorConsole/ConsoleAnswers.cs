using Pbts.Api.Http;
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
internal sealed record UserRow(
    string UserId, bool Proven, long Uploaded, long Downloaded, double? Ratio, bool RatioInfinite, long ClaimedUploaded, long ClaimedDownloaded, DateTimeOffset RegisteredAt)
{
    public static UserRow From(UserProfile user)
    {
        var ratio = GrainInterfaces.Users.Ratio.Of(user.Uploaded, user.Downloaded);
        return new(user.UserId, user.Proven, user.Uploaded, user.Downloaded, ratio.Value, ratio.IsInfinite, user.ClaimedUploaded, user.ClaimedDownloaded, user.RegisteredAt);
    }
}

internal sealed record UsersAnswer(bool Success, IReadOnlyList<UserRow> Users);

internal sealed record AuditAnswer(bool Success, IReadOnlyList<AuditEntry> Entries);
