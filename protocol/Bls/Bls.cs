using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Pbts.Protocol.Bls.Curve;

namespace Pbts.Protocol.Bls;

/// <summary>
/// BLS signatures on BLS12-381 with keys in G1 and signatures in G2: ciphersuite
/// BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_ of draft-irtf-cfrg-bls-signature-05.
/// </summary>
/// <remarks>
/// Bad bytes never throw: verification answers false. Operations on secret keys (<see cref="SkToPk"/>,
/// <see cref="Sign(BlsSecretKey, ReadOnlySpan{byte})"/>, <see cref="PopProve"/>) do the same field operations and
/// memory accesses for every key, without secret-dependent branches or indices in the source. What managed code cannot
/// promise: the just-in-time compiler may turn a selection into a branch, multiplications take what the processor
/// takes, and intermediate values on the stack are not wiped. Verification handles public data only and is not
/// constant time. All members are thread safe.
/// </remarks>
public static class Bls
{
    private const int KeyGenLength = 48;
    private const int MinimumKeyMaterial = 32;

    /// <summary>
    /// KeyGen of the draft (version 4 and later; with empty <paramref name="keyInfo"/> the EIP-2333 master key).
    /// False when <paramref name="keyMaterial"/> is shorter than 32 bytes.
    /// </summary>
    public static bool TryKeyGen(ReadOnlySpan<byte> keyMaterial, ReadOnlySpan<byte> keyInfo, [NotNullWhen(true)] out BlsSecretKey? key)
    {
        key = null;
        if (keyMaterial.Length < MinimumKeyMaterial)
            return false;
        Span<byte> material = new byte[keyMaterial.Length + 1];
        keyMaterial.CopyTo(material);
        Span<byte> info = new byte[keyInfo.Length + 2];
        keyInfo.CopyTo(info);
        info[^1] = KeyGenLength;
        Span<byte> salt = stackalloc byte[32], pseudoRandom = stackalloc byte[32];
        Span<byte> output = stackalloc byte[KeyGenLength], scalar = stackalloc byte[BlsSecretKey.Size];
        SHA256.HashData("BLS-SIG-KEYGEN-SALT-"u8, salt);
        do
        {
            HKDF.Extract(HashAlgorithmName.SHA256, material, salt, pseudoRandom);
            HKDF.Expand(HashAlgorithmName.SHA256, pseudoRandom, output, info);
            Scalar.Reduce(output, scalar);
            SHA256.HashData(salt, salt);
        }
        while (!BlsSecretKey.TryParse(scalar, out key));
        CryptographicOperations.ZeroMemory(material);
        CryptographicOperations.ZeroMemory(pseudoRandom);
        CryptographicOperations.ZeroMemory(output);
        CryptographicOperations.ZeroMemory(scalar);
        return true;
    }

    /// <summary>The public key of a secret key.</summary>
    public static BlsPublicKey SkToPk(BlsSecretKey secretKey)
    {
        ArgumentNullException.ThrowIfNull(secretKey);
        Span<byte> bytes = stackalloc byte[BlsPublicKey.Size];
        G1.Encode(G1.ToAffine(G1Generator.Multiply(secretKey.AsSpan())), bytes);
        return new BlsPublicKey(bytes);
    }

    /// <summary>Signs a message of any length.</summary>
    public static BlsSignature Sign(BlsSecretKey secretKey, ReadOnlySpan<byte> message) => Sign(secretKey, message, BlsDomain.Signature);

    /// <summary>Whether the signature is the key's over the message.</summary>
    public static bool Verify(BlsPublicKey publicKey, ReadOnlySpan<byte> message, BlsSignature signature) =>
        publicKey.TryValidate(out BlsValidatedKey? key) && Verify(key, message, signature);

    /// <summary>Whether the signature is the key's over the message.</summary>
    public static bool Verify(BlsValidatedKey key, ReadOnlySpan<byte> message, BlsSignature signature) =>
        Verify(key, message, signature, BlsDomain.Signature);

    /// <summary>Proves possession of the secret key: a signature over the public key under a tag of its own.</summary>
    public static BlsSignature PopProve(BlsSecretKey secretKey)
    {
        BlsPublicKey publicKey = SkToPk(secretKey);
        return Sign(secretKey, BlsPublicKey.AsSpan(publicKey), BlsDomain.Possession);
    }

    /// <summary>Whether the proof shows possession of the key's secret.</summary>
    public static bool PopVerify(BlsPublicKey publicKey, BlsSignature proof) =>
        publicKey.TryValidate(out BlsValidatedKey? key) && Verify(key, BlsPublicKey.AsSpan(publicKey), proof, BlsDomain.Possession);

    /// <summary>The sum of the signatures; false for an empty list and when one of them is not a point of order r (or infinity).</summary>
    public static bool TryAggregate(ReadOnlySpan<BlsSignature> signatures, out BlsSignature aggregate)
    {
        aggregate = default;
        Projective<Fp2<Fp>> sum = Projective<Fp2<Fp>>.Infinity;
        foreach (ref readonly BlsSignature signature in signatures)
        {
            if (!G2.TryDecode(BlsSignature.AsSpan(signature), out Affine<Fp2<Fp>> point) || !G2.IsInSubgroup(point))
                return false;
            sum += point.ToProjective();
        }

        if (signatures.IsEmpty)
            return false;
        aggregate = Encode(sum);
        return true;
    }

