namespace Pbts.GrainInterfaces.Users;

/// <summary>What lets somebody become a member where not everybody may, and says what his origin is.</summary>
/// <param name="Invite">The token of an invite; null: none.</param>
/// <param name="ByAdministration">Whether it is the administration that registers the member.</param>
/// <param name="Passkey">What a member that came without a key proves to be itself by; null: nothing.</param>
[GenerateSerializer, Immutable, Alias("pbts.Admission")]
public sealed record Admission([property: Id(0)] string? Invite, [property: Id(1)] bool ByAdministration, [property: Id(2)] string? Passkey = null);
