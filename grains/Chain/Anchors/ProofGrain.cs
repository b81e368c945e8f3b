using Pbts.GrainInterfaces.Chain;
using Pbts.Protocol.Proofs;

namespace Pbts.Grains.Chain.Anchors;

/// <summary>Takes those who ask for one member's proof one by one, and keeps it a while: it changes with the root alone.</summary>
internal sealed class ProofGrain(ProofStore store, TimeProvider time) : Grain, IProofGrain
{
    private static readonly TimeSpan Kept = TimeSpan.FromSeconds(5);

    private byte[]? _proof;
    private DateTimeOffset _madeAt;

    public async Task<ContractResult<byte[]>> ProveAsync()
    {
        if (_proof is { } kept && time.GetUtcNow() - _madeAt < Kept)
            return kept;
        if (!(await store.ProveAsync(this.GetPrimaryKeyString())).TryGet(out var proof, out var problem))
        {
            DeactivateOnIdle();
            return problem;
        }
        _madeAt = time.GetUtcNow();
        return _proof = MemberProofJson.Write(proof);
    }
}
