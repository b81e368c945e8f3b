using Orleans.Concurrency;

namespace Pbts.GrainInterfaces.Users;

/// <summary>Invites: tokens that let others become members. Stateless: answers from the nearest silo, the database decides.</summary>
[Alias("pbts.IInvitesGrain")]
public interface IInvitesGrain : IGrainWithIntegerKey
{
    /// <summary>Makes an invite. Its token is in the answer and nowhere else.</summary>
    /// <param name="maker">The member, who may give only so many; null for the administration.</param>
    /// <param name="uses">Members that may come by it, 1 to <see cref="MemberChange.MaxInvites"/>.</param>
    /// <param name="lifetime">Seconds.</param>
    [Alias("Create"), ResponseTimeout("00:00:10")]
    ValueTask<NewInvite> CreateAsync(string? maker, int uses, long lifetime);

    /// <summary>Invites, newest first.</summary>
    /// <param name="maker">Only this member's; null for all.</param>
    /// <param name="before">Only with lower ids; null for the newest.</param>
    /// <param name="count">1 to 1,000.</param>
    [Alias("List"), ResponseTimeout("00:00:10"), ReadOnly]
    ValueTask<IReadOnlyList<Invite>> ListAsync(string? maker, long? before, int count);

    /// <summary>Ends an invite; who came by it stays. False when there is no such invite, or it is not this member's.</summary>
    /// <param name="maker">The member; null for the administration, which may end all.</param>
    [Alias("Revoke"), ResponseTimeout("00:00:10")]
    ValueTask<bool> RevokeAsync(string? maker, long id);
}
