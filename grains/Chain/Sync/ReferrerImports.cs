using Pbts.GrainInterfaces.Issuers;
using Pbts.Grains.Issuers;
using Pbts.Protocol;
using Pbts.Protocol.Ethereum;

namespace Pbts.Grains.Chain.Sync;

/// <summary>Where referrers are not believed by themselves: what they say of a member counts as far as the list of issuers has them.</summary>
internal sealed class ReferrerImports(EthereumRpcClient rpc, MemberSyncStore members, ImportStore imports)
{
    /// <summary>Takes a referrer's record of a member, if anybody vouches for that contract; null, or what stands in the way.</summary>
    public async Task<Problem?> ImportAsync(SyncMember member, EthereumAddress holder, long uploaded, long downloaded, CancellationToken cancellationToken)
    {
        if (!(await rpc.ChainIdAsync(cancellationToken)).TryGet(out var chainId, out var error))
            return error;
        // Refused or not, it has been looked at.
        await imports.ImportAsync(await members.FindMemberAsync(member.Username), ImportEvidence.Of(member.Username, member.Key, holder, chainId, uploaded, downloaded));
        return null;
    }
}
