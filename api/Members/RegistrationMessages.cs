using System.Text.Json.Serialization;

namespace Pbts.Api.Members;

/// <summary>Body of <c>POST /register</c>; <paramref name="Attestation"/> in base64 shows that a trusted program holds the key; <paramref name="Invite"/> is the token of an invite.</summary>
internal sealed record RegisterRequest(string UserId, string PublicKey, string? Signature, string? Attestation, string? Invite);

/// <summary>Body of <c>POST /user/{id}/rotate-key</c>: the old key signs the rotation, the new one the registration.</summary>
internal sealed record RotateRequest(string NewPublicKey, long Timestamp, string Signature, string NewSignature);

/// <summary>Answer to both; <paramref name="Attested"/> only where an attestation was given, and then true; <paramref name="Origin"/> of a registration: <c>open</c>, <c>invite</c> or <c>site</c>.</summary>
internal sealed record RegisterAnswer(
    bool Success, string InstanceId, string Message, bool ProofOfPossession, string Passkey, string AnnounceUrl,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] bool? Attested,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Origin);
