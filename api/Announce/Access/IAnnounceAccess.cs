using System.Net;

namespace Pbts.Api.Announce.Access;

/// <summary>Who announces, and whether they may.</summary>
/// <param name="UserId">The registered user, or null for an anonymous announce.</param>
/// <param name="Refusal">Why not; null when allowed.</param>
/// <param name="Busy">It cannot be told now; the client should come back soon.</param>
internal readonly record struct AccessVerdict(string? UserId, string? Refusal, bool Busy = false);

/// <summary>Decides on passkeys, signed announces and the ratio gate.</summary>
internal interface IAnnounceAccess
{
    /// <param name="client">Whose work it is to look up a passkey or verify a signature.</param>
    ValueTask<AccessVerdict> CheckAsync(string? passkey, in AnnounceQuery query, IPAddress client, CancellationToken cancellationToken);

    /// <summary>Whether a passkey may scrape.</summary>
    ValueTask<AccessVerdict> CheckScrapeAsync(string? passkey, IPAddress client, CancellationToken cancellationToken);
}
