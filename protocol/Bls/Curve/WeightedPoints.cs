using System.Runtime.CompilerServices;
using Fp2 = Pbts.Protocol.Bls.Curve.Fp2<Pbts.Protocol.Bls.Curve.Fp>;

namespace Pbts.Protocol.Bls.Curve;

/// <summary>A signature to weigh: its undecoded point and the field elements of its message.</summary>
internal readonly record struct SignatureToWeigh(Fp2 X, bool IsLarger, Fp2 U0, Fp2 U1);

/// <summary>The outcome: whether the signature is a point of order r, and if so r_i*sig_i and a point Q with h_eff*Q = r_i*H(m_i).</summary>
internal readonly record struct WeightedSignature(bool IsValid, Projective<Fp2> Hash, Projective<Fp2> Signature);

/// <summary>
/// The work a batch does for each item, on as many items at once as T has lanes: decompress the signature, check its
/// order, map the message to the curve, weigh both with the coefficient r = a + b*x, where a and b are 32 bits each
/// and x is the curve parameter.
/// </summary>
/// <remarks>
/// Distinct (a, b) give distinct r modulo the group order, so r has 64 random bits. On points of order r, psi
/// multiplies by x; on the message's point, whose cofactor is not cleared yet, a*Q + b*psi(Q) becomes (a + b*x)*H when
/// it is, because psi and clearing commute.
/// </remarks>
[SkipLocalsInit]
internal static class WeightedPoints<T> where T : unmanaged, IPrimeField<T>
{
    private const int DigitBits = 2, Digits = 32 / DigitBits, TableSize = 1 << (2 * DigitBits);

    public static void Weigh(ReadOnlySpan<SignatureToWeigh> items, ReadOnlySpan<ulong> coefficients, Span<WeightedSignature> results)
    {
        Span<SignatureToWeigh> lanes = stackalloc SignatureToWeigh[T.Lanes];
        Span<ulong> weights = stackalloc ulong[T.Lanes];
        Span<Projective<Fp2>> hashes = stackalloc Projective<Fp2>[T.Lanes];
        Span<Projective<Fp2>> signatures = stackalloc Projective<Fp2>[T.Lanes];
        for (int start = 0; start < items.Length; start += T.Lanes)
        {
            // The last group repeats its last item in the lanes that are left over.
            for (int lane = 0; lane < T.Lanes; lane++)
            {
                int item = Math.Min(start + lane, items.Length - 1);
                lanes[lane] = items[item];
                weights[lane] = coefficients[item];
            }

            int valid = WeighLanes(lanes, weights, hashes, signatures);
            for (int lane = 0; lane < Math.Min(T.Lanes, items.Length - start); lane++)
                results[start + lane] = new(((valid >> lane) & 1) != 0, hashes[lane], signatures[lane]);
        }
    }

    private static int WeighLanes(
        ReadOnlySpan<SignatureToWeigh> items, ReadOnlySpan<ulong> coefficients, Span<Projective<Fp2>> hashes, Span<Projective<Fp2>> signatures)
    {
        Span<Fp2> column = stackalloc Fp2[T.Lanes];
        for (int lane = 0; lane < column.Length; lane++)
            column[lane] = items[lane].U0;
        Fp2<T> u0 = Lane.Gather<T>(column);
        for (int lane = 0; lane < column.Length; lane++)
            column[lane] = items[lane].U1;
        Lane.Scatter(Multiply(MapToCurve<T>.MapPair(u0, Lane.Gather<T>(column)), coefficients), hashes);

        for (int lane = 0; lane < column.Length; lane++)
            column[lane] = items[lane].X;
        Fp2<T> x = Lane.Gather<T>(column);
        int onCurve = Fp2Root<T>.SquareRoot(G2Lanes<T>.RightSide(x), out Fp2<T> y);
        Lane.Scatter(y, column);
        int negate = 0;
        for (int lane = 0; lane < column.Length; lane++)
            negate |= G2.IsLarge(column[lane]) == items[lane].IsLarger ? 0 : 1 << lane;
        Projective<Fp2<T>> point = new(x, Fp2<T>.Select(negate, -y, y));
        int valid = onCurve & G2Lanes<T>.IsInSubgroup(point);
        Lane.Scatter(Multiply(point, coefficients), signatures);
        return valid;
    }

    /// <summary>a*P + b*psi(P), a the low and b the high half of the lane's coefficient.</summary>
    private static Projective<Fp2<T>> Multiply(in Projective<Fp2<T>> point, ReadOnlySpan<ulong> coefficients)
    {
        // table[i + 4j] = i*P + j*psi(P)
        Span<Projective<Fp2<T>>> table = stackalloc Projective<Fp2<T>>[TableSize];
        Scalar.FillMultiples(point, table[..(1 << DigitBits)]);
        for (int j = 1; j < 1 << DigitBits; j++)
        {
            Projective<Fp2<T>> psi = G2Lanes<T>.Psi(table[j]);
            table[j << DigitBits] = psi;
            for (int i = 1; i < 1 << DigitBits; i++)
                table[i + (j << DigitBits)] = table[i] + psi;
        }

        Projective<Fp2<T>> result = Lookup(table, coefficients, Digits - 1);
        for (int digit = Digits - 2; digit >= 0; digit--)
            result = Projective<Fp2<T>>.DoubleTimes(result, DigitBits) + Lookup(table, coefficients, digit);
        return result;
    }

    private static Projective<Fp2<T>> Lookup(ReadOnlySpan<Projective<Fp2<T>>> table, ReadOnlySpan<ulong> coefficients, int digit)
    {
        Span<int> masks = stackalloc int[TableSize];
        masks.Clear();
        for (int lane = 0; lane < coefficients.Length; lane++)
        {
            int low = (int)(coefficients[lane] >> (digit * DigitBits)) & ((1 << DigitBits) - 1);
            int high = (int)(coefficients[lane] >> (32 + (digit * DigitBits))) & ((1 << DigitBits) - 1);
            masks[low | (high << DigitBits)] |= 1 << lane;
        }

        Projective<Fp2<T>> entry = table[0];
        for (int k = 1; k < TableSize; k++)
        {
            if (masks[k] != 0)
                entry = Projective<Fp2<T>>.Select(masks[k], table[k], entry);
        }

        return entry;
    }
}
