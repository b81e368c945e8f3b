using Orleans.Concurrency;
using Pbts.GrainInterfaces.Users;

namespace Pbts.Grains.Users;

[StatelessWorker, Reentrant]
internal sealed class InvitesGrain(InviteStore invites) : Grain, IInvitesGrain
{
    public async ValueTask<NewInvite> CreateAsync(string? maker, int uses, long lifetime) => await invites.CreateAsync(maker, uses, lifetime);

    public async ValueTask<IReadOnlyList<Invite>> ListAsync(string? maker, long? before, int count) => await invites.ListAsync(maker, before, count);

    public async ValueTask<bool> RevokeAsync(string? maker, long id) => await invites.RevokeAsync(maker, id);
}
