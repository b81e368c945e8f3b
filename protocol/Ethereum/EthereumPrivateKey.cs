using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using Org.BouncyCastle.Asn1.X9;
using Org.BouncyCastle.Crypto.Digests;
using Org.BouncyCastle.Crypto.EC;
using Org.BouncyCastle.Crypto.Signers;
using Org.BouncyCastle.Math.EC.Multiplier;
using Scalar = Org.BouncyCastle.Math.BigInteger;

namespace Pbts.Protocol.Ethereum;

/// <summary>A secp256k1 signing key. It has no property that gives the secret back and prints as its address only.</summary>
public sealed class EthereumPrivateKey
{
    private static readonly X9ECParameters Curve = CustomNamedCurves.GetByName("secp256k1");
    private static readonly Scalar HalfOrder = Curve.N.ShiftRight(1);

    private readonly Scalar _secret;

    private EthereumPrivateKey(Scalar secret)
    {
        _secret = secret;
        PublicKey = new FixedPointCombMultiplier().Multiply(Curve.G, secret).Normalize().GetEncoded(compressed: false);
        Address = new EthereumAddress(Keccak256.Hash(PublicKey.Span[1..]).AsSpan(12));
    }

    /// <summary>The account this key signs for.</summary>
    public EthereumAddress Address { get; }

    /// <summary>The uncompressed public key, 65 bytes beginning with 04.</summary>
    public ReadOnlyMemory<byte> PublicKey { get; }

    /// <summary>Reads a 32-byte scalar from 1 to n-1.</summary>
    public static bool TryCreate(ReadOnlySpan<byte> secret, [NotNullWhen(true)] out EthereumPrivateKey? key)
    {
        key = null;
        if (secret.Length != 32) return false;
        var scalar = new Scalar(1, secret);
        if (scalar.SignValue == 0 || scalar.CompareTo(Curve.N) >= 0) return false;
        key = new EthereumPrivateKey(scalar);
        return true;
    }

    /// <summary>Reads 64 hex digits with or without <c>0x</c>, as wallets and <c>.env</c> files write them.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out EthereumPrivateKey? key)
    {
        key = null;
        if (text is null) return false;
        var digits = text.StartsWith("0x", StringComparison.Ordinal) ? text : "0x" + text;
        return EthereumHex.TryParse(digits, 32, out var secret) && TryCreate(secret, out key);
    }

    /// <summary>Signs a 32-byte hash with the deterministic nonce of RFC 6979 and the low s of EIP-2.</summary>
    public EcdsaSignature Sign(ReadOnlySpan<byte> hash)
    {
        if (hash.Length != 32) throw new ArgumentException("The hash has 32 bytes.", nameof(hash));
        var z = new Scalar(1, hash);
        var nonces = new HMacDsaKCalculator(new Sha256Digest());
        nonces.Init(Curve.N, _secret, hash.ToArray());
        while (true)
        {
            var k = nonces.NextK();
            var point = new FixedPointCombMultiplier().Multiply(Curve.G, k).Normalize();
            var x = point.AffineXCoord.ToBigInteger();
            // An x of n or more would need a recovery id of 2 or 3, which transactions cannot carry (chance 2^-127).
            if (x.SignValue == 0 || x.CompareTo(Curve.N) >= 0) continue;
            var s = k.ModInverse(Curve.N).Multiply(z.Add(x.Multiply(_secret))).Mod(Curve.N);
            if (s.SignValue == 0) continue;
            var odd = point.AffineYCoord.ToBigInteger().TestBit(0);
            if (s.CompareTo(HalfOrder) > 0)
            {
                s = Curve.N.Subtract(s);
                odd = !odd;
            }
            return new EcdsaSignature(ToNumber(x), ToNumber(s), odd ? 1 : 0);
        }
    }

    /// <summary>Names the address, never the secret.</summary>
    public override string ToString() => $"private key of {Address}";

    private static BigInteger ToNumber(Scalar value) => new(value.ToByteArrayUnsigned(), isUnsigned: true, isBigEndian: true);
}
