using Pbts.GrainInterfaces.Chain;
using Pbts.Hosting.Configuration;
using Pbts.Protocol.Ethereum;

namespace Pbts.Grains.Chain;

/// <summary>Finds the active contract. While none is on record, the configured one is adopted if it is a Reputation contract.</summary>
internal sealed class ActiveContract(ReputationReader reader, ChainOptions options, ContractRecords contracts)
{
    /// <summary>The contract; nothing when there is none yet; or what stands in the way.</summary>
    public async Task<(EthereumAddress? Address, ContractProblem? Problem)> FindAsync(CancellationToken cancellationToken = default)
    {
        if (await contracts.ReadActiveAsync() is { } active) return (active, null);
        if (!EthereumAddress.TryParse(options.ReputationAddress, out var configured)) return (null, null);
        if (!(await reader.OwnerAsync(configured, cancellationToken)).TryGet(out var owner, out var error)) return (null, new(ContractProblemKind.Unavailable, error.Message));
        if (owner is null) return (null, new(ContractProblemKind.NotConfigured, "REPUTATION_ADDRESS is not a Reputation contract on this chain."));
        if (!(await reader.ReferrerAsync(configured, cancellationToken)).TryGet(out var referrer, out error)) return (null, new(ContractProblemKind.Unavailable, error.Message));
        return (await contracts.AdoptAsync(configured, referrer), null);
    }
}