    /// <summary>
    /// Whether the aggregate is the sum of each key's signature over its message. Messages may repeat, which is safe
    /// only among keys with a proof of possession; and a true answer says nothing of the single signatures, see
    /// <see cref="BatchVerify"/>. False for an empty list or lists of different length.
    /// </summary>
    public static bool AggregateVerify(ReadOnlySpan<BlsPublicKey> publicKeys, ReadOnlySpan<ReadOnlyMemory<byte>> messages, BlsSignature aggregate)
    {
        if (publicKeys.IsEmpty || publicKeys.Length != messages.Length || !G2.TryDecode(BlsSignature.AsSpan(aggregate), out Affine<Fp2<Fp>> point))
            return false;
        var keys = new Affine<Fp>[publicKeys.Length];
        var hashes = new Affine<Fp2<Fp>>[publicKeys.Length];
        for (int i = 0; i < publicKeys.Length; i++)
        {
            if (!publicKeys[i].TryValidate(out BlsValidatedKey? key))
                return false;
            keys[i] = key.Point;
            hashes[i] = G2.ToAffine(HashToG2.Hash(messages[i].Span, BlsDomain.Signature));
        }

        return IsSigned(keys, hashes, point);
    }

    /// <summary>
    /// Whether the aggregate is the sum of all keys' signatures over the one message. Safe only among keys with a
    /// proof of possession. False for an empty list.
    /// </summary>
    public static bool FastAggregateVerify(ReadOnlySpan<BlsPublicKey> publicKeys, ReadOnlySpan<byte> message, BlsSignature aggregate)
    {
        Projective<Fp> sum = Projective<Fp>.Infinity;
        foreach (ref readonly BlsPublicKey publicKey in publicKeys)
        {
            if (!publicKey.TryValidate(out BlsValidatedKey? key))
                return false;
            sum += key.Point.ToProjective();
        }

        Affine<Fp> point = G1.ToAffine(sum);
        return !publicKeys.IsEmpty && !point.IsInfinity && VerifyPoint(point, message, aggregate, BlsDomain.Signature);
    }

    /// <summary>
    /// Verifies many signatures at the price of few: true at the index of every valid item, false at every other, as
    /// <see cref="Verify(BlsPublicKey, ReadOnlySpan{byte}, BlsSignature)"/> would say of each. Items of one key cost
    /// one pairing together. Bad items cost extra work but never spoil good ones.
    /// </summary>
    /// <remarks>
    /// Each item is weighted with a random 64-bit coefficient, so that errors cannot cancel: a wrong batch passes with
    /// probability 2^-64, whatever its maker does, and every attempt needs a call of its own. More bits would cost time
    /// on every item and buy nothing against an attacker who must get through online. Many bad items
    /// make the search give way to judging each item in a lane of its own, which still costs less than verifying each
    /// alone. Needs some 640 KB of stack; runs on the caller's thread.
    /// </remarks>
    public static bool[] BatchVerify(ReadOnlySpan<BlsBatchItem> items) => BlsBatch.Verify(items, BlsDomain.Signature);

    internal static BlsSignature Sign(BlsSecretKey secretKey, ReadOnlySpan<byte> message, ReadOnlySpan<byte> tag)
    {
        ArgumentNullException.ThrowIfNull(secretKey);
        return Encode(G2Scalar<Fp>.Multiply(HashToG2.Hash(message, tag), secretKey.AsSpan()));
    }

    internal static bool Verify(BlsValidatedKey key, ReadOnlySpan<byte> message, BlsSignature signature, ReadOnlySpan<byte> tag)
    {
        ArgumentNullException.ThrowIfNull(key);
        return VerifyPoint(key.Point, message, signature, tag);
    }

    private static bool VerifyPoint(in Affine<Fp> key, ReadOnlySpan<byte> message, in BlsSignature signature, ReadOnlySpan<byte> tag)
    {
        if (!G2.TryDecode(BlsSignature.AsSpan(signature), out Affine<Fp2<Fp>> point))
            return false;
        Affine<Fp2<Fp>> hash = G2.ToAffine(HashToG2.Hash(message, tag));
        return IsSigned([key], [hash], point);
    }

    /// <summary>
    /// Whether a point of the curve is the sum of the keys' signatures over the messages with these hashes: it has order r, and the
    /// pairing equation holds. The equation alone can hold for a point of another order.
    /// </summary>
    internal static bool IsSigned(ReadOnlySpan<Affine<Fp>> keys, ReadOnlySpan<Affine<Fp2<Fp>>> hashes, in Affine<Fp2<Fp>> signature) =>
        Pairing.ProductIsOneInGroup([.. keys, -G1.Generator], [.. hashes, signature]);

    private static BlsSignature Encode(in Projective<Fp2<Fp>> point)
    {
        Span<byte> bytes = stackalloc byte[BlsSignature.Size];
        G2.Encode(G2.ToAffine(point), bytes);
        return new BlsSignature(bytes);
    }
}
