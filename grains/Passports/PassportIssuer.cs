using Microsoft.Extensions.Options;
using Pbts.Grains.Chain;
using Pbts.Grains.Chain.Contracts;
using Pbts.Grains.Chain.Outbox;
using Pbts.Grains.Issuers;
using Pbts.Grains.Settings;
using Pbts.Grains.Users;
using Pbts.Hosting.Configuration;
using Pbts.Protocol.Ethereum;
using Pbts.Protocol.Passports;
using Pbts.Protocol.Proofs;
using Pbts.Protocol.Receipts;
using Pbts.Protocol.Vouchers;

namespace Pbts.Grains.Passports;

/// <summary>Makes members' passports of what the database says, with this tracker's chain key. Needs no node.</summary>
internal sealed class PassportIssuer(
    ChainConnection connection, ContractRecords contracts, ChainOutbox outbox, UserStore users, ImportStore imports, SettingsStore settings, IOptions<IssuersOptions> options)
{
    private const long Day = 86400;

    /// <summary>Signs a passport; null where there is no key to sign it with.</summary>
    /// <param name="user">A member that has proved its key.</param>
    /// <param name="now">Unix seconds.</param>
    /// <param name="proof">What the contract has anchored of the member; left out where it is of another key or contract.</param>
    public async Task<Passport?> IssueAsync(UserRow user, long now, MemberProof? proof)
    {
        if (connection.Key is not { } key || user.Key is not { } publicKey || !UserId.TryParse(user.Profile.UserId, out var userId))
            return null;
        var (contract, chainId) = await ContractAsync();
        var (up, down) = await users.ReadNativeAsync(user.Id);
        if (proof is not null && (proof.PublicKey != publicKey || proof.Contract != contract || proof.ChainId != chainId))
            proof = null;
        return new Passport
        {
            Instance = InstanceId.TryParse(await settings.GetInstanceIdAsync(), out var instance) ? instance : throw new InvalidOperationException("The instance id is none."),
            Contract = contract,
            ChainId = chainId,
            Issuer = key.Address,
            UserId = userId,
            PublicKey = publicKey,
            // Whoever reads it can tell that the contract's root has as much.
            Up = proof is null ? (ulong)up : Math.Min((ulong)up, proof.Up),
            Down = (ulong)down,
            Imports = await imports.ReadForPassportAsync(user.Id),
            MemberSince = user.Profile.RegisteredAt.ToUnixTimeSeconds(),
            Issued = now,
            Expires = now + (options.Value.PassportDays * Day),
            Proof = proof,
        }.Sign(key);
    }

    /// <summary>The active contract and its chain; none and 0 while either is not known.</summary>
    private async Task<(EthereumAddress? Contract, ulong ChainId)> ContractAsync()
    {
        if (await contracts.ReadActiveAsync() is not { } contract)
            return (null, 0);
        if (await outbox.ReadChainAsync() is { } known)
            return (contract, (ulong)known);
        return connection.Rpc is { } rpc && (await rpc.ChainIdAsync()).TryGet(out var chainId, out _) ? (contract, chainId) : (null, 0);
    }
}
