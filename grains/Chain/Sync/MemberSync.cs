using System.Numerics;
using Pbts.GrainInterfaces.Chain;
using Pbts.Grains.Chain.Contracts;
using Pbts.Grains.Chain.Outbox;
using Pbts.Hosting.Configuration;
using Pbts.Protocol;
using Pbts.Protocol.Ethereum;

namespace Pbts.Grains.Chain.Sync;

/// <summary>
/// Keeps ledger and active contract in step. Totals only ever rise on the chain, and nobody's record is written who has
/// another key there.
/// </summary>
internal sealed class MemberSync(
    EthereumRpcClient rpc, ReputationReader reader, EthereumAddress account, ChainOptions options, MemberSyncStore store, MemberStanding standing, SyncBudget budget,
    ContractRecords contracts, IChainSubmitter chain, ReferrerImports? referrers = null)
{
    private const int Batch = 200;

    /// <summary>Gas that every transaction burns.</summary>
    private const ulong LeastGas = 21_000;

    /// <summary>More than adding one user burns.</summary>
    private const long GasOfOne = 200_000;

    private static readonly (SyncEntry? Update, SyncEntry? Addition) Neither = (null, null);

    private readonly ActiveContract _active = new(reader, options, contracts);
    private IReadOnlyList<EthereumAddress> _behind = [];

    /// <summary>Looks newcomers up and brings in what they have; null, or what stands in the way.</summary>
    public async Task<Problem?> ImportAsync(CancellationToken cancellationToken = default)
    {
        if (!(await _active.FindAsync(cancellationToken)).TryGet(out var active, out var obstacle))
            return obstacle;
        if (active is not { } contract)
            return null;
        while (await store.ReadNewcomersAsync(contract, Batch) is { Count: > 0 } newcomers)
        {
            foreach (var member in newcomers)
            {
                if (!(await reader.ResolveAsync(contract, member.Username, cancellationToken)).TryGet(out var found, out var error))
                    return error;
                if (found is not var (record, holder) || !record.PublicKey.AsSpan().SequenceEqual(member.Key) || await store.WroteAsync(member.Username))
                {
                    await store.ImportAsync(member.Username, member.Key, contract, null, 0, 0);
                    continue;
                }
                if (!(await BehindAsync(contract, cancellationToken)).TryGet(out var behind, out error))
                    return error;
                // What may come from a root that this tracker anchored itself is in the ledger already, and anybody may claim it into the contract behind that.
                if (await store.WasAnchoredAsync(member.Username, [.. behind.SkipWhile(one => one != holder).Skip(1)]))
                {
                    await store.ImportAsync(member.Username, member.Key, contract, null, 0, 0);
                    continue;
                }
                // A record that this tracker did not write into its contract was taken over from the contract before.
                var source = holder != contract || behind.Count < 2 ? holder : behind[1];
                if (source != contract && referrers is not null)
                {
                    if (await referrers.ImportAsync(member.Username, member.Key, source, Bounded(record.Uploaded), Bounded(record.Downloaded), cancellationToken) is { Problem: { } problem })
                        return problem;
                    await store.ImportAsync(member.Username, member.Key, contract, null, 0, 0);
                    continue;
                }
                await store.ImportAsync(member.Username, member.Key, contract, holder, Bounded(record.Uploaded), Bounded(record.Downloaded), behind);
            }
            if (newcomers.Count < Batch)
                break;
        }
        return null;
    }

    /// <summary>The contract and all its referrers, which never change.</summary>
    private async Task<Outcome<IReadOnlyList<EthereumAddress>>> BehindAsync(EthereumAddress contract, CancellationToken cancellationToken)
    {
        if (_behind is [var first, ..] && first == contract)
            return new(_behind);
        if (!(await reader.BehindAsync(contract, cancellationToken)).TryGet(out var chain, out var error))
            return error;
        return new(_behind = chain);
    }

    /// <summary>Tells the contract what has changed; waits while a migration is under way. Null, or what stands in the way.</summary>
    public async Task<Problem?> ExportAsync(CancellationToken cancellationToken = default)
    {
        await store.SettleAsync();
        if (!(await _active.FindAsync(cancellationToken)).TryGet(out var active, out var obstacle))
            return obstacle;
        if (active is not { } contract)
            return null;
        if (await reader.AbsenceAsync(contract, cancellationToken) is { } absence)
            return absence;
        if (!(await reader.OwnerAsync(contract, cancellationToken)).TryGet(out var owner, out var error))
            return error;
        if (owner != account)
            return new(ProblemKind.Refused, $"The contract {contract} belongs to {owner}, not to {account}: totals are not written.");
        if (!(await reader.VersionAsync(contract, cancellationToken)).TryGet(out var version, out error))
            return error;
        // By a root instead, where the contract keeps roots.
        if (version >= 4 && options.ParseSync() == ChainSync.Anchor)
            return null;
        if (options.SyncAddsMembers)
            await standing.JudgeAsync(options.SyncMinReceivers, options.SyncThreshold);
        while (!await contracts.IsMigratingAsync()
            && await store.ReadChangedAsync(contract, options.SyncThreshold, Batch, options.SyncMinReceivers == 0) is { Count: > 0 } changed)
        {
            var (updates, additions) = (new List<SyncEntry>(), new List<SyncEntry>());
            foreach (var member in changed)
            {
                if (!(await PlaceAsync(contract, version, member, cancellationToken)).TryGet(out var place, out var problem))
                    return problem;
                if (place.Update is { } update && (member.Alone || version < 2))
                    problem = await SendAsync(contract, [update], Update, cancellationToken);
                else if (place.Addition is { } addition && (member.Alone || version < 3))
                    problem = await SendAsync(contract, [addition], Add, cancellationToken);
                else if (place.Update is not null)
                    updates.Add(place.Update);
                else if (place.Addition is not null)
                    additions.Add(place.Addition);
                if (problem is not null)
                    return problem;
            }
            if (await SendAsync(contract, updates, Update, cancellationToken) is { } refusal)
                return refusal;
            if (await SendAsync(contract, additions, Add, cancellationToken) is { } refused)
                return refused;
            if (changed.Count < Batch)
                break;
        }
        await budget.NotePausedAsync(false);
        return null;
    }

    /// <summary>Decides about one member: an update of the record that is there, a record to add, or neither when it has been dealt with in another way.</summary>
    private async Task<Outcome<(SyncEntry? Update, SyncEntry? Addition)>> PlaceAsync(
        EthereumAddress contract, int version, SyncMember member, CancellationToken cancellationToken)
    {
        if (!(await reader.ResolveAsync(contract, member.Username, cancellationToken)).TryGet(out var found, out var error))
            return error;
        var entry = new SyncEntry(member.Username, member.Uploaded, member.Downloaded, member.Key);
        if (found is not var (record, holder))
        {
            if (options.SyncAddsMembers && member.Vouched && version >= 2)
                return (null, entry);
            await store.NoteAsync(contract, [entry with { Key = null }], null);
            return Neither;
        }
        var isOwn = record.PublicKey.AsSpan().SequenceEqual(member.Key);
        // A name is whoever's takes it first here; the key says whose the record is. One without a key is nobody's until the operator says whose.
        var isWritable = isOwn || member.Linked || (record.PublicKey.Length > 0 && await store.WasKeyOfAsync(member.Username, record.PublicKey));
        // The contract may not have wanted the referrer's record, or there is more wrong with that: once is enough.
        if (!isWritable || (holder != contract && member.TakeoverTried))
        {
            await store.NoteAsync(contract, [entry with { Key = null }], null);
            return Neither;
        }
        if (holder != contract)
        {
            // Taken over first, with what it holds; the rest follows in the next round.
            var before = new SyncEntry(member.Username, 0, 0, isOwn ? member.Key : null);
            return await SendAsync(contract, [before], _ => ReputationAbi.MigrateUserData.EncodeCall(member.Username), cancellationToken, takeover: true) is { } refusal ? refusal : Neither;
        }
        if (!isOwn && version >= 2)
        {
            // The record has a key that the member has replaced, or none; that stays noted until the member's has been seen there.
            var keyed = entry with { Uploaded = 0, Downloaded = 0, Key = record.PublicKey.Length > 0 ? record.PublicKey : null };
            return await SendAsync(contract, [keyed], _ => ReputationV2Abi.SetUserKey.EncodeCall(member.Username, member.Key), cancellationToken) is { } refusal ? refusal : Neither;
        }
        if (!isOwn)
            entry = entry with { Key = null };
        entry = entry with { Uploaded = Math.Max(entry.Uploaded, Bounded(record.Uploaded)), Downloaded = Math.Max(entry.Downloaded, Bounded(record.Downloaded)) };
        if (entry.Uploaded != record.Uploaded || entry.Downloaded != record.Downloaded)
            return (entry, null);
        await store.NoteAsync(contract, [entry with { Uploaded = member.Uploaded, Downloaded = member.Downloaded }], null);
        return Neither;
    }

    /// <summary>Hands in one transaction for all entries, or several, as far as the budget goes: one that it does not hold is halved.</summary>
    private async Task<Problem?> SendAsync(
        EthereumAddress contract, List<SyncEntry> entries, Func<List<SyncEntry>, byte[]> encode, CancellationToken cancellationToken, bool takeover = false)
    {
        for (var (done, take) = (0, entries.Count); done < entries.Count;)
        {
            var part = entries.GetRange(done, Math.Min(take, entries.Count - done));
            var call = encode(part);
            if (!(await GasAsync(contract, call, part.Count, cancellationToken)).TryGet(out var gas, out var error))
                return error;
            var id = Guid.NewGuid();
            if (!await budget.ReserveAsync(id, gas, options.SyncGasPerDay))
            {
                if (part.Count == 1)
                {
                    await budget.NotePausedAsync(true);
                    return new(ProblemKind.Refused, SyncBudgetState.UsedUp(options.SyncGasPerDay));
                }
                take = part.Count / 2;
                continue;
            }
            await store.NoteAsync(contract, part, id, takeover);
            var subject = part.Count == 1 ? part[0].Username : $"{part.Count} users";
            if (await chain.SubmitAsync(new ChainSubmission(id, TransactionKind.Sync, subject, contract, call)) is { } refusal)
            {
                await budget.ReleaseAsync(id);
                return refusal;
            }
            done += part.Count;
        }
        return null;
    }

    /// <summary>The most that a call may burn: its gas limit. What reverts now may not later, and then costs what such calls do.</summary>
    private async Task<Outcome<long>> GasAsync(EthereumAddress contract, byte[] call, int users, CancellationToken cancellationToken)
    {
        if (!(await rpc.EstimateGasAsync(account, contract, call, cancellationToken)).TryGet(out var estimate, out var error))
            return error.IsVerdict ? new(GasOfOne * (long)users) : new(error);
        var gas = (BigInteger)Math.Max(estimate, LeastGas) * (100 + options.GasMarginPercent) / 100;
        return new((long)BigInteger.Min(gas, long.MaxValue / 2));
    }

    private static byte[] Update(List<SyncEntry> entries) => entries is [var one]
        ? ReputationAbi.UpdateUser.EncodeCall(one.Username, (BigInteger)one.Downloaded, (BigInteger)one.Uploaded)
        : ReputationV2Abi.UpdateUsers.EncodeCall(Names(entries), Downloaded(entries), Uploaded(entries));

    /// <summary>A member is known by its key; the hash, which the contract wants, is of no password, and is what a batch gets from the contract too.</summary>
    private static byte[] Add(List<SyncEntry> entries) => entries is [var one]
        ? ReputationV2Abi.AddUserWithKey.EncodeCall(
            one.Username, "", NoPassword.HashOf(one.Key!), (BigInteger)one.Downloaded, (BigInteger)one.Uploaded, one.Key!)
        : ReputationV2Abi.AddMembers.EncodeCall(Names(entries), Downloaded(entries), Uploaded(entries), entries.Select(e => e.Key!).ToArray());

    private static string[] Names(List<SyncEntry> entries) => [.. entries.Select(e => e.Username)];

    private static BigInteger[] Downloaded(List<SyncEntry> entries) => [.. entries.Select(e => (BigInteger)e.Downloaded)];

    private static BigInteger[] Uploaded(List<SyncEntry> entries) => [.. entries.Select(e => (BigInteger)e.Uploaded)];

    private static long Bounded(BigInteger value) => value > long.MaxValue ? long.MaxValue : (long)value;
}
