using Orleans.Concurrency;
using Pbts.GrainInterfaces.Issuers;
using Pbts.Grains.Chain;
using Pbts.Grains.Issuers;
using Pbts.Grains.Settings;
using Pbts.Protocol.Ethereum;

namespace Pbts.Grains.Passports;

/// <summary>Who is believed. Of a contract whose owner nobody gave, the chain says who that is.</summary>
[StatelessWorker, Reentrant]
internal sealed class IssuersGrain(IssuerStore issuers, ChainConnection connection, SettingsStore settings) : Grain, IIssuersGrain
{
    public async Task<IReadOnlyList<Issuer>> ListAsync() => await issuers.ListAsync();

    public async Task<IssuerResult> SetAsync(Issuer issuer)
    {
        if (issuer.Instance == await settings.GetInstanceIdAsync())
            return new(null, "instance is this tracker's own: what it says of its members is in their totals");
        EthereumAddress? contract = null;
        if (issuer.Contract is { } text)
            contract = EthereumAddress.TryParse(text, out var parsed) ? parsed : throw new ArgumentException("The contract is not an address.", nameof(issuer));
        if (issuer.Address.Length == 0)
        {
            var (owner, problem) = await OwnerAsync(contract!.Value, issuer.ChainId!.Value);
            if (owner is null)
                return problem!;
            issuer = issuer with { Address = owner.Value.ToString() };
        }

        return EthereumAddress.TryParse(issuer.Address, out var signer) ? await issuers.SetAsync(issuer with { Address = signer.ToString(), Contract = contract?.ToString() }, signer, contract)
            : throw new ArgumentException("The address is none.", nameof(issuer));
    }

    public Task<bool> RemoveAsync(string name) => issuers.RemoveAsync(name);

    private async Task<(EthereumAddress? Owner, IssuerResult? Problem)> OwnerAsync(EthereumAddress contract, long chainId)
    {
        if (connection is not { Rpc: { } rpc, Reader: { } reader })
            return (null, new(null, "address is missing: no node is configured that would say who owns the contract"));
        if (!(await rpc.ChainIdAsync()).TryGet(out var here, out var error))
            return (null, new(null, $"address is missing, and the node does not say who owns the contract: {error.Text}", IsUnavailable: true));
        if (here != (ulong)chainId)
            return (null, new(null, $"address is missing: chain_id is {chainId}, and the node is on chain {here}"));
        if (!(await reader.OwnerAsync(contract)).TryGet(out var owner, out error))
            return (null, new(null, $"address is missing, and the node does not say who owns the contract: {error.Text}", IsUnavailable: true));
        return owner is null ? (null, new(null, "contract is not a Reputation contract on this chain")) : (owner, null);
    }
}
