using Pbts.GrainInterfaces.Chain;
using Pbts.Grains.Chain.Anchors;
using Pbts.Grains.Chain.Claims;
using Pbts.Grains.Chain.Contracts;
using Pbts.Protocol;
using Pbts.Protocol.Ethereum;

namespace Pbts.Grains.Chain.Migrations;

/// <summary>The root a migration claims members by: this tracker's own, of which it has the leaves, or another's.</summary>
internal sealed class MigrationAnchors(
    EthereumRpcClient rpc, ReputationReader reader, EthereumAddress account, int logRange, MigrationStore store, AnchorStore anchors, Anchoring anchoring, ProofStore proofs)
{
    /// <summary>Ranges of blocks that are searched for the event of another's newest root.</summary>
    private const int RangesSearched = 50;

    /// <summary>What of a request is possible with this referrer.</summary>
    public async Task<Outcome<MigrationPlan>> PlanAsync(MigrationRequest request, EthereumAddress referrer, CancellationToken cancellationToken = default)
    {
        if (!(await reader.AnchorSequenceAsync(referrer, cancellationToken)).TryGet(out var sequence, out var error))
            return error;
        if (!(await IsOwnAsync(referrer, cancellationToken)).TryGet(out var isOwn, out error))
            return error;
        return MigrationPlan.Of(request, sequence > 0, isOwn);
    }

    /// <summary>Notes the root; the own one is taken anew first, so that what was earned since the last one is in it. False while it has to wait for the chain.</summary>
    public async Task<Outcome<bool>> PrepareAsync(MigrationRow migration, CancellationToken cancellationToken)
    {
        if (migration.AnchorSequence is not null)
            return true;
        if (!(await IsOwnAsync(migration.Referrer, cancellationToken)).TryGet(out var isOwn, out var error))
            return error;
        if (!isOwn)
        {
            if (!(await reader.AnchorSequenceAsync(migration.Referrer, cancellationToken)).TryGet(out var sequence, out error))
                return error;
            if (!(await CountMembersAsync(migration.Referrer, cancellationToken)).TryGet(out var members, out error))
                return error;
            await store.NoteAnchorAsync(migration.Id, sequence, members);
            return true;
        }
        // One that is under way from before the migration is done with first.
        if (await anchoring.RoundAsync(now: false, cancellationToken) is { } problem)
            return problem;
        if (await anchors.ReadOpenAsync() is not null)
            return false;
        if (!(await reader.IsRetiredAsync(migration.Referrer, cancellationToken)).TryGet(out var retired, out error))
            return error;
        // A contract that was retired before keeps the root it has.
        if (await anchors.ReadSettledAsync(migration.Referrer, retired ? null : migration.Id) is { } last)
        {
            await store.NoteAnchorAsync(migration.Id, last.Sequence, last.Members);
            return true;
        }
        if (await store.ReadAnchorFailureAsync(migration.Id) is { } failure)
            return new Problem(ProblemKind.Refused, $"The last root of the referrer could not be anchored: {failure}");
        return await anchoring.TakeAsync(migration.Referrer, now: true, cancellationToken) is { } refusal ? refusal : false;
    }

    /// <summary>Adds all members below the own root, to be claimed.</summary>
    public async Task AddMembersAsync(MigrationRow migration)
    {
        for (var chunk = 0; await anchors.ReadMembersAsync(migration.Referrer, migration.AnchorSequence!.Value, chunk) is { } members; chunk++)
            await store.AddMembersAsync(migration.Id, members);
    }

    /// <summary>The call that claims a member of the own root; a problem when the member is not in it.</summary>
    public async Task<Outcome<byte[]>> ClaimAsync(MigrationRow migration, string username)
    {
        if (!(await proofs.ProveAsync(username)).TryGet(out var proof, out var problem))
            return problem;
        return proof.Contract == migration.Referrer ? ClaimCall.Encode(proof) : new Problem(ProblemKind.Refused, "The newest root is of another contract");
    }

    /// <summary>Whether the newest root of a contract is this tracker's own, with its leaves on record.</summary>
    private async Task<Outcome<bool>> IsOwnAsync(EthereumAddress referrer, CancellationToken cancellationToken)
    {
        if (!(await reader.OwnerAsync(referrer, cancellationToken)).TryGet(out var owner, out var error))
            return error;
        if (owner != account || await anchors.ReadSettledAsync(referrer, null) is not { } newest)
            return false;
        if (!(await reader.RootAtAsync(referrer, newest.Sequence, cancellationToken)).TryGet(out var root, out error))
            return error;
        return newest.Root.ToHash().AsSpan().SequenceEqual(root);
    }

    /// <summary>How many members another's root is of, by its event; 0 when that lies too far back.</summary>
    private async Task<Outcome<long>> CountMembersAsync(EthereumAddress referrer, CancellationToken cancellationToken)
    {
        if (!(await rpc.BlockNumberAsync(cancellationToken)).TryGet(out var to, out var error))
            return error;
        for (var range = 0; range < RangesSearched; range++)
        {
            var from = to >= (ulong)logRange ? to - (ulong)logRange + 1 : 0;
            if (!(await rpc.LogsAsync(referrer, ReputationV4Abi.Anchored.Topic, from, to, cancellationToken)).TryGet(out var logs, out error))
                return error;
            if (logs.LastOrDefault() is { } log && ReputationV4Abi.Anchored.TryDecode(log, referrer, out var fields))
                return (long)(System.Numerics.BigInteger)fields[3];
            if (from == 0)
                break;
            to = from - 1;
        }
        return 0L;
    }
}
