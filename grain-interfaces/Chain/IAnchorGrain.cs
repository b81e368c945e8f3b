namespace Pbts.GrainInterfaces.Chain;

/// <summary>Anchors the root of all members' proven totals in the active contract, once in <c>Chain:AnchorInterval</c>. The key is always 0.</summary>
[Alias("pbts.IAnchorGrain")]
public interface IAnchorGrain : IGrainWithIntegerKey
{
    /// <summary>
    /// Takes a root now, whatever the interval says, and gives the newest one. Where no total has changed, that is the one before;
    /// where one was under way, that.
    /// </summary>
    /// <param name="wait">How long it waits for the transaction.</param>
    [Alias("Anchor"), ResponseTimeout("00:03:00")]
    Task<ContractResult<AnchorView>> AnchorAsync(TimeSpan wait);

    /// <summary>The newest root; null when there is none.</summary>
    [Alias("Get")]
    Task<AnchorView?> GetAsync();
}
