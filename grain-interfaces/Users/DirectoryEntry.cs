using Pbts.GrainInterfaces.Site;

namespace Pbts.GrainInterfaces.Users;

/// <summary>What an announce needs to know of a user.</summary>
/// <param name="Profile">The user.</param>
/// <param name="Passkey">The user's passkey.</param>
/// <param name="Site">What a site says of the user; null: nothing.</param>
/// <param name="TrustScore">Of 0 to 1, as the last computation found it; null: it has none yet. Nobody but the administration is told others' scores.</param>
[GenerateSerializer, Immutable, Alias("pbts.DirectoryEntry")]
public sealed record DirectoryEntry(
    [property: Id(0)] UserProfile Profile, [property: Id(1)] string Passkey, [property: Id(2)] SiteStanding? Site = null,
    [property: Id(3)] double? TrustScore = null);
