using System.Globalization;
using Pbts.Hosting.Configuration;

namespace Pbts.Api.OperatorConsole;

/// <summary>A setting and its value.</summary>
internal sealed record ConfigurationRow(string Name, string Value);

/// <summary>
/// Answer to <c>GET /console/api/configuration</c>: what this front end was started with, without anything secret. What
/// <c>/config</c> can change is there.
/// </summary>
internal sealed record ConfigurationAnswer(bool Success, IReadOnlyList<ConfigurationRow> Settings)
{
    private static readonly (long Size, string Name)[] Durations = [(86400, "d"), (3600, "h"), (60, "min")];
    private static readonly (long Size, string Name)[] Sizes = [(1L << 40, "TiB"), (1L << 30, "GiB"), (1L << 20, "MiB"), (1L << 10, "KiB")];

    public static ConfigurationAnswer From(
        string instanceId, NodeOptions node, TrackerOptions tracker, ReceiptsOptions receipts, RatioOptions ratio, AdministrationOptions administration,
        MembersOptions members) =>
        new(true,
        [
            new("Instance", instanceId),
            new("Version", typeof(ConfigurationAnswer).Assembly.GetName().Version?.ToString(3) ?? "unknown"),
            new("Cluster", node.ClusterId),
            new("Listens", node.Listen),
            new("Public URL", node.PublicUrl.Length > 0 ? node.PublicUrl : "from each request"),
            new("Receipts kept at least", InUnits(receipts.History, Durations, "s")),
            new("Largest piece", InUnits(receipts.MaxPieceSize, Sizes, "bytes")),
            new("Unknown receivers", receipts.UnknownReceivers),
            new("Access", tracker.Access.ToString().ToLowerInvariant()),
            new("New members", members.Registration switch
            {
                Registration.Site => "registered by the administration",
                Registration.Invite => FormattableString.Invariant($"by invite, of which a member has {members.InvitesPerMember}"),
                _ => "anybody",
            }),
            new("Trust", FormattableString.Invariant($"{members.OpenTrust} in who came by himself, {members.InvitedTrust} in others")),
            new("Announce interval", $"{InUnits(tracker.Interval, Durations, "s")}, at least {InUnits(tracker.MinInterval, Durations, "s")}"),
            new("Announces of one caller", FormattableString.Invariant($"{tracker.AnnounceRate} a second, {tracker.AnnounceBurst} at once")),
            new("Reports of one caller", FormattableString.Invariant($"{receipts.ReportRate} a second, {receipts.ReportBurst} at once")),
            new("Peers in an answer", $"{tracker.MaxPeers}"),
            new("Ratio needed", FormattableString.Invariant($"{tracker.MinRatio} ({ratio.Basis}) after {InUnits(tracker.InitCredit, Sizes, "bytes")}")),
            new("Full scrape", tracker.FullScrape ? "yes" : "no"),
            new("Trusted proxies", tracker.TrustedProxies.Count > 0 ? string.Join(", ", tracker.TrustedProxies) : "none"),
            new("Connections at once", $"{tracker.MaxConnections}"),
            new("Administration", (administration.Token.Length > 0, administration.AllowsLocal) switch
            {
                (true, true) => "with a token, and by this user's programs on this machine",
                (true, false) => "with a token",
                (false, true) => "by this user's programs on this machine only (PBTS_ADMIN_TOKEN is not set)",
                _ => "by nobody",
            }),
            new("Key endpoints", administration.KeyEndpoints.ToString().ToLowerInvariant()),
        ]);

    /// <summary>In the largest unit of which it is a whole number.</summary>
    private static string InUnits(long value, (long Size, string Name)[] units, string one)
    {
        foreach (var (size, name) in units)
        {
            if (value > 0 && value % size == 0)
                return string.Create(CultureInfo.InvariantCulture, $"{value / size} {name}");
        }

        return string.Create(CultureInfo.InvariantCulture, $"{value} {one}");
    }
}
