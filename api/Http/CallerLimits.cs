using Microsoft.Extensions.Options;
using Pbts.Api.Announce;
using Pbts.GrainInterfaces.Configuration;

namespace Pbts.Api.Http;

/// <summary>How often an address and a user may announce, and how often they may report or register.</summary>
internal sealed class CallerLimits(IOptions<TrackerOptions> tracker, IOptions<ReceiptsOptions> receipts, TimeProvider time)
{
    public RateLimiter AnnouncesByAddress { get; } = new(tracker.Value.AnnounceRate, tracker.Value.AnnounceBurst, time);

    public RateLimiter AnnouncesByUser { get; } = new(tracker.Value.AnnounceRate, tracker.Value.AnnounceBurst, time);

    public RateLimiter ReportsByAddress { get; } = new(receipts.Value.ReportRate, receipts.Value.ReportBurst, time);

    public RateLimiter ReportsByUser { get; } = new(receipts.Value.ReportRate, receipts.Value.ReportBurst, time);
}

/// <summary>Refuses (429) addresses that report or register more often than they may, before their body is read.</summary>
internal sealed class ReportRateFilter(CallerLimits limits, ClientAddressResolver addresses) : IEndpointFilter
{
    public ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next) =>
        limits.ReportsByAddress.Allows(addresses.Resolve(context.HttpContext))
            ? next(context) : ValueTask.FromResult<object?>(Answers.TooMany(context.HttpContext));
}
