using System.Security.Cryptography;
using System.Text;
using Pbts.Protocol.Bls;
using Pbts.Protocol.Ethereum;

namespace Pbts.Protocol.Dstack;

/// <summary>
/// Keys out of the secrets of a trusted machine. The same path gives the same key for as long as the application is the
/// same, so what is lost with a machine can be derived again on another.
/// </summary>
public static class TeeKeys
{
    /// <summary>Path of the tracker's own BLS key.</summary>
    public const string TrackerPath = "pbts/tracker/bls";

    /// <summary>Path of the tracker's Ethereum key.</summary>
    public const string EthereumPath = "ethereum/pbts";

    /// <summary>Characters of the longest salt.</summary>
    public const int MaxSalt = 128;

    /// <summary>Path of a key made on request.</summary>
    public static string PathOf(string salt) => "pbts/bls/" + salt;

    /// <summary>Whether a salt may be part of a path: 1 to 128 letters, digits, dots, hyphens or underscores.</summary>
    public static bool IsSalt(string salt)
    {
        ArgumentNullException.ThrowIfNull(salt);
        return salt.Length is > 0 and <= MaxSalt && salt.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_');
    }

    /// <summary>The BLS key of a secret: KeyGen of the BLS draft (an HKDF) with the path as key info.</summary>
    public static BlsSecretKey Bls(ReadOnlySpan<byte> secret, string path) =>
        Protocol.Bls.Bls.TryKeyGen(secret, Encoding.UTF8.GetBytes(path), out var key) ? key : throw new ArgumentException("32 bytes are needed.", nameof(secret));

    /// <summary>The Ethereum key of a secret: HKDF-SHA256 with the salt <c>PBTS-ETHEREUM-KEY</c> and the path as info, counted up (one byte behind it) until it is a key.</summary>
    public static EthereumPrivateKey Ethereum(byte[] secret, string path)
    {
        for (byte count = 0; ; count++)
        {
            var derived = HKDF.DeriveKey(HashAlgorithmName.SHA256, secret, 32, "PBTS-ETHEREUM-KEY"u8.ToArray(), [.. Encoding.UTF8.GetBytes(path), count]);
            var found = EthereumPrivateKey.TryCreate(derived, out var key);
            CryptographicOperations.ZeroMemory(derived);
            if (found)
                return key!;
        }
    }
}
