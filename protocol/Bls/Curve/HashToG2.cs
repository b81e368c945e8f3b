using System.Runtime.CompilerServices;
using System.Security.Cryptography;

namespace Pbts.Protocol.Bls.Curve;

/// <summary>Hashing to G2, suite BLS12381G2_XMD:SHA-256_SSWU_RO_ (RFC 9380 section 8.8.2).</summary>
[SkipLocalsInit]
internal static class HashToG2
{
    private const int HashSize = SHA256.HashSizeInBytes, BlockSize = 64;
    private const int FieldElementSize = 64;

    /// <summary>Fills <paramref name="output"/> with expand_message_xmd(SHA-256); false when it is longer than 255 hashes.</summary>
    public static bool TryExpandMessage(ReadOnlySpan<byte> message, scoped ReadOnlySpan<byte> tag, Span<byte> output)
    {
        int blocks = (output.Length + HashSize - 1) / HashSize;
        if (blocks > 255)
            return false;

        // A tag over 255 bytes is replaced by its hash (RFC 9380 section 5.3.3).
        Span<byte> shortTag = stackalloc byte[HashSize];
        if (tag.Length > 255)
        {
            using var tagHash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            tagHash.AppendData("H2C-OVERSIZE-DST-"u8);
            tagHash.AppendData(tag);
            tagHash.GetHashAndReset(shortTag);
            tag = shortTag;
        }

        Span<byte> prefix = stackalloc byte[3];
        prefix[0] = (byte)(output.Length >> 8);
        prefix[1] = (byte)output.Length;
        prefix[2] = 0;
        ReadOnlySpan<byte> tagLength = [(byte)tag.Length];
        Span<byte> zeros = stackalloc byte[BlockSize];
        zeros.Clear();
        Span<byte> first = stackalloc byte[HashSize], block = stackalloc byte[HashSize];
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(zeros);
        hash.AppendData(message);
        hash.AppendData(prefix);
        hash.AppendData(tag);
        hash.AppendData(tagLength);
        hash.GetHashAndReset(first);
        block.Clear();
        for (int i = 1; i <= blocks; i++)
        {
            for (int k = 0; k < HashSize; k++)
                block[k] ^= first[k];
            hash.AppendData(block);
            hash.AppendData([(byte)i]);
            hash.AppendData(tag);
            hash.AppendData(tagLength);
            hash.GetHashAndReset(block);
            Span<byte> rest = output[((i - 1) * HashSize)..];
            block[..Math.Min(HashSize, rest.Length)].CopyTo(rest);
        }

        return true;
    }

    /// <summary>hash_to_field for two elements of Fp2.</summary>
    public static void HashToField(ReadOnlySpan<byte> message, ReadOnlySpan<byte> tag, out Fp2<Fp> u0, out Fp2<Fp> u1)
    {
        Span<byte> uniform = stackalloc byte[4 * FieldElementSize];
        TryExpandMessage(message, tag, uniform);
        u0 = new(Fp.Reduce64(uniform), Fp.Reduce64(uniform[FieldElementSize..]));
        u1 = new(Fp.Reduce64(uniform[(2 * FieldElementSize)..]), Fp.Reduce64(uniform[(3 * FieldElementSize)..]));
    }

    /// <summary>hash_to_curve.</summary>
    public static Projective<Fp2<Fp>> Hash(ReadOnlySpan<byte> message, ReadOnlySpan<byte> tag)
    {
        HashToField(message, tag, out Fp2<Fp> u0, out Fp2<Fp> u1);
        return G2.ClearCofactor(MapToCurve<Fp>.MapPair(u0, u1));
    }
}
