using Pbts.Api.Http;
using Pbts.GrainInterfaces.Configuration;
using Pbts.GrainInterfaces.Settings;
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

/// <summary>A setting and its value.</summary>
internal sealed record ConfigurationRow(string Name, string Value);

/// <summary>Answer to <c>GET /console/api/configuration</c>: what is in force, without anything secret.</summary>
internal sealed record ConfigurationAnswer(bool Success, IReadOnlyList<ConfigurationRow> Settings)
{
    public static ConfigurationAnswer From(
        string instanceId, ClusterSettings cluster, NodeOptions node, TrackerOptions tracker, ReceiptsOptions receipts, RatioOptions ratio, AdministrationOptions administration) =>
        new(true,
        [
            new("Instance", instanceId),
            new("Version", typeof(ConfigurationAnswer).Assembly.GetName().Version?.ToString(3) ?? "unknown"),
            new("Cluster", node.ClusterId),
            new("Listens", node.Listen),
            new("Public URL", node.PublicUrl.Length > 0 ? node.PublicUrl : "from each request"),
            new("Signatures verified", cluster.VerifySignatures ? "yes" : "no: receipts are taken at their word"),
            new("Receipt window", $"{cluster.ReceiptWindow} s"),
            new("Receipts kept at least", $"{receipts.History} s"),
            new("Largest piece", $"{receipts.MaxPieceSize} bytes"),
            new("Unknown receivers", receipts.UnknownReceivers),
            new("Access", tracker.Access.ToString().ToLowerInvariant()),
            new("Announce interval", $"{tracker.Interval} s, at least {tracker.MinInterval} s"),
            new("Peers in an answer", $"{tracker.MaxPeers}"),
            new("Ratio needed", FormattableString.Invariant($"{tracker.MinRatio} ({ratio.Basis}) after {tracker.InitCredit} bytes")),
            new("Full scrape", tracker.FullScrape ? "yes" : "no"),
            new("Trusted proxies", tracker.TrustedProxies.Count > 0 ? string.Join(", ", tracker.TrustedProxies) : "none"),
            new("Connections at once", $"{tracker.MaxConnections}"),
            new("Administration", administration.Token.Length > 0 ? "with a token" : "from this machine only (PBTS_ADMIN_TOKEN is not set)"),
            new("Trusted hardware", cluster.TeeMode),
            new("Key endpoints", administration.KeyEndpoints.ToString().ToLowerInvariant()),
        ]);
}
