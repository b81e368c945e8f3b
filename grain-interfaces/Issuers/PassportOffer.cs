namespace Pbts.GrainInterfaces.Issuers;

/// <summary>A passport that a member brings.</summary>
/// <param name="Passport">The JSON document.</param>
/// <param name="Signature">96 bytes: the member's, over <see cref="Protocol.Passports.PassportMessage"/>.</param>
[GenerateSerializer, Immutable, Alias("pbts.PassportOffer")]
public sealed record PassportOffer([property: Id(0)] byte[] Passport, [property: Id(1)] byte[] Signature)
{
    /// <summary>Most in one call.</summary>
    public const int Most = 16;
}
