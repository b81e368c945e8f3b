using Orleans.Concurrency;

namespace Pbts.GrainInterfaces.Chain;

/// <summary>
/// The operator's view of the active Reputation contract. Keeps nothing in memory, so any number of them may work at
/// once; the key is always 0. Writes wait for their transaction as long as the caller says and then give it as it stands.
/// </summary>
[Alias("pbts.IContractGrain")]
public interface IContractGrain : IGrainWithIntegerKey
{
    [Alias("Status"), ResponseTimeout("00:01:00"), ReadOnly]
    Task<ContractStatus> GetStatusAsync();

    /// <summary>Deploys a contract, with a referrer or without, and makes it the active one once mined.</summary>
    [Alias("Init"), ResponseTimeout("00:03:00")]
    Task<ContractResult<ChainTransaction>> InitAsync(string? referrer, TimeSpan wait);

    /// <summary>Adds a user; one that is there already is refused.</summary>
    [Alias("Register"), ResponseTimeout("00:03:00")]
    Task<ContractResult<ChainTransaction>> RegisterAsync(ContractRegistration registration, TimeSpan wait);

    /// <summary>Sets a user's absolute totals in bytes.</summary>
    [Alias("Update"), ResponseTimeout("00:03:00")]
    Task<ContractResult<ChainTransaction>> UpdateAsync(string username, decimal downloadSize, decimal uploadSize, TimeSpan wait);

    /// <summary>Takes a user over from the nearest referrer that has it.</summary>
    [Alias("Migrate"), ResponseTimeout("00:03:00")]
    Task<ContractResult<ChainTransaction>> MigrateAsync(string username, TimeSpan wait);

    /// <summary>The user as the active contract holds it, without asking its referrers.</summary>
    [Alias("GetUser"), ResponseTimeout("00:01:00"), ReadOnly]
    Task<ContractResult<ContractUser>> GetUserAsync(string username);

    /// <summary>The user as the active contract or the nearest of its referrers holds it: what a newcomer brings along.</summary>
    [Alias("Resolve"), ResponseTimeout("00:01:00"), ReadOnly]
    Task<ContractResult<ContractUser>> ResolveAsync(string username);

    /// <summary>Vouches for a member, who then may be added to contracts by the sync; false when there is no such member with a proven key.</summary>
    [Alias("Approve")]
    Task<bool> ApproveAsync(string username);

    /// <summary>Says that the record of a member's name on the chain is that member's, whatever key it has; false as for <see cref="ApproveAsync"/>.</summary>
    [Alias("Link")]
    Task<bool> LinkAsync(string username);

    /// <summary>Takes back what <see cref="ApproveAsync"/> and <see cref="LinkAsync"/> said; false as for <see cref="ApproveAsync"/>.</summary>
    [Alias("Revoke")]
    Task<bool> RevokeAsync(string username);

    /// <summary>A transaction by its hash (any it ever had) or by its id; null when unknown.</summary>
    [Alias("Find")]
    Task<ChainTransaction?> FindAsync(string hashOrId);
}
