namespace Pbts.GrainInterfaces.Chain;

/// <summary>
/// The writer of one signing key: everything the key sends goes through its durable outbox. The grain's key is the
/// account's address, checksummed.
/// </summary>
[Alias("pbts.IChainAccountGrain")]
public interface IChainAccountGrain : IGrainWithStringKey
{
    /// <summary>Puts a transaction on record; it is durable when this returns, and will be sent.</summary>
    /// <returns>Null when it is taken, else why it is refused (another chain, no key).</returns>
    [Alias("Submit")]
    Task<string?> SubmitAsync(ChainSubmission submission);

    /// <summary>Waits until the transaction is decided, or for as long as <paramref name="wait"/> says; null when unknown.</summary>
    [Alias("Wait"), ResponseTimeout("00:03:00")]
    Task<ChainTransaction?> WaitAsync(Guid id, TimeSpan wait);
}
