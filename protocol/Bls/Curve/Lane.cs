using System.Runtime.CompilerServices;

namespace Pbts.Protocol.Bls.Curve;

/// <summary>Moves elements and points in and out of lanes.</summary>
[SkipLocalsInit]
internal static class Lane
{
    public static Fp2<T> Gather<T>(ReadOnlySpan<Fp2<Fp>> elements) where T : unmanaged, IPrimeField<T>
    {
        Span<Fp> parts = stackalloc Fp[T.Lanes];
        for (int lane = 0; lane < parts.Length; lane++)
            parts[lane] = elements[lane].C0;
        T c0 = T.Gather(parts);
        for (int lane = 0; lane < parts.Length; lane++)
            parts[lane] = elements[lane].C1;
        return new(c0, T.Gather(parts));
    }

    public static void Scatter<T>(in Fp2<T> a, Span<Fp2<Fp>> elements) where T : unmanaged, IPrimeField<T>
    {
        Span<Fp> c0 = stackalloc Fp[T.Lanes], c1 = stackalloc Fp[T.Lanes];
        T.Scatter(a.C0, c0);
        T.Scatter(a.C1, c1);
        for (int lane = 0; lane < elements.Length; lane++)
            elements[lane] = new(c0[lane], c1[lane]);
    }

    public static Projective<Fp2<T>> Gather<T>(ReadOnlySpan<Projective<Fp2<Fp>>> points) where T : unmanaged, IPrimeField<T>
    {
        Span<Fp2<Fp>> column = stackalloc Fp2<Fp>[T.Lanes];
        for (int lane = 0; lane < column.Length; lane++)
            column[lane] = points[lane].X;
        Fp2<T> x = Gather<T>(column);
        for (int lane = 0; lane < column.Length; lane++)
            column[lane] = points[lane].Y;
        Fp2<T> y = Gather<T>(column);
        for (int lane = 0; lane < column.Length; lane++)
            column[lane] = points[lane].Z;
        return new(x, y, Gather<T>(column));
    }

    public static void Scatter<T>(in Projective<Fp2<T>> a, Span<Projective<Fp2<Fp>>> points) where T : unmanaged, IPrimeField<T>
    {
        Span<Fp2<Fp>> x = stackalloc Fp2<Fp>[T.Lanes], y = stackalloc Fp2<Fp>[T.Lanes], z = stackalloc Fp2<Fp>[T.Lanes];
        Scatter(a.X, x);
        Scatter(a.Y, y);
        Scatter(a.Z, z);
        for (int lane = 0; lane < points.Length; lane++)
            points[lane] = new(x[lane], y[lane], z[lane]);
    }
}
