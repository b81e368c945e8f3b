namespace Pbts.GrainInterfaces.Users;

/// <summary>Answer to a registration or a change of key.</summary>
/// <param name="Status">What became of it.</param>
/// <param name="Passkey">32 hex characters that identify the user in announce URLs, when done.</param>
/// <param name="Proven">Whether possession of the key is now proven.</param>
/// <param name="Origin">How the user came to be a member, when done.</param>
[GenerateSerializer, Immutable, Alias("pbts.RegistrationResult")]
public sealed record RegistrationResult(
    [property: Id(0)] RegistrationStatus Status,
    [property: Id(1)] string? Passkey = null,
    [property: Id(2)] bool Proven = false,
    [property: Id(3)] string? Origin = null);
