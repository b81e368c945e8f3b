using System.Text.Json.Serialization;
using Pbts.Api.Http;
using Pbts.Protocol.Ethereum;
using Pbts.Protocol.Proofs;
using Pbts.Protocol.Receipts;

namespace Pbts.Api.Chain;

/// <summary>A proof as <c>GET /user/{id}/proof</c> of another tracker gave it. Amounts in bytes, hashes with 0x.</summary>
/// <param name="UserId">The member.</param>
/// <param name="PublicKey">The member's key.</param>
/// <param name="Up">Bytes given.</param>
/// <param name="Down">Bytes taken.</param>
/// <param name="Salt">32 hexadecimal digits.</param>
/// <param name="Index">The leaf's place, from 0.</param>
/// <param name="Path">From the leaf up.</param>
/// <param name="Root">The root's hash.</param>
/// <param name="TotalUp">What all members have given.</param>
/// <param name="TotalDown">What all members have taken.</param>
/// <param name="Members">Members in the tree.</param>
/// <param name="Sequence">Which of the contract's roots it is, from 1.</param>
/// <param name="Contract">The contract that keeps the root.</param>
/// <param name="ChainId">The contract's chain.</param>
/// <param name="Block">The block in which the root was anchored.</param>
/// <param name="TxHash">The transaction that did it.</param>
internal sealed record ProofRequest(
    UserId UserId, MemberKey PublicKey, ulong Up, ulong Down, string Salt, long Index, IReadOnlyList<ProofStepRequest> Path, string Root, ulong TotalUp, ulong TotalDown,
    long Members, long Sequence, EthereumAddress Contract, ulong ChainId, ulong Block, string TxHash) : IBody<ProofRequest>
{
    /// <summary>The same, to be checked.</summary>
    [JsonIgnore]
    public MemberProof Proof { get; private init; } = null!;

    public static ProofRequest Read(JsonFields fields) => fields.Proof() is { } proof ? From(proof) : null!;

    /// <summary>The document.</summary>
    public byte[] ToDocument() => MemberProofJson.Write(Proof);

    /// <summary>Why it is not a proof of this member and key that holds in itself; null when it is.</summary>
    public string? Fault(UserId userId, string publicKey) =>
        UserId != userId ? $"proof.user_id is {UserId}, not {userId}"
        : Convert.ToBase64String(PublicKey.Span) != publicKey ? "proof.public_key is not the key of the member"
        : Proof.Verify() is { } fault ? $"proof: {fault}" : null;

    public static ProofRequest From(MemberProof proof) => new(
        UserId.TryParse(proof.UserId, out var userId) ? userId : default, proof.PublicKey, proof.Up, proof.Down, Convert.ToHexStringLower(proof.Salt.Span), proof.Index,
        [.. proof.Path.Select(step => new ProofStepRequest(step.Sibling.HashText, step.Sibling.Up, step.Sibling.Down, step.IsLeft))],
        proof.Root.HashText, proof.Root.Up, proof.Root.Down, proof.Members, proof.Sequence, proof.Contract, proof.ChainId, proof.Block, proof.TxHash) { Proof = proof };
}

/// <summary>A step from the leaf up: the sibling.</summary>
/// <param name="Hash">The sibling's hash.</param>
/// <param name="Up">Bytes given below it.</param>
/// <param name="Down">Bytes taken below it.</param>
/// <param name="Left">Whether it is on the left.</param>
internal sealed record ProofStepRequest(string Hash, ulong Up, ulong Down, bool Left);
