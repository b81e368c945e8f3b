using System.Diagnostics.Metrics;
using Microsoft.Extensions.Options;
using Pbts.Hosting.Configuration;
using Pbts.Hosting.Metrics;

namespace Pbts.Api.Callers;

/// <summary>How often an address and a user may do what costs the tracker something, and how often they were refused.</summary>
internal sealed class CallerLimits
{
    private readonly TaggedCounter _refused;

    public CallerLimits(IOptions<TrackerOptions> tracker, IOptions<ReceiptsOptions> receipts, IOptions<LimitsOptions> limits, TimeProvider time, IMeterFactory meters)
    {
        AnnouncesByAddress = new(tracker.Value.AnnounceRate, tracker.Value.AnnounceBurst, time);
        AnnouncesByUser = new(tracker.Value.AnnounceRate, tracker.Value.AnnounceBurst, time);
        PeersAsLeecher = new(tracker.Value.PeersAsLeecher / 3600.0, tracker.Value.PeersAsLeecher, time);
        PeersAsSeeder = new(tracker.Value.PeersAsSeeder / 3600.0, tracker.Value.PeersAsSeeder, time);
        NewSwarmsByAddress = new(tracker.Value.NewSwarmRate, tracker.Value.NewSwarmBurst, time);
        NewSwarmsByUser = new(tracker.Value.NewSwarmRate, tracker.Value.NewSwarmBurst, time);
        ScrapesByAddress = new(tracker.Value.ScrapeRate, tracker.Value.ScrapeBurst, time);
        PasskeysByAddress = new(limits.Value.PasskeyRate, limits.Value.PasskeyBurst, time);
        ReportsByAddress = new(receipts.Value.ReportRate, receipts.Value.ReportBurst, time);
        ReportsByUser = new(receipts.Value.ReportRate, receipts.Value.ReportBurst, time);
        RequestsByAddress = new(limits.Value.RequestRate, limits.Value.RequestBurst, time);
        _refused = new(meters.Create(Telemetry.Name), "pbts.refused", "{request}", "Requests that a limit refused.",
            Enum.GetNames<Limit>().Select(name => new KeyValuePair<string, object?>[] { new("limit", System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(name)) }));
    }

    public RateLimiter AnnouncesByAddress { get; }

    public RateLimiter AnnouncesByUser { get; }

    /// <summary>A unit is an entry of a peer list.</summary>
    public RateLimiter PeersAsLeecher { get; }

    public RateLimiter PeersAsSeeder { get; }

    public RateLimiter NewSwarmsByAddress { get; }

    public RateLimiter NewSwarmsByUser { get; }

    /// <summary>A unit is an info hash.</summary>
    public RateLimiter ScrapesByAddress { get; }

    /// <summary>A unit is a passkey or user id that this process has never seen.</summary>
    public RateLimiter PasskeysByAddress { get; }

    public RateLimiter ReportsByAddress { get; }

    public RateLimiter ReportsByUser { get; }

    public RateLimiter RequestsByAddress { get; }

    /// <summary>Counts a request that this limit refused.</summary>
    public void Refused(Limit limit) => _refused.Add((int)limit);
}
