using Microsoft.Extensions.Options;
using Pbts.GrainInterfaces.Configuration;

namespace Pbts.Api.Admission;

/// <summary>How often an address and a user may announce and begin swarms, and how often they may report or register.</summary>
internal sealed class CallerLimits(IOptions<TrackerOptions> tracker, IOptions<ReceiptsOptions> receipts, TimeProvider time)
{
    public RateLimiter AnnouncesByAddress { get; } = new(tracker.Value.AnnounceRate, tracker.Value.AnnounceBurst, time);

    public RateLimiter AnnouncesByUser { get; } = new(tracker.Value.AnnounceRate, tracker.Value.AnnounceBurst, time);

    public RateLimiter NewSwarmsByAddress { get; } = new(tracker.Value.NewSwarmRate, tracker.Value.NewSwarmBurst, time);

    public RateLimiter NewSwarmsByUser { get; } = new(tracker.Value.NewSwarmRate, tracker.Value.NewSwarmBurst, time);

    public RateLimiter ReportsByAddress { get; } = new(receipts.Value.ReportRate, receipts.Value.ReportBurst, time);

    public RateLimiter ReportsByUser { get; } = new(receipts.Value.ReportRate, receipts.Value.ReportBurst, time);
}
