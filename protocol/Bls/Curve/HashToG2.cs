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

        // One buffer holds what every hash after the first takes in: the block, its number, the tag and the tag's length.
        Span<byte> input = stackalloc byte[HashSize + 1 + tag.Length + 1];
        tag.CopyTo(input[(HashSize + 1)..]);
        input[^1] = (byte)tag.Length;
        Span<byte> first = stackalloc byte[HashSize];
        using (var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256))
        {
            Span<byte> zeros = stackalloc byte[BlockSize];
            zeros.Clear();
            hash.AppendData(zeros);
            hash.AppendData(message);
            hash.AppendData([(byte)(output.Length >> 8), (byte)output.Length, 0]);
            hash.AppendData(input[(HashSize + 1)..]);
            hash.GetHashAndReset(first);
        }

        Span<byte> block = stackalloc byte[HashSize];
        block.Clear();
        for (int i = 1; i <= blocks; i++)
        {
            for (int k = 0; k < HashSize; k++)
                input[k] = (byte)(block[k] ^ first[k]);
            input[HashSize] = (byte)i;
            SHA256.HashData(input, block);
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
