using Orleans.Concurrency;

namespace Pbts.GrainInterfaces.Issuers;

/// <summary>Who is believed. Stateless: answers from the nearest silo, the database decides. The key is always 0.</summary>
[Alias("pbts.IIssuersGrain")]
public interface IIssuersGrain : IGrainWithIntegerKey
{
    /// <summary>All, by name.</summary>
    [Alias("List"), ResponseTimeout("00:00:10"), ReadOnly]
    Task<IReadOnlyList<Issuer>> ListAsync();

    /// <summary>Adds an issuer or replaces the one of this name, and what members brought from it counts accordingly when this answers.</summary>
    /// <param name="issuer">With an empty address the contract's owner is read from the chain.</param>
    [Alias("Set"), ResponseTimeout("00:02:00")]
    Task<IssuerResult> SetAsync(Issuer issuer);

    /// <summary>Ends one; what members brought from it counts nothing from then on, and is kept. False when there is none of this name.</summary>
    [Alias("Remove"), ResponseTimeout("00:02:00")]
    Task<bool> RemoveAsync(string name);
}
