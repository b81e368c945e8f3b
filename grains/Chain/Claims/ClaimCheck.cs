using Pbts.GrainInterfaces.Chain;
using Pbts.Grains.Chain.Contracts;
using Pbts.Grains.Chain.Outbox;
using Pbts.Hosting.Configuration;
using Pbts.Protocol;
using Pbts.Protocol.Ethereum;
using Pbts.Protocol.Proofs;

namespace Pbts.Grains.Chain.Claims;

/// <summary>
/// Whether a proof is this member's and rests on a root that the contract before the active one keeps. The contract checks
/// the same; what is refused here costs no gas, and says which step does not hold.
/// </summary>
internal sealed class ClaimCheck(ReputationReader reader, EthereumAddress account, ChainOptions options, ClaimStore store, ContractRecords contracts, ChainOutbox outbox)
{
    private readonly ActiveContract _active = new(reader, options, contracts);

    /// <summary>The contract the member is to be taken into; a problem names the step.</summary>
    public async Task<Outcome<EthereumAddress>> CheckAsync(string userId, MemberProof proof, CancellationToken cancellationToken = default)
    {
        if (await store.FindMemberAsync(userId) is not var (key, imported))
            return new Problem(ProblemKind.NotFound, "No member of this name has proven its key");
        if (proof.UserId != userId)
            return Refused(ProofStep.Format, $"user_id is {proof.UserId}, not {userId}");
        if (!proof.PublicKey.Span.SequenceEqual(key))
            return Refused(ProofStep.Format, "public_key is not the key of the member");
        if (proof.Verify() is { } fault)
            return new Problem(ProblemKind.Invalid, $"proof: {fault}");
        if (!(await _active.FindAsync(cancellationToken)).TryGet(out var active, out var obstacle))
            return obstacle;
        if (active is not { } contract)
            return new Problem(ProblemKind.NotInitialised, "No Reputation contract initialized");
        if (await store.FindAsync(contract, userId) is { State: not ClaimState.Refused })
            return contract;
        if (imported)
            return new Problem(ProblemKind.Refused, "The member has brought in its totals of a contract before");
        if (await contracts.IsMigratingAsync())
            return new Problem(ProblemKind.Refused, "A migration is not finished: wait for it, or cancel it");
        return await CheckRootAsync(contract, proof, cancellationToken) is { } problem ? problem : contract;
    }

    private async Task<Problem?> CheckRootAsync(EthereumAddress contract, MemberProof proof, CancellationToken cancellationToken)
    {
        if (!(await reader.OwnerAsync(contract, cancellationToken)).TryGet(out var owner, out var error))
            return error;
        if (owner != account)
            return new(ProblemKind.Refused, $"The contract {contract} belongs to {owner}, not to {account}: it takes nobody over");
        if (!(await reader.VersionAsync(contract, cancellationToken)).TryGet(out var version, out error))
            return error;
        if (version < 4)
            return new(ProblemKind.Refused, $"The contract {contract} is of version {version}, which takes nobody over by a root");
        if (!(await reader.ReferrerAsync(contract, cancellationToken)).TryGet(out var referrer, out error))
            return error;
        if (referrer != proof.Contract)
            return Refused(ProofStep.Anchor, $"contract is {proof.Contract}; this tracker takes members over from {referrer?.ToString() ?? "nobody"}");
        if (await outbox.ReadChainAsync() is { } chain && (ulong)chain != proof.ChainId)
            return Refused(ProofStep.Chain, $"chain_id is {proof.ChainId}; this tracker is on {chain}");
        // They are in the ledger already: taken over as well they would count twice.
        if (await store.HasAnchoredAsync(proof.Contract))
            return new(ProblemKind.Refused, "The root is this tracker's own: what it says of you are your totals here");
        if (!(await reader.RootAtAsync(proof.Contract, proof.Sequence, cancellationToken)).TryGet(out var root, out error))
            return error;
        if (!root.AsSpan().ContainsAnyExcept((byte)0))
            return Refused(ProofStep.Anchor, $"the contract keeps no root of sequence {proof.Sequence}: the newest {ReputationV4Abi.KeptRoots} alone are kept");
        return root.AsSpan().SequenceEqual(proof.Root.ToHash()) ? null : Refused(ProofStep.Anchor, $"the contract keeps another root of sequence {proof.Sequence}");
    }

    private static Problem Refused(ProofStep step, string message) => new(ProblemKind.Invalid, $"proof: {new ProofFault(step, message)}");
}
