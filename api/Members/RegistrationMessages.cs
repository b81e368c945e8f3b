using System.Text.Json.Serialization;
using Pbts.Api.Chain;
using Pbts.Api.Http;
using Pbts.Api.Passports;
using Pbts.GrainInterfaces.Users;
using Pbts.Protocol.Attestation;
using Pbts.Protocol.Receipts;

namespace Pbts.Api.Members;

/// <summary>Body of <c>POST /register</c>.</summary>
/// <param name="PublicKey">48 bytes in base64; any text where signatures are not verified.</param>
/// <param name="Attestation">Shows that a trusted program holds the key.</param>
/// <param name="Invite">The token of an invite.</param>
/// <param name="Passports">What it brings from other trackers, up to 16. A bad one costs neither the registration nor the good ones.</param>
/// <param name="Proof">What the user has at the tracker before this one, to be brought along; with a signature only.</param>
/// <param name="Passkey">The passkey of a member that came from a site without a key, and proves this one now.</param>
internal sealed record RegisterRequest(
    UserId UserId, string PublicKey, ReceiptSignature? Signature = null, AttestationDocument? Attestation = null, string? Invite = null, string? Passkey = null,
    IReadOnlyList<PassportOfferRequest>? Passports = null, ProofRequest? Proof = null) : IBody<RegisterRequest>
{
    public static int Most => JsonBody.Small + PassportOfferRequest.MostInBody;

    private const int LongestKey = 512;

    private string? _keyFault;
    private string? _attestationFault;

    public static RegisterRequest Read(JsonFields fields)
    {
        var (userId, publicKey, signature, invite) = (fields.UserId("user_id"), fields.Text("public_key"), fields.OptionalSignature("signature"), fields.OptionalText("invite"));
        var (key, attestation) = (fields.Apart(), fields.Apart());
        key.Key("public_key");
        var proof = fields.OptionalObject("proof") is { } part ? ReadProof(fields, part) : null;
        return new(userId, publicKey, signature, attestation.OptionalAttestation("attestation"), invite, fields.OptionalText("passkey"), PassportOfferRequest.ReadAll(fields, "passports"), proof)
        {
            _keyFault = key.Error, _attestationFault = attestation.Error,
        };
    }

    /// <summary>What is wrong where signatures are verified, and where they are not.</summary>
    public string? Fault(bool verifySignatures) =>
        (verifySignatures ? _keyFault : PublicKey.Length > LongestKey ? $"public_key is too long: at most {LongestKey} characters" : null) ?? _attestationFault
        ?? (Proof is null ? null : Signature is null ? "proof goes with a signature" : Proof.Fault(UserId, PublicKey));

    private static ProofRequest? ReadProof(JsonFields fields, JsonFields part)
    {
        var proof = ProofRequest.Read(part);
        fields.TakeError(part);
        return proof;
    }
}

/// <summary>Body of <c>POST /user/{id}/rotate-key</c>: the old key signs the rotation, the new one the registration.</summary>
internal sealed record RotateRequest(MemberKey NewPublicKey, long Timestamp, ReceiptSignature Signature, ReceiptSignature NewSignature) : IBody<RotateRequest>
{
    public static RotateRequest Read(JsonFields fields)
    {
        fields.Text("new_public_key");
        var (timestamp, signature, newSignature) = ((long)fields.Unsigned("timestamp", long.MaxValue), fields.Signature("signature"), fields.Signature("new_signature"));
        return new(fields.Key("new_public_key"), timestamp, signature, newSignature);
    }

    public KeyRotation ToRotation() => new(Convert.ToBase64String(NewPublicKey.Span), Timestamp, Signature.ToArray(), NewSignature.ToArray());
}

/// <summary>Answer to both; <paramref name="Attested"/> only where an attestation was given, and then true; <paramref name="Origin"/> of a registration: <c>open</c>, <c>invite</c> or <c>site</c>; <paramref name="Imports"/> where passports were brought, one for each, in order; <paramref name="Claim"/> or <paramref name="ClaimError"/> where a proof was given.</summary>
internal sealed record RegisterAnswer(
    bool Success, string InstanceId, string Message, bool ProofOfPossession, string Passkey, string AnnounceUrl,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] bool? Attested,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Origin,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<ImportAnswer>? Imports = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] ClaimAnswer? Claim = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? ClaimError = null);
