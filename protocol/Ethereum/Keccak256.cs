using Org.BouncyCastle.Crypto.Digests;

namespace Pbts.Protocol.Ethereum;

/// <summary>Keccak-256 with the original padding, as Ethereum uses it (not the SHA3-256 of FIPS 202).</summary>
public static class Keccak256
{
    /// <summary>Digest size in bytes.</summary>
    public const int Size = 32;

    /// <summary>Hashes <paramref name="data"/> into 32 new bytes.</summary>
    public static byte[] Hash(ReadOnlySpan<byte> data)
    {
        var digest = new KeccakDigest(256);
        digest.BlockUpdate(data);
        var output = new byte[Size];
        digest.DoFinal(output);
        return output;
    }
}
