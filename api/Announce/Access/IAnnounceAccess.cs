using System.Net;

namespace Pbts.Api.Announce.Access;

/// <summary>Who announces, and whether they may.</summary>
/// <param name="UserId">The registered user, or null for an anonymous announce.</param>
/// <param name="Refusal">Why not; null when allowed.</param>
/// <param name="Busy">It cannot be told now, or not yet; the client should come back soon.</param>
/// <param name="Warning">What the client is told then, where it is not that the tracker is busy.</param>
/// <param name="DownloadFactor">Per cent of a download that is credited to the user.</param>
/// <param name="UploadFactor">Per cent of an upload.</param>
internal readonly record struct AccessVerdict(string? UserId, string? Refusal, bool Busy = false, string? Warning = null, int DownloadFactor = 100, int UploadFactor = 100);

/// <summary>Decides on passkeys, signed announces and the ratio gate.</summary>
internal interface IAnnounceAccess
{
    /// <param name="client">Whose work it is to look up a passkey or verify a signature.</param>
    ValueTask<AccessVerdict> CheckAsync(string? passkey, in AnnounceQuery query, IPAddress client, CancellationToken cancellationToken);

    /// <summary>Whether a passkey may scrape.</summary>
    ValueTask<AccessVerdict> CheckScrapeAsync(string? passkey, IPAddress client, CancellationToken cancellationToken);
}
