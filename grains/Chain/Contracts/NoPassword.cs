using Nethereum.Util;

namespace Pbts.Grains.Chain.Contracts;

/// <summary>The password hash, which a contract wants, of a member that is known by its key: it is that of no password.</summary>
internal static class NoPassword
{
    /// <summary>keccak256 of <c>PBTS member key</c> and the key, as contracts make it themselves in batches and check it in claims.</summary>
    public static byte[] HashOf(ReadOnlySpan<byte> key) => Sha3Keccack.Current.CalculateHash([.. "PBTS member key"u8, .. key]);
}
