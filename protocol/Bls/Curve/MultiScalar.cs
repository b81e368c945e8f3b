using System.Runtime.CompilerServices;

namespace Pbts.Protocol.Bls.Curve;

/// <summary>Products and sums of points with public 64-bit scalars.</summary>
[SkipLocalsInit]
internal static class MultiScalar<F> where F : unmanaged, IField<F>
{
    private const int Window = 4;

    /// <summary>[scalar]point; not constant time.</summary>
    public static Projective<F> Multiply(in Projective<F> point, ulong scalar)
    {
        Span<Projective<F>> table = stackalloc Projective<F>[1 << Window];
        Scalar.FillMultiples(point, table);
        Projective<F> result = Projective<F>.Infinity;
        for (int shift = 64 - Window; shift >= 0; shift -= Window)
        {
            result = Projective<F>.DoubleTimes(result, Window);
            int digit = (int)(scalar >> shift) & ((1 << Window) - 1);
            if (digit != 0)
                result += table[digit];
        }

        return result;
    }
}
