using Pbts.GrainInterfaces.Issuers;
using Pbts.Grains.Issuers;
using Pbts.Protocol;
using Pbts.Protocol.Ethereum;

namespace Pbts.Grains.Chain.Sync;

/// <summary>Where referrers are not believed by themselves: what they say of a member counts as far as the list of issuers has them.</summary>
internal sealed class ReferrerImports(EthereumRpcClient rpc, MemberSyncStore members, ImportStore imports)
{
    /// <summary>Takes what a referrer says of a member, if anybody vouches for that contract.</summary>
    public async Task<Outcome<ImportOutcome>> ImportAsync(string username, byte[] key, EthereumAddress referrer, long uploaded, long downloaded, CancellationToken cancellationToken)
    {
        if (!(await rpc.ChainIdAsync(cancellationToken)).TryGet(out var chainId, out var error))
            return error;
        return await imports.ImportAsync(await members.FindMemberAsync(username), ImportEvidence.Of(username, key, referrer, chainId, uploaded, downloaded));
    }
}
