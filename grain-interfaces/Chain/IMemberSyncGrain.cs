using Orleans.Concurrency;

namespace Pbts.GrainInterfaces.Chain;

/// <summary>
/// Keeps ledger and active contract in step: brings in what a member with a proven key has on the chain, once, and writes
/// the members' totals to the contract. The key is always 0.
/// </summary>
[Alias("pbts.IMemberSyncGrain")]
public interface IMemberSyncGrain : IGrainWithIntegerKey
{
    /// <summary>A member has just proven its key: look now what it has on the chain. Nobody waits for it.</summary>
    [Alias("MemberProven"), OneWay]
    Task MemberProvenAsync();

    /// <summary>Writes changed totals now, whatever the interval says; gives what stands in the way, or null.</summary>
    [Alias("SyncNow"), ResponseTimeout("00:02:00")]
    Task<string?> SyncNowAsync();
}
