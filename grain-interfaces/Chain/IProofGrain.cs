namespace Pbts.GrainInterfaces.Chain;

/// <summary>Proves one member's totals against the newest root that is in a block. The key is the user id.</summary>
[Alias("pbts.IProofGrain")]
public interface IProofGrain : IGrainWithStringKey
{
    /// <summary>The proof, a JSON document (<c>MemberProofJson</c>); a problem when there is none.</summary>
    [Alias("Prove"), ResponseTimeout("00:00:25")]
    Task<ContractResult<byte[]>> ProveAsync();
}
