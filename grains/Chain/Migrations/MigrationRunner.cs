using Nethereum.Hex.HexConvertors.Extensions;
using Nethereum.Util;
using Pbts.GrainInterfaces.Chain;
using Pbts.Grains.Chain.Contracts;
using Pbts.Grains.Chain.Outbox;
using Pbts.Protocol;
using Pbts.Protocol.Ethereum;

namespace Pbts.Grains.Chain.Migrations;

/// <summary>
/// Takes a migration forward step by step. Every step can be repeated: what is to be sent is noted with its transaction's
/// id first, and nobody is sent whom the new contract already has.
/// </summary>
internal sealed partial class MigrationRunner(
    EthereumRpcClient rpc, ReputationReader reader, EthereumAddress account, EthereumAddress? factory, int logRange, MigrationStore store, ChainOutbox outbox,
    ContractRecords contracts, IChainSubmitter chain, MigrationAnchors anchors)
{
    /// <summary>Batches under way at once.</summary>
    private const int Parallel = 4;

    /// <summary>Claims under way at once, each of one member.</summary>
    private const int ParallelClaims = 64;

    /// <summary>One step. True while more is to be done now; false when it has to wait, is paused, or is finished.</summary>
    public async Task<bool> StepAsync(Guid id, CancellationToken cancellationToken = default)
    {
        if (await store.FindAsync(id) is not { State: MigrationState.Pending or MigrationState.Running } migration)
            return false;
        if (migration.State == MigrationState.Pending)
            await store.ChangeStateAsync(id, MigrationState.Running, MigrationState.Pending);
        var step = migration.Phase switch
        {
            MigrationPhase.Deploy => await DeployAsync(migration, cancellationToken),
            MigrationPhase.Discover => await DiscoverAsync(migration, cancellationToken),
            MigrationPhase.Migrate => await MigrateAsync(migration, cancellationToken),
            MigrationPhase.Retire => await RetireAsync(migration, cancellationToken),
            _ => false,
        };
        await store.NoteProblemAsync(id, step.Problem?.Text);
        return step.TryGet(out var goOn, out _) && goOn;
    }

    private async Task<Outcome<bool>> DeployAsync(MigrationRow migration, CancellationToken cancellationToken)
    {
        if (migration.Method == MigrationMethod.Anchor)
        {
            if (!(await anchors.PrepareAsync(migration, cancellationToken)).TryGet(out var ready, out var obstacle))
                return obstacle;
            if (!ready)
                return false;
        }
        // A contract that was set up with this referrer before, by /contract/init, is the one to fill.
        if (await outbox.FindAsync(migration.DeployTx) is null && await contracts.ReadActiveAsync() is { } active && active != migration.Referrer)
        {
            if (!(await reader.ReferrerAsync(active, cancellationToken)).TryGet(out var referrer, out var error))
                return error;
            if (!(await reader.OwnerAsync(active, cancellationToken)).TryGet(out var owner, out error))
                return error;
            if (referrer == migration.Referrer && owner == account)
                return await SetContractAsync(migration, active, cancellationToken);
        }
        if (factory is not { } maker)
            return new Problem(ProblemKind.NotConfigured, "No factory is configured (FACTORY).");
        var call = ReputationAbi.CreateReputation.EncodeCall(migration.Referrer, Array.Empty<byte>());
        var refusal = await chain.SubmitAsync(
            new ChainSubmission(migration.DeployTx, TransactionKind.MigrationDeploy, migration.Referrer.ToString(), maker, call, migration.Id));
        if (refusal is not null)
            return refusal;
        if (await outbox.FindAsync(migration.DeployTx) is not { IsDecided: true } deployed)
            return false;
        if (!deployed.IsDone || !EthereumAddress.TryParse(deployed.ContractAddress, out var contract))
        {
            return await FailAsync(migration, $"The new contract could not be deployed: {deployed.Error}");
        }
        if (!(await reader.ReferrerAsync(contract, cancellationToken)).TryGet(out var taken, out var problem))
            return problem;
        if (taken != migration.Referrer)
            return await FailAsync(migration, "The new contract did not take the referrer: it is not a Reputation contract.");
        return await SetContractAsync(migration, contract, cancellationToken);
    }

    private async Task<Outcome<bool>> SetContractAsync(MigrationRow migration, EthereumAddress contract, CancellationToken cancellationToken)
    {
        if (migration.Method == MigrationMethod.Anchor)
        {
            if (!(await reader.VersionAsync(contract, cancellationToken)).TryGet(out var version, out var error))
                return error;
            if (version < 4)
                return await FailAsync(migration, $"The new contract is of version {version}, which takes nobody over by a root: deploy the factory anew, or move by records");
        }
        await store.SetContractAsync(migration.Id, contract);
        return true;
    }

    private async Task<Outcome<bool>> MigrateAsync(MigrationRow migration, CancellationToken cancellationToken)
    {
        var contract = migration.Contract!.Value;
        await store.RecallAsync(migration.Id);
        var batches = await store.ReadBatchesAsync(migration.Id);
        foreach (var (batch, users) in batches)
        {
            if (await SettleAsync(migration, contract, batch, users, cancellationToken) is { } problem)
                return problem;
        }
        batches = await store.ReadBatchesAsync(migration.Id);
        var byRoot = migration.Method == MigrationMethod.Anchor;
        if (batches.Count >= (byRoot ? ParallelClaims : Parallel))
            return false;
        var sendable = await store.ReadUsersAsync(migration.Id, MigrationUserState.Pending, migration.BatchSize);
        if (sendable.Count == 0)
        {
            return batches.Count == 0 && await store.EnterAsync(migration.Id, MigrationPhase.Migrate, MigrationPhase.Retire);
        }
        if (!(await reader.VersionAsync(contract, cancellationToken)).TryGet(out var version, out var failure))
            return failure;
        var most = version >= 2 && !byRoot ? Math.Min(sendable[0].Company, migration.BatchSize) : 1;
        var wanted = sendable.Where(user => user.Company == sendable[0].Company).Take(most).Select(user => user.Username).ToList();
        var (group, trouble) = await SortOutAsync(migration, contract, wanted, cancellationToken);
        if (group.Count == 0)
            return trouble is null ? true : trouble;
        var id = Guid.NewGuid();
        group = await store.AssignBatchAsync(migration.Id, id, group);
        if (group.Count == 0)
            return true;
        var refusal = await SubmitBatchAsync(migration, contract, id, group);
        return refusal is null ? true : refusal;
    }

    /// <summary>
    /// Leaves out who needs no moving, because the new contract has the user, and who cannot be moved, because nobody has it.
    /// When the node fails on the way, those before are given.
    /// </summary>
    private async Task<(List<string> Group, Problem? Problem)> SortOutAsync(
        MigrationRow migration, EthereumAddress contract, List<string> wanted, CancellationToken cancellationToken)
    {
        var group = new List<string>(wanted.Count);
        foreach (var username in wanted)
        {
            if (migration.Method == MigrationMethod.Anchor)
            {
                if (!(await reader.GetUserAsync(contract, username, cancellationToken)).TryGet(out var held, out var failure))
                    return (group, failure);
                if (held is null)
                    group.Add(username);
                else
                    await store.MarkAsync(migration.Id, [username], MigrationUserState.Migrated);
                continue;
            }
            if (!(await reader.ResolveAsync(contract, username, cancellationToken)).TryGet(out var found, out var error))
                return (group, error);
            if (found is null)
                await store.MarkAsync(migration.Id, [username], MigrationUserState.Failed, "User does not exist");
            else if (found.Value.Holder == contract)
                await store.MarkAsync(migration.Id, [username], MigrationUserState.Migrated);
            else
                group.Add(username);
        }
        return (group, null);
    }

    private async Task<Problem?> SubmitBatchAsync(MigrationRow migration, EthereumAddress contract, Guid id, List<string> users)
    {
        byte[]? call;
        if (migration.Method == MigrationMethod.Anchor)
        {
            if (!(await anchors.ClaimAsync(migration, users[0])).TryGet(out call, out var problem))
            {
                await store.MarkAsync(migration.Id, users, MigrationUserState.Failed, problem.Text);
                return null;
            }
        }
        else
        {
            call = users.Count == 1 ? ReputationAbi.MigrateUserData.EncodeCall(users[0]) : ReputationV2Abi.MigrateUsers.EncodeCall(users);
        }
        return await chain.SubmitAsync(
            new ChainSubmission(id, TransactionKind.MigrationBatch, users.Count == 1 ? users[0] : $"{users.Count} users", contract, call, migration.Id));
    }

    /// <summary>Looks what became of a batch; null when there is nothing to wait for but the chain.</summary>
    private async Task<Problem?> SettleAsync(MigrationRow migration, EthereumAddress contract, Guid batch, List<string> users, CancellationToken cancellationToken)
    {
        // Noted, but a crash came before it was handed in.
        if (await outbox.FindAsync(batch) is not { } transaction)
            return await SubmitBatchAsync(migration, contract, batch, users);
        if (!transaction.IsDecided)
            return null;
        if (!transaction.IsDone)
        {
            if (users.Count == 1 && transaction.Error == MigrationStore.UserExists)
                await store.MarkAsync(migration.Id, users, MigrationUserState.Migrated);
            else if (users.Count == 1)
                await store.MarkAsync(migration.Id, users, MigrationUserState.Failed, transaction.Error ?? "reverted");
            else
                await store.SplitBatchAsync(migration.Id, batch, (users.Count + 1) / 2);
            return null;
        }
        if (!(await OutcomesAsync(transaction.Hash!, contract, cancellationToken)).TryGet(out var outcomes, out var error))
            return error;
        var moved = new List<string>();
        foreach (var username in users)
        {
            if (!outcomes.TryGetValue(UserTopic(username), out var reason))
            {
                // A contract without events: look.
                if (!(await reader.GetUserAsync(contract, username, cancellationToken)).TryGet(out var there, out error))
                    return error;
                reason = there is null ? "The contract did not take the user over" : null;
            }
            if (reason is null)
                moved.Add(username);
            else
                await store.MarkAsync(migration.Id, [username], MigrationUserState.Failed, reason);
        }
        await store.MarkAsync(migration.Id, moved, MigrationUserState.Migrated);
        return null;
    }

    /// <summary>What a mined batch says of its users, by the hash of their names: null for those that moved, else the reason why not.</summary>
    private async Task<Outcome<Dictionary<string, string?>>> OutcomesAsync(string hash, EthereumAddress contract, CancellationToken cancellationToken)
    {
        if (!(await rpc.TransactionReceiptAsync(hash, cancellationToken)).TryGet(out var receipt, out var error))
            return new(error);
        var outcomes = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        foreach (var log in receipt?.Logs ?? [])
        {
            if (ReputationV2Abi.UserMigrated.TryDecode(log, contract, out _))
                outcomes[(string)log.Topics[1]] = null;
            // Whoever was there already has moved, by another batch or by the member's own hand.
            else if (ReputationV2Abi.UserNotMigrated.TryDecode(log, contract, out var fields))
                outcomes[(string)log.Topics[1]] = (string)fields[0] is var reason && reason == MigrationStore.UserExists ? null : reason;
        }
        return new(outcomes);
    }

    private static string UserTopic(string username) => Sha3Keccack.Current.CalculateHash(username).EnsureHexPrefix();

    private async Task<Outcome<bool>> RetireAsync(MigrationRow migration, CancellationToken cancellationToken)
    {
        var contract = migration.Contract!.Value;
        await contracts.ActivateAsync(contract, migration.Referrer);
        string? remark = null;
        if (migration.RetireReferrer)
        {
            if (!(await reader.VersionAsync(migration.Referrer, cancellationToken)).TryGet(out var version, out var error))
                return error;
            if (!(await reader.OwnerAsync(migration.Referrer, cancellationToken)).TryGet(out var owner, out error))
                return error;
            if (version < 2)
                remark = "The referrer is of a kind that cannot be retired.";
            else if (owner != account)
                remark = "The referrer belongs to another account and was not retired.";
            else
            {
                var retire = await outbox.FindAsync(migration.RetireTx);
                if (retire is null)
                {
                    if (!(await reader.IsRetiredAsync(migration.Referrer, cancellationToken)).TryGet(out var retiredBefore, out error))
                        return error;
                    if (!retiredBefore)
                    {
                        var call = ReputationV2Abi.Retire.EncodeCall(contract);
                        var refusal = await chain.SubmitAsync(
                            new ChainSubmission(migration.RetireTx, TransactionKind.MigrationRetire, migration.Referrer.ToString(), migration.Referrer, call, migration.Id));
                        return refusal is null ? true : refusal;
                    }
                }
                // The chain may show it before the outbox knows what it cost.
                else if (!retire.IsDecided)
                    return false;
                else if (!retire.IsDone)
                    remark = $"The referrer was not retired: {retire.Error}";
            }
        }
        await store.EnterAsync(migration.Id, MigrationPhase.Retire, MigrationPhase.Done);
        await store.ChangeStateAsync(migration.Id, MigrationState.Completed, MigrationState.Running, MigrationState.Pending);
        return remark is null ? false : new Problem(ProblemKind.Refused, remark);
    }

    private async Task<Outcome<bool>> FailAsync(MigrationRow migration, string problem)
    {
        await store.FailAsync(migration.Id, problem);
        return new Problem(ProblemKind.Refused, problem);
    }
}
