using Orleans.Concurrency;

namespace Pbts.GrainInterfaces.Policy;

/// <summary>What the operator, or the site's own software, says of members and clients. Stateless: answers from the nearest silo, the database decides.</summary>
[Alias("pbts.IPolicyGrain")]
public interface IPolicyGrain : IGrainWithIntegerKey
{
    /// <summary>What has changed since.</summary>
    /// <param name="after">The <see cref="PolicyChanges.Last"/> of the answer before; -1 for the first.</param>
    [Alias("GetChanges"), ResponseTimeout("00:00:03"), ReadOnly]
    ValueTask<PolicyChanges> GetChangesAsync(long after);

    /// <summary>Sets what is said of members, all at once. Of one given twice the last counts.</summary>
    /// <returns>What came of each, in order.</returns>
    [Alias("SetMembers"), ResponseTimeout("00:00:10")]
    ValueTask<IReadOnlyList<MemberVerdict>> SetMembersAsync(IReadOnlyList<MemberPolicy> members);

    /// <summary>The rules for clients, by prefix.</summary>
    [Alias("GetClients"), ResponseTimeout("00:00:05"), ReadOnly]
    ValueTask<IReadOnlyList<ClientRule>> GetClientsAsync();

    /// <summary>Adds or replaces rules, all at once.</summary>
    [Alias("SetClients"), ResponseTimeout("00:00:10")]
    ValueTask SetClientsAsync(IReadOnlyList<ClientRule> rules);

    /// <summary>Ends a rule; false when there is none for this prefix.</summary>
    [Alias("RemoveClient"), ResponseTimeout("00:00:10")]
    ValueTask<bool> RemoveClientAsync(byte[] prefix);
}
