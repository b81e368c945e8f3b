using System.Runtime.CompilerServices;
using Fp2 = Pbts.Protocol.Bls.Curve.Fp2<Pbts.Protocol.Bls.Curve.Fp>;

namespace Pbts.Protocol.Bls.Curve;

/// <summary>Operations on lists of G2 points, as many at once as there are lanes.</summary>
[SkipLocalsInit]
internal static class G2Batch
{
    /// <summary>Affine coordinates of the points, or of the points with their cofactor cleared.</summary>
    public static Affine<Fp2>[] ToAffine(ReadOnlySpan<Projective<Fp2>> points, bool clearCofactor)
    {
        var affine = new Affine<Fp2>[points.Length];
        if (FpLanes.IsSupported && points.Length > 1)
            ToAffine<FpLanes>(points, clearCofactor, affine);
        else
            ToAffine<Fp>(points, clearCofactor, affine);
        return affine;
    }

    private static void ToAffine<T>(ReadOnlySpan<Projective<Fp2>> points, bool clearCofactor, Span<Affine<Fp2>> affine)
        where T : unmanaged, IPrimeField<T>
    {
        Span<Projective<Fp2>> group = stackalloc Projective<Fp2>[T.Lanes];
        Span<Fp2> x = stackalloc Fp2[T.Lanes], y = stackalloc Fp2[T.Lanes];
        for (int start = 0; start < points.Length; start += T.Lanes)
        {
            for (int lane = 0; lane < T.Lanes; lane++)
                group[lane] = points[Math.Min(start + lane, points.Length - 1)];
            Projective<Fp2<T>> p = Lane.Gather<T>(group);
            if (clearCofactor)
                p = G2Lanes<T>.ClearCofactor(p);
            Fp2<T> inverse = Fp2<T>.Invert(p.Z);
            Lane.Scatter(p.X * inverse, x);
            Lane.Scatter(p.Y * inverse, y);
            int infinity = Projective<Fp2<T>>.IsInfinityMask(p);
            for (int lane = 0; lane < Math.Min(T.Lanes, points.Length - start); lane++)
                affine[start + lane] = new(x[lane], y[lane], ((infinity >> lane) & 1) != 0);
        }
    }
}
