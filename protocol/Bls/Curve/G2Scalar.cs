using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Pbts.Protocol.Bls.Curve;

/// <summary>
/// Multiplication of signatures' points by secret scalars with the endomorphism psi (Galbraith, Lin and Scott 2009):
/// as psi multiplies points of order r by the curve parameter x and r is below x^4, a scalar is four digits in base |x|
/// of 64 bits each, and 64 doublings do for all four.
/// </summary>
[SkipLocalsInit]
internal static class G2Scalar<T> where T : unmanaged, IPrimeField<T>
{
    private const int Dimensions = 4;

    /// <summary>[scalar]point for a point of order r and a scalar below r: the same operations and memory accesses for every scalar.</summary>
    public static Projective<Fp2<T>> Multiply(in Projective<Fp2<T>> point, ReadOnlySpan<byte> scalar)
    {
        Span<ulong> digits = stackalloc ulong[Dimensions];
        Split(scalar, digits);

        // Entry k is the sum of [|x|^i]point over the bits i of k; x is negative, so psi multiplies by -|x|.
        Span<Projective<Fp2<T>>> table = stackalloc Projective<Fp2<T>>[1 << Dimensions];
        table[0] = Projective<Fp2<T>>.Infinity;
        table[1] = point;
        table[2] = -G2Lanes<T>.Psi(point);
        table[3] = table[1] + table[2];
        for (int k = 1; k < 4; k++)
            table[4 * k] = G2Lanes<T>.Psi(G2Lanes<T>.Psi(table[k]));
        for (int k = 5; k < table.Length; k++)
        {
            if (k % 4 != 0)
                table[k] = table[k & ~3] + table[k & 3];
        }

        Projective<Fp2<T>> result = Projective<Fp2<T>>.Infinity;
        for (int bit = 63; bit >= 0; bit--)
        {
            int index = 0;
            for (int i = 0; i < Dimensions; i++)
                index |= (int)((digits[i] >> bit) & 1) << i;
            result = Projective<Fp2<T>>.Double(result) + Scalar.Lookup(table, index);
        }

        return result;
    }

    /// <summary>The digits of a scalar of 32 bytes in base |x|, lowest first, by long division bit by bit.</summary>
    internal static void Split(ReadOnlySpan<byte> scalar, Span<ulong> digits)
    {
        Span<ulong> rest = stackalloc ulong[Dimensions];
        for (int i = 0; i < Dimensions; i++)
            rest[i] = BinaryPrimitives.ReadUInt64BigEndian(scalar[(8 * (Dimensions - 1 - i))..]);
        for (int i = 0; i < Dimensions - 1; i++)
        {
            ulong remainder = 0;
            for (int bit = (64 * Dimensions) - 1; bit >= 0; bit--)
            {
                ref ulong word = ref rest[bit / 64];
                ulong over = remainder >> 63;
                remainder = (remainder << 1) | ((word >> (bit % 64)) & 1);
                ulong fits = over | (remainder >= Pairing.Parameter ? 1UL : 0UL);
                remainder -= Pairing.Parameter & (0 - fits);
                word = (word & ~(1UL << (bit % 64))) | (fits << (bit % 64));
            }

            digits[i] = remainder;
        }

        digits[Dimensions - 1] = rest[0];
    }
}
