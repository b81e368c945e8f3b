using Pbts.Hosting.Configuration;
using Pbts.Protocol;
using Pbts.Protocol.Ethereum;

namespace Pbts.Grains.Chain.Contracts;

/// <summary>Finds the active contract. While none is on record, the configured one is adopted if it is a Reputation contract.</summary>
internal sealed class ActiveContract(ReputationReader reader, ChainOptions options, ContractRecords contracts)
{
    /// <summary>The contract; null when there is none yet.</summary>
    public async Task<Outcome<EthereumAddress?>> FindAsync(CancellationToken cancellationToken = default)
    {
        if (await contracts.ReadActiveAsync() is { } active)
            return new(active);
        if (!EthereumAddress.TryParse(options.ReputationAddress, out var configured))
            return new((EthereumAddress?)null);
        if (!(await reader.OwnerAsync(configured, cancellationToken)).TryGet(out var owner, out var problem))
            return problem;
        if (owner is null)
            return new Problem(ProblemKind.NotConfigured, "REPUTATION_ADDRESS is not a Reputation contract on this chain.");
        if (!(await reader.ReferrerAsync(configured, cancellationToken)).TryGet(out var referrer, out problem))
            return problem;
        return new(await contracts.AdoptAsync(configured, referrer));
    }
}
