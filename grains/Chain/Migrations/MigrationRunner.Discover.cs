using Pbts.Protocol;
using Pbts.Protocol.Ethereum;

namespace Pbts.Grains.Chain.Migrations;

internal sealed partial class MigrationRunner
{
    private const int LookUpsAtOnce = 200;

    /// <summary>
    /// Finds who there is to move: the names in the events of the referrer and of all before it, and, because contracts of
    /// the first generation have no events, everybody the tracker itself knows. Each name is then looked up.
    /// </summary>
    private async Task<Outcome<bool>> DiscoverAsync(MigrationRow migration, CancellationToken cancellationToken)
    {
        if (migration.Claims == MigrationClaims.Lazy)
            return await store.EnterAsync(migration.Id, MigrationPhase.Discover, MigrationPhase.Retire);
        if (migration.Method == MigrationMethod.Anchor && migration.AllUsers)
        {
            await anchors.AddMembersAsync(migration);
            return await store.EnterAsync(migration.Id, MigrationPhase.Discover, MigrationPhase.Migrate);
        }
        if (!migration.AllUsers)
            return await store.EnterAsync(migration.Id, MigrationPhase.Discover, MigrationPhase.Migrate);
        if (migration.ScanContracts is null)
        {
            var chainOfReferrers = new List<EthereumAddress>();
            await foreach (var link in reader.ChainAsync(migration.Referrer, cancellationToken))
            {
                if (!link.TryGet(out var address, out var error))
                    return error;
                chainOfReferrers.Add(address);
            }
            await store.AddOwnUsersAsync(migration.Id);
            await store.SaveScanAsync(migration.Id, [], chainOfReferrers, 0);
            return true;
        }
        return migration.ScanContracts.Count > 0
            ? await ScanAsync(migration, migration.ScanContracts, cancellationToken)
            : await LookUpAsync(migration, cancellationToken);
    }

    /// <summary>Reads the events of one range of blocks of one contract, from the block it was made in.</summary>
    private async Task<Outcome<bool>> ScanAsync(MigrationRow migration, IReadOnlyList<EthereumAddress> left, CancellationToken cancellationToken)
    {
        if (!(await rpc.BlockNumberAsync(cancellationToken)).TryGet(out var head, out var error))
            return error;
        var from = (ulong)migration.ScanBlock;
        if (from == 0 && !(await FirstBlockAsync(left[0], head, cancellationToken)).TryGet(out from, out error))
            return error;
        HashSet<string>? found = null;
        var to = Math.Min(from + (ulong)logRange - 1, head);
        while (found is null && !(await NamesAsync(left[0], from, to, cancellationToken)).TryGet(out found, out error))
        {
            // A node may have a limit of its own on what one answer holds: ask for less.
            if ((error.IsTransient && error.Kind != ProblemKind.TooLarge) || to <= from)
                return error;
            to = from + ((to - from) / 2);
        }
        var finished = to >= head;
        await store.SaveScanAsync(migration.Id, found!, finished ? [.. left.Skip(1)] : left, finished ? 0 : (long)to + 1);
        return true;
    }

    /// <summary>The block a contract was made in, by halving; 0 when the node does not keep the state of old blocks.</summary>
    private async Task<Outcome<ulong>> FirstBlockAsync(EthereumAddress contract, ulong head, CancellationToken cancellationToken)
    {
        var (low, high) = (0UL, head);
        while (low < high)
        {
            var middle = low + ((high - low) / 2);
            if (!(await rpc.CodeAsync(contract, middle, cancellationToken)).TryGet(out var code, out var error))
                return error.IsTransient ? new(error) : new(0UL);
            if (code.Length > 0)
                high = middle;
            else
                low = middle + 1;
        }
        return new(low);
    }

    /// <summary>Names in a contract's events.</summary>
    private async Task<Outcome<HashSet<string>>> NamesAsync(EthereumAddress contract, ulong from, ulong to, CancellationToken cancellationToken)
    {
        var found = new HashSet<string>(StringComparer.Ordinal);
        foreach (var kind in (AbiEvent[])[ReputationV2Abi.UserAdded, ReputationV2Abi.UserMigrated])
        {
            if (!(await rpc.LogsAsync(contract, kind.Topic, from, to, cancellationToken)).TryGet(out var logs, out var error))
                return new(error);
            foreach (var log in logs)
            {
                // A contract may log anything; a name that PostgreSQL cannot hold is nobody's.
                if (kind.TryDecode(log, contract, out var fields) && fields[0] is string { Length: > 0 and <= 256 } name && !name.Contains('\0', StringComparison.Ordinal))
                    found.Add(name);
            }
        }
        return new(found);
    }

    /// <summary>Keeps the candidates that some contract has.</summary>
    private async Task<Outcome<bool>> LookUpAsync(MigrationRow migration, CancellationToken cancellationToken)
    {
        var candidates = await store.ReadUsersAsync(migration.Id, MigrationUserState.Candidate, LookUpsAtOnce);
        if (candidates.Count == 0)
            return await store.EnterAsync(migration.Id, MigrationPhase.Discover, MigrationPhase.Migrate);
        var (present, absent) = (new List<string>(), new List<string>());
        Problem? error = null;
        foreach (var (username, _) in candidates)
        {
            if (!(await reader.ResolveAsync(migration.Contract!.Value, username, cancellationToken)).TryGet(out var found, out error))
                break;
            (found is null ? absent : present).Add(username);
        }
        // A node that fails now and then must not have all be asked anew.
        await store.MarkAsync(migration.Id, present, MigrationUserState.Pending);
        await store.MarkAsync(migration.Id, absent, MigrationUserState.Absent);
        return error is null ? true : error;
    }
}
