using System.Globalization;
using System.Numerics;
using Nethereum.Hex.HexConvertors.Extensions;
using Pbts.GrainInterfaces.Chain;
using Pbts.Protocol.Ethereum;

namespace Pbts.Grains.Chain.Contracts;

/// <summary>A user's record as read from a contract.</summary>
internal sealed record ReputationUser(string Username, string Salt, byte[] PasswordHash, BigInteger Downloaded, BigInteger Uploaded, byte[] PublicKey)
{
    public static ReputationUser From(object[] tuple, byte[] publicKey) =>
        new((string)tuple[0], (string)tuple[1], (byte[])tuple[2], (BigInteger)tuple[3], (BigInteger)tuple[4], publicKey);

    /// <summary>The contracts answer with an empty record for a user they do not have.</summary>
    public bool Exists => PasswordHash.AsSpan().ContainsAnyExcept((byte)0);

    public ContractUser ToView(EthereumAddress holder) => new(
        Username, Salt, PasswordHash.ToHex(prefix: true), Downloaded.ToString(CultureInfo.InvariantCulture), Uploaded.ToString(CultureInfo.InvariantCulture),
        holder.ToString(), PublicKey.Length == 0 ? null : Convert.ToHexStringLower(PublicKey));
}
