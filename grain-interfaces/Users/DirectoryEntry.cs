namespace Pbts.GrainInterfaces.Users;

/// <summary>What an announce needs to know of a user.</summary>
/// <param name="Profile">The user.</param>
/// <param name="Passkey">The user's passkey.</param>
[GenerateSerializer, Immutable, Alias("pbts.DirectoryEntry")]
public sealed record DirectoryEntry([property: Id(0)] UserProfile Profile, [property: Id(1)] string Passkey);
