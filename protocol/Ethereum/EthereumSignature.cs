using System.Globalization;
using System.Numerics;
using Nethereum.Signer;

namespace Pbts.Protocol.Ethereum;

/// <summary>A secp256k1 signature of 65 bytes: r, s, and 27 or 28. Of the two that say the same, only the one with the lower s is one (EIP-2).</summary>
public static class EthereumSignature
{
    /// <summary>Length in bytes.</summary>
    public const int Size = 65;

    private static readonly BigInteger Order =
        BigInteger.Parse("0fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141", NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);

    /// <summary>Whose signature of a 32-byte digest it is; <c>false</c> when it is nobody's.</summary>
    public static bool TryRecover(ReadOnlySpan<byte> digest, ReadOnlySpan<byte> signature, out EthereumAddress signer)
    {
        signer = default;
        if (digest.Length != 32 || signature.Length != Size || signature[64] is not (27 or 28) || !InRange(signature[..32], Order - 1) || !InRange(signature[32..64], Order / 2))
            return false;
        try
        {
            var key = EthECKey.RecoverFromSignature(EthECDSASignatureFactory.FromComponents(signature[..32].ToArray(), signature[32..64].ToArray(), signature[64]), digest.ToArray());
            if (key is null)
                return false;
            signer = new EthereumAddress(key.GetPublicAddressAsBytes());
            return true;
        }
        catch (Exception e) when (e is ArgumentException or FormatException or InvalidOperationException or ArithmeticException)
        {
            // No point of the curve has this r.
            return false;
        }
    }

    private static bool InRange(ReadOnlySpan<byte> bytes, BigInteger most) => new BigInteger(bytes, isUnsigned: true, isBigEndian: true) is { IsZero: false } number && number <= most;
}
