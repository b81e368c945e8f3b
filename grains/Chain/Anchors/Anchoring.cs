using System.Numerics;
using Pbts.GrainInterfaces.Chain;
using Pbts.Grains.Chain.Contracts;
using Pbts.Grains.Chain.Outbox;
using Pbts.Grains.Chain.Sync;
using Pbts.Hosting.Configuration;
using Pbts.Protocol;
using Pbts.Protocol.Ethereum;

namespace Pbts.Grains.Chain.Anchors;

/// <summary>Anchors the root of all members' totals in the active contract.</summary>
internal sealed class Anchoring(
    ReputationReader reader, EthereumAddress account, ChainOptions options, AnchorStore store, SyncBudget budget, ContractRecords contracts, IChainSubmitter chain)
{
    /// <summary>More than one anchor burns.</summary>
    private const long Gas = 100_000;

    private readonly ActiveContract _active = new(reader, options, contracts);

    /// <summary>
    /// Settles what is under way and takes a root where it is time; null, or what stands in the way. What a crash kept from
    /// being handed in is handed in.
    /// </summary>
    /// <param name="now">The administration asks: whatever the interval and the budget say.</param>
    public async Task<Problem?> RoundAsync(bool now, CancellationToken cancellationToken = default)
    {
        await store.SettleAsync();
        if (await store.ReadOpenAsync() is { } open)
            return await SubmitAsync(open);
        if (!now && (options.ParseSync() == ChainSync.Members || options.AnchorInterval == TimeSpan.Zero || !await store.IsDueAsync(options.AnchorInterval)))
            return null;
        if (!(await _active.FindAsync(cancellationToken)).TryGet(out var active, out var obstacle))
            return obstacle;
        if (active is not { } contract)
            return now ? new(ProblemKind.NotInitialised, "No Reputation contract initialized. Call /contract/init first.") : null;
        if (await reader.AbsenceAsync(contract, cancellationToken) is { } absence)
            return absence;
        if (!(await reader.OwnerAsync(contract, cancellationToken)).TryGet(out var owner, out var error))
            return error;
        if (owner != account)
            return new(ProblemKind.Refused, $"The contract {contract} belongs to {owner}, not to {account}: no root is anchored.");
        if (!(await reader.VersionAsync(contract, cancellationToken)).TryGet(out var version, out error))
            return error;
        if (version < 4)
            return now ? new(ProblemKind.Refused, $"The contract {contract} is of version {version}, which keeps no roots: move to a new one (/migrations)") : null;
        if (await contracts.IsMigratingAsync())
            return now ? new(ProblemKind.Refused, "A migration is not finished: wait for it, or cancel it") : null;
        return await TakeAsync(contract, now, cancellationToken);
    }

    /// <summary>Takes a root for a contract that keeps roots and belongs to this tracker, and hands it in; also when nothing has changed that is null.</summary>
    public async Task<Problem?> TakeAsync(EthereumAddress contract, bool now, CancellationToken cancellationToken = default)
    {
        if (!(await reader.AnchorSequenceAsync(contract, cancellationToken)).TryGet(out var last, out var error))
            return error;
        var id = Guid.NewGuid();
        if (!now && !await budget.ReserveAsync(id, Gas, options.SyncGasPerDay))
        {
            await budget.NotePausedAsync(true);
            return new(ProblemKind.Refused, SyncBudgetState.UsedUp(options.SyncGasPerDay));
        }
        // Where nothing else is written the pause is over.
        if (options.ParseSync() == ChainSync.Anchor)
            await budget.NotePausedAsync(false);
        Problem? problem = null;
        try
        {
            if (await store.TakeAsync(contract, last + 1, id) is { } taken)
                problem = await SubmitAsync(taken);
            else
                await budget.ReleaseAsync(id);
        }
        catch (OverflowException e)
        {
            problem = new(ProblemKind.Refused, e.Message);
        }
        if (problem is not null)
            await budget.ReleaseAsync(id);
        return problem;
    }

    /// <summary>The same transaction may be handed in again: it is told by its id.</summary>
    private Task<Problem?> SubmitAsync(AnchorRow anchor) => chain.SubmitAsync(new ChainSubmission(
        anchor.OutboxId, TransactionKind.Anchor, $"root {anchor.Sequence} of {anchor.Members} members", anchor.Contract,
        ReputationV4Abi.Anchor.EncodeCall(anchor.Root.ToHash(), (BigInteger)anchor.Root.Up, (BigInteger)anchor.Root.Down, (BigInteger)anchor.Members, (BigInteger)anchor.Sequence)));
}
