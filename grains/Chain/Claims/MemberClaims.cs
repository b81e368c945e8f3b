using System.Numerics;
using Pbts.GrainInterfaces.Chain;
using Pbts.GrainInterfaces.Issuers;
using Pbts.Grains.Chain.Contracts;
using Pbts.Grains.Chain.Outbox;
using Pbts.Grains.Chain.Sync;
using Pbts.Hosting.Configuration;
using Pbts.Protocol;
using Pbts.Protocol.Ethereum;
using Pbts.Protocol.Passports;
using Pbts.Protocol.Proofs;

namespace Pbts.Grains.Chain.Claims;

/// <summary>
/// Takes members over by their proofs: notes the claim, hands it in as the gas allows, and credits what the proof says once
/// the contract has the member. It is the proof's numbers, not the contract's, which by then may hold more of this tracker's.
/// Where referrers are not believed by themselves, they count as the list of issuers has it.
/// </summary>
internal sealed class MemberClaims(
    EthereumRpcClient rpc, ReputationReader reader, EthereumAddress account, ChainOptions options, ClaimStore store, MemberSyncStore imports, SyncBudget budget,
    ContractRecords contracts, ChainOutbox outbox, IChainSubmitter chain, ReferrerImports? referrers = null)
{
    private const int Batch = 100;

    private readonly ClaimCheck _check = new(reader, account, options, store, contracts, outbox);

    /// <summary>Puts a claim on record; the one that is there when it was before.</summary>
    public async Task<Outcome<ClaimRow>> ClaimAsync(string userId, ReadOnlyMemory<byte> document, CancellationToken cancellationToken = default)
    {
        var (proof, fault) = MemberProofJson.Read(document.Span);
        if (proof is null)
            return new Problem(ProblemKind.Invalid, $"proof: {fault}");
        if (!(await _check.CheckAsync(userId, proof, cancellationToken)).TryGet(out var contract, out var problem))
            return problem;
        if (await store.FindAsync(contract, userId) is { State: not ClaimState.Refused } before)
            return before;
        if (!(await reader.GetUserAsync(contract, userId, cancellationToken)).TryGet(out var held, out problem))
            return problem;
        if (held is not null)
        {
            // Whoever has the proof may have claimed by a transaction of its own; what is there then comes in as any record does.
            await store.LookAgainAsync(userId);
            return new Problem(ProblemKind.Refused, "User exists: the contract has a record of this name already, which is looked at again");
        }
        return await store.NoteAsync(new(
            contract, userId, proof.PublicKey.Span.ToArray(), proof.Sequence, Bounded(proof.Up), Bounded(proof.Down), Guid.NewGuid(), ClaimCall.Encode(proof), ClaimState.Open, null));
    }

    /// <summary>Credits what is in a block and hands in what waits; null, or what stands in the way.</summary>
    public async Task<Problem?> RoundAsync(CancellationToken cancellationToken = default)
    {
        foreach (var (claim, key) in await store.ReadMinedAsync(Batch))
        {
            if (await CreditAsync(claim, key, cancellationToken) is { } problem)
                return problem;
        }
        await store.SettleRefusedAsync();
        if (await contracts.IsMigratingAsync())
            return null;
        var waiting = await store.ReadWaitingAsync(Batch);
        foreach (var claim in waiting)
        {
            if (await contracts.ReadActiveAsync() != claim.Contract)
                await store.RefuseAsync(claim, "Another contract is the active one by now");
            else if (await SubmitAsync(claim, cancellationToken) is { } problem)
                return problem;
        }
        if (waiting.Count > 0)
            await budget.NotePausedAsync(false);
        return null;
    }

    private async Task<Problem?> CreditAsync(ClaimRow claim, byte[] key, CancellationToken cancellationToken)
    {
        if (!(await reader.BehindAsync(claim.Contract, cancellationToken)).TryGet(out var behind, out var error))
            return error;
        if (referrers is null || behind is not [_, var referrer, ..])
        {
            await imports.ImportAsync(claim.Username, key, claim.Contract, claim.Contract, claim.Uploaded, claim.Downloaded, behind);
            await store.EndAsync(claim);
            return null;
        }
        if (!(await referrers.ImportAsync(claim.Username, key, referrer, claim.Uploaded, claim.Downloaded, cancellationToken)).TryGet(out var outcome, out error))
            return error;
        await store.EndAsync(claim, outcome is { Status: ImportStatus.Refused, Step: not PassportStep.Older } ? outcome.Reason ?? "It counts already" : null);
        return null;
    }

    private async Task<Problem?> SubmitAsync(ClaimRow claim, CancellationToken cancellationToken)
    {
        if (!(await rpc.EstimateGasAsync(account, claim.Contract, claim.Data, cancellationToken)).TryGet(out var estimate, out var error))
        {
            if (!error.IsVerdict)
                return error;
            await store.RefuseAsync(claim, error.RevertReason ?? error.Text);
            return null;
        }
        var gas = (long)BigInteger.Min((BigInteger)estimate * (100 + options.GasMarginPercent) / 100, long.MaxValue / 2);
        if (!await budget.ReserveAsync(claim.OutboxId, gas, options.SyncGasPerDay))
        {
            await budget.NotePausedAsync(true);
            return new(ProblemKind.Refused, SyncBudgetState.UsedUp(options.SyncGasPerDay));
        }
        // Two that hand it in do so under one id.
        return await chain.SubmitAsync(new ChainSubmission(claim.OutboxId, TransactionKind.Claim, claim.Username, claim.Contract, claim.Data));
    }

    private static long Bounded(ulong value) => value > long.MaxValue ? long.MaxValue : (long)value;
}
