using System.Numerics;
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

    /// <summary>Looks newcomers up and brings in what they have; null, or what stands in the way.</summary>
    public async Task<string?> ImportAsync(CancellationToken cancellationToken = default)
    {
        if (await contracts.ReadActiveAsync() is not { } contract) return null;
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
        if (await store.IsMigratingAsync()) return null;
        if (await contracts.ReadActiveAsync() is not { } contract) return null;
        if (!(await _reader.OwnerAsync(contract, cancellationToken)).TryGet(out var owner, out var error)) return error.Message;
        if (owner != account) return $"The contract {contract} belongs to {owner}, not to {account}: totals are not written.";
        if (!(await _reader.VersionAsync(contract, cancellationToken)).TryGet(out var version, out error)) return error.Message;
        while (await store.ReadChangedAsync(contract, options.SyncThreshold, Batch) is { Count: > 0 } changed)
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
        var entry = new SyncEntry(member.Username, member.Uploaded, member.Downloaded);
        if (found is not var (record, holder))
        {
            if (!options.SyncAddsMembers || version < 2)
            {
                await store.NoteAsync(contract, [entry], null);
                return (null, null);
            }
            return (null, await SendAsync(contract, [entry], Add(member)));
        }
        if (record.PublicKey.Length > 0 && !record.PublicKey.AsSpan().SequenceEqual(member.Key))
        {
            // Somebody else's record of the same name: not ours to write.
            await store.NoteAsync(contract, [entry], null);
            return (null, null);
        }
        // Taken over first, with what it holds; the totals follow in the next round.
        if (holder != contract) return (null, await SendAsync(contract, [new SyncEntry(member.Username, 0, 0)], ReputationAbi.MigrateUserData.EncodeCall(member.Username)));
        entry = entry with { Uploaded = Math.Max(entry.Uploaded, Bounded(record.Uploaded)), Downloaded = Math.Max(entry.Downloaded, Bounded(record.Downloaded)) };
        if (entry.Uploaded != record.Uploaded || entry.Downloaded != record.Downloaded) return (entry, null);
        await store.NoteAsync(contract, [new SyncEntry(member.Username, member.Uploaded, member.Downloaded)], null);
        return (null, null);
    }

    private async Task<string?> SendAsync(EthereumAddress contract, List<SyncEntry> entries, byte[] call)
    {
        var id = Guid.NewGuid();
        await store.NoteAsync(contract, entries, id);
        var subject = entries.Count == 1 ? entries[0].Username : $"{entries.Count} users";
        return await chain.SubmitAsync(new ChainSubmission(id, ContractKinds.Sync, subject, contract.ToString(), call));
    }

    private static byte[] Update(SyncEntry entry) =>
        ReputationAbi.UpdateUser.EncodeCall(entry.Username, (BigInteger)entry.Downloaded, (BigInteger)entry.Uploaded);

    private static byte[] Update(List<SyncEntry> entries) => ReputationV2Abi.UpdateUsers.EncodeCall(
        entries.Select(e => (object)e.Username).ToArray(),
        entries.Select(e => (object)(BigInteger)e.Downloaded).ToArray(),
        entries.Select(e => (object)(BigInteger)e.Uploaded).ToArray());

    /// <summary>A member is known by its key; the hash, which the contract wants, is of no password.</summary>
    private static byte[] Add(SyncMember member) => ReputationV2Abi.AddUserWithKey.EncodeCall(
        member.Username, "", Keccak256.Hash([.. "PBTS member key"u8, .. member.Key]), (BigInteger)member.Downloaded, (BigInteger)member.Uploaded, member.Key);

    private static long Bounded(BigInteger value) => value > long.MaxValue ? long.MaxValue : (long)value;
}
