using Pbts.Protocol.Ethereum;
using Pbts.Protocol.Passports;

namespace Pbts.Grains.Issuers;

/// <summary>What a tracker says of somebody who is a member here.</summary>
/// <param name="Subject">The name there.</param>
/// <param name="Key">The key there, which is the member's here.</param>
/// <param name="Instance">The tracker; null: only its contract is known.</param>
/// <param name="Signer">Who signed it; null: it was read from the contract.</param>
/// <param name="Up">Bytes.</param>
/// <param name="Down">Bytes.</param>
/// <param name="MemberSince">Null: not known.</param>
/// <param name="AsOf">The moment it is of; null: now.</param>
internal sealed record ImportEvidence(
    string Subject, byte[] Key, string? Instance, EthereumAddress? Signer, EthereumAddress? Contract, long? ChainId, long Up, long Down, DateTimeOffset? MemberSince, DateTimeOffset? AsOf)
{
    /// <summary>Whose passport or contract it is, as claims name it.</summary>
    public IEnumerable<string> Issuers
    {
        get
        {
            if (Instance is not null)
                yield return $"instance:{Instance}";
            if (Contract is { } contract)
                yield return ImportClaims.IssuerOf(contract);
        }
    }

    public static ImportEvidence Of(Passport passport) => new(
        passport.UserId.ToString(), passport.PublicKey.ToArray(), passport.Instance.ToString(), passport.Issuer, passport.Contract, passport.Contract is null ? null : Saturate(passport.ChainId),
        Saturate(passport.Up), Saturate(passport.Down), Moment(passport.MemberSince), Moment(passport.Issued));

    /// <summary>What a record of a contract, read just now, says.</summary>
    public static ImportEvidence Of(string username, byte[] key, EthereumAddress contract, ulong chainId, long up, long down) =>
        new(username, key, null, null, contract, Saturate(chainId), up, down, null, null);

    private static long Saturate(ulong number) => (long)Math.Min(number, long.MaxValue);

    private static DateTimeOffset Moment(long seconds) => DateTimeOffset.FromUnixTimeSeconds(Math.Min(seconds, DateTimeOffset.MaxValue.ToUnixTimeSeconds()));
}
