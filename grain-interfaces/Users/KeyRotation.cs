namespace Pbts.GrainInterfaces.Users;

/// <summary>A request to replace a user's key.</summary>
/// <param name="NewPublicKey">Base64 of 48 bytes.</param>
/// <param name="Timestamp">Unix seconds that the old key signed; at most five minutes from now.</param>
/// <param name="OldSignature">96 bytes: the old key over <see cref="Protocol.Receipts.RotationMessage"/>.</param>
/// <param name="NewSignature">96 bytes: the new key over <see cref="Protocol.Receipts.RegistrationMessage"/>.</param>
[GenerateSerializer, Immutable, Alias("pbts.KeyRotation")]
public sealed record KeyRotation(
    [property: Id(0)] string NewPublicKey,
    [property: Id(1)] long Timestamp,
    [property: Id(2)] byte[] OldSignature,
    [property: Id(3)] byte[] NewSignature);
