namespace Pbts.GrainInterfaces.Chain;

/// <summary>
/// Takes members over who bring a proof of their totals in the contract before the active one: into the contract by a
/// transaction, and into their totals here, once. The key is always 0.
/// </summary>
[Alias("pbts.IMemberClaimGrain")]
public interface IMemberClaimGrain : IGrainWithIntegerKey
{
    /// <summary>Checks a proof and puts it on record; a problem says which step of it does not hold. Doing it again gives how the claim stands.</summary>
    /// <param name="userId">The member, whose proven key is that of the proof.</param>
    /// <param name="proof">A JSON document (<c>MemberProofJson</c>).</param>
    [Alias("Claim"), ResponseTimeout("00:00:30")]
    Task<ContractResult<ClaimView>> ClaimAsync(string userId, byte[] proof);

    /// <summary>Makes sure that somebody works on what is open: whoever did may have died.</summary>
    [Alias("Resume")]
    Task ResumeAsync();
}
