namespace Pbts.Api.Members;

/// <summary>Body of <c>POST /register</c>.</summary>
internal sealed record RegisterRequest(string UserId, string PublicKey, string? Signature);

/// <summary>Body of <c>POST /user/{id}/rotate-key</c>: the old key signs the rotation, the new one the registration.</summary>
internal sealed record RotateRequest(string NewPublicKey, long Timestamp, string Signature, string NewSignature);

/// <summary>Answer to both.</summary>
internal sealed record RegisterAnswer(bool Success, string InstanceId, string Message, bool ProofOfPossession, string Passkey, string AnnounceUrl);
