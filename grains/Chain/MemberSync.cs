using System.Numerics;
using Nethereum.Util;
using Pbts.GrainInterfaces.Chain;
using Pbts.GrainInterfaces.Configuration;
using Pbts.Protocol.Ethereum;

namespace Pbts.Grains.Chain;

/// <summary>
/// Keeps ledger and active contract in step. Totals only ever rise on the chain, and nobody's record is written who has
/// another key there.
/// </summary>
internal sealed class MemberSync(
    EthereumRpcClient rpc, EthereumAddress account, ChainOptions options, MemberSyncStore store, ContractRecords contracts, IChainSubmitter chain)
{
    private const int Batch = 200;

    private readonly ReputationReader _reader = new(rpc);
    private readonly ActiveContract _active = new(new ReputationReader(rpc), options, contracts);

    /// <summary>Looks newcomers up and brings in what they have; null, or what stands in the way.</summary>
    public async Task<string?> ImportAsync(CancellationToken cancellationToken = default)
    {
        var (active, obstacle) = await _active.FindAsync(cancellationToken);
        if (active is not { } contract) return obstacle?.Text;
        while (await store.ReadNewcomersAsync(contract, Batch) is { Count: > 0 } newcomers)
        {
            foreach (var member in newcomers)
            {
                if (!(await _reader.ResolveAsync(contract, member.Username, cancellationToken)).TryGet(out var found, out var error)) return error.Message;
                var brings = found is { } record && record.User.PublicKey.AsSpan().SequenceEqual(member.Key) && !await store.WroteAsync(member.Username);
                await store.ImportAsync(
                    member.Username, member.Key, contract, brings ? found!.Value.Holder : null,
                    brings ? Bounded(found!.Value.User.Uploaded) : 0, brings ? Bounded(found!.Value.User.Downloaded) : 0);
            }
            if (newcomers.Count < Batch) break;
        }
        return null;
    }

    /// <summary>Tells the contract what has changed; waits while a migration is under way. Null, or what stands in the way.</summary>
    public async Task<string?> ExportAsync(CancellationToken cancellationToken = default)
    {
        await store.SettleAsync();
        var (active, obstacle) = await _active.FindAsync(cancellationToken);
        if (active is not { } contract) return obstacle?.Text;
        if (!(await _reader.OwnerAsync(contract, cancellationToken)).TryGet(out var owner, out var error)) return error.Message;
        if (owner != account) return $"The contract {contract} belongs to {owner}, not to {account}: totals are not written.";
        if (!(await _reader.VersionAsync(contract, cancellationToken)).TryGet(out var version, out error)) return error.Message;
        while (!await contracts.IsMigratingAsync() && await store.ReadChangedAsync(contract, options.SyncThreshold, Batch) is { Count: > 0 } changed)
        {
            var updates = new List<SyncEntry>();
            foreach (var member in changed)
            {
                var (update, problem) = await PlaceAsync(contract, version, member, cancellationToken);
                if (problem is not null) return problem;
                if (update is null) continue;
                if (member.Alone || version < 2) problem = await SendAsync(contract, [update], Update(update));
                else updates.Add(update);
                if (problem is not null) return problem;
            }
            if (updates.Count > 0 && await SendAsync(contract, updates, updates.Count == 1 ? Update(updates[0]) : Update(updates)) is { } refusal) return refusal;
            if (changed.Count < Batch) break;
        }
        return null;
    }

    /// <summary>Decides about one member: an update of the record that is there, or null when it has been dealt with in another way.</summary>
    private async Task<(SyncEntry? Update, string? Problem)> PlaceAsync(EthereumAddress contract, int version, SyncMember member, CancellationToken cancellationToken)
    {
        if (!(await _reader.ResolveAsync(contract, member.Username, cancellationToken)).TryGet(out var found, out var error)) return (null, error.Message);
        var entry = new SyncEntry(member.Username, member.Uploaded, member.Downloaded, member.Key);
        if (found is not var (record, holder))
        {
            if (!options.SyncAddsMembers || version < 2)
            {
                await store.NoteAsync(contract, [entry with { Key = null }], null);
                return (null, null);
            }
            return (null, await SendAsync(contract, [entry], Add(member)));
        }
        var isOwn = record.PublicKey.AsSpan().SequenceEqual(member.Key);
        var isOwnOfOld = member.ToldKey is { } told && record.PublicKey.AsSpan().SequenceEqual(told);
        if (record.PublicKey.Length > 0 && !isOwn && !isOwnOfOld)
        {
            // Somebody else's record of the same name: not ours to write.
            await store.NoteAsync(contract, [entry with { Key = null }], null);
            return (null, null);
        }
        if (holder != contract)
        {
            if (member.TakeoverTried)
            {
                // The contract would not have the referrer's record, or there is more wrong with that: once is enough.
                await store.NoteAsync(contract, [entry with { Key = null }], null);
                return (null, null);
            }
            // Taken over first, with what it holds; the rest follows in the next round.
            var before = new SyncEntry(member.Username, 0, 0, isOwn ? member.Key : null);
            return (null, await SendAsync(contract, [before], ReputationAbi.MigrateUserData.EncodeCall(member.Username), takeover: true));
        }
        if (isOwnOfOld && !isOwn)
        {
            // The member has replaced its key, and the record has the old one; it stays noted until the new one has been seen there.
            return (null, await SendAsync(contract, [entry with { Uploaded = 0, Downloaded = 0, Key = member.ToldKey }], ReputationV2Abi.SetUserKey.EncodeCall(member.Username, member.Key)));
        }
        if (!isOwn) entry = entry with { Key = null };
        entry = entry with { Uploaded = Math.Max(entry.Uploaded, Bounded(record.Uploaded)), Downloaded = Math.Max(entry.Downloaded, Bounded(record.Downloaded)) };
        if (entry.Uploaded != record.Uploaded || entry.Downloaded != record.Downloaded) return (entry, null);
        await store.NoteAsync(contract, [entry with { Uploaded = member.Uploaded, Downloaded = member.Downloaded }], null);
        return (null, null);
    }

    private async Task<string?> SendAsync(EthereumAddress contract, List<SyncEntry> entries, byte[] call, bool takeover = false)
    {
        var id = Guid.NewGuid();
        await store.NoteAsync(contract, entries, id, takeover);
        var subject = entries.Count == 1 ? entries[0].Username : $"{entries.Count} users";
        return await chain.SubmitAsync(new ChainSubmission(id, ContractKinds.Sync, subject, contract.ToString(), call));
    }

    private static byte[] Update(SyncEntry entry) =>
        ReputationAbi.UpdateUser.EncodeCall(entry.Username, (BigInteger)entry.Downloaded, (BigInteger)entry.Uploaded);

    private static byte[] Update(List<SyncEntry> entries) => ReputationV2Abi.UpdateUsers.EncodeCall(
        entries.Select(e => e.Username).ToArray(),
        entries.Select(e => (BigInteger)e.Downloaded).ToArray(),
        entries.Select(e => (BigInteger)e.Uploaded).ToArray());

    /// <summary>A member is known by its key; the hash, which the contract wants, is of no password.</summary>
    private static byte[] Add(SyncMember member) => ReputationV2Abi.AddUserWithKey.EncodeCall(
        member.Username, "", Sha3Keccack.Current.CalculateHash([.. "PBTS member key"u8, .. member.Key]), (BigInteger)member.Downloaded, (BigInteger)member.Uploaded, member.Key);

    private static long Bounded(BigInteger value) => value > long.MaxValue ? long.MaxValue : (long)value;
}
