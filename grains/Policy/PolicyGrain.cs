using Orleans.Concurrency;
using Pbts.GrainInterfaces.Policy;

namespace Pbts.Grains.Policy;

[StatelessWorker, Reentrant]
internal sealed class PolicyGrain(PolicyStore policy) : Grain, IPolicyGrain
{
    public async ValueTask<PolicyChanges> GetChangesAsync(long after) => await policy.ReadChangesAsync(after);

    public async ValueTask<IReadOnlyList<MemberVerdict>> SetMembersAsync(IReadOnlyList<MemberPolicy> members) => await policy.SetMembersAsync(members);

    public async ValueTask<IReadOnlyList<ClientRule>> GetClientsAsync() => await policy.ReadClientsAsync();

    public async ValueTask SetClientsAsync(IReadOnlyList<ClientRule> rules) => await policy.SetClientsAsync(rules);

    public async ValueTask<bool> RemoveClientAsync(byte[] prefix) => await policy.RemoveClientAsync(prefix);
}
