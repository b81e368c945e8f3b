using Microsoft.Extensions.Options;
using Pbts.GrainInterfaces.Configuration;

namespace Pbts.Api.Announce;

/// <summary>Access while no user is registered: every passkey is unknown.</summary>
internal sealed class OpenAccess(IOptions<TrackerOptions> options) : IAnnounceAccess
{
    public ValueTask<AccessVerdict> CheckAsync(string? passkey, in AnnounceQuery query, CancellationToken cancellationToken) => Check(passkey);

    public ValueTask<AccessVerdict> CheckScrapeAsync(string? passkey, CancellationToken cancellationToken) => Check(passkey);

    private ValueTask<AccessVerdict> Check(string? passkey) => ValueTask.FromResult(new AccessVerdict(null,
        passkey is not null ? "unknown passkey" : options.Value.Access == TrackerAccess.Registered ? "passkey is missing: this tracker is for registered users" : null));
}
