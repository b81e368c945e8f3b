using System.Runtime.CompilerServices;

namespace Pbts.Protocol.Bls.Curve;

/// <summary>C0 + C1*v + C2*v^2 over Fp2 with v^3 = 1+i.</summary>
[SkipLocalsInit]
internal readonly struct Fp6<T>(in Fp2<T> c0, in Fp2<T> c1, in Fp2<T> c2) where T : unmanaged, IPrimeField<T>
{
    public readonly Fp2<T> C0 = c0;
    public readonly Fp2<T> C1 = c1;
    public readonly Fp2<T> C2 = c2;

    public static Fp6<T> One => new(Fp2<T>.One, default, default);

    public static Fp6<T> operator +(in Fp6<T> a, in Fp6<T> b) => new(a.C0 + b.C0, a.C1 + b.C1, a.C2 + b.C2);

    public static Fp6<T> operator -(in Fp6<T> a, in Fp6<T> b) => new(a.C0 - b.C0, a.C1 - b.C1, a.C2 - b.C2);

    public static Fp6<T> operator -(in Fp6<T> a) => new(-a.C0, -a.C1, -a.C2);

    public static Fp6<T> LazySum(in Fp6<T> a, in Fp6<T> b) => new(Fp2<T>.LazySum(a.C0, b.C0), Fp2<T>.LazySum(a.C1, b.C1), Fp2<T>.LazySum(a.C2, b.C2));

    public static Fp6<T> operator *(in Fp6<T> a, in Fp6<T> b)
    {
        Fp2<T> p0 = a.C0 * b.C0, p1 = a.C1 * b.C1, p2 = a.C2 * b.C2;
        return new(
            p0 + Fp2<T>.TimesNonResidue(Fp2<T>.LazySum(a.C1, a.C2) * Fp2<T>.LazySum(b.C1, b.C2) - (p1 + p2)),
            Fp2<T>.LazySum(a.C0, a.C1) * Fp2<T>.LazySum(b.C0, b.C1) - (p0 + p1) + Fp2<T>.TimesNonResidue(p2),
            Fp2<T>.LazySum(a.C0, a.C2) * Fp2<T>.LazySum(b.C0, b.C2) - (p0 + p2) + p1);
    }

    public static Fp6<T> operator *(in Fp6<T> a, in Fp2<T> b) => new(a.C0 * b, a.C1 * b, a.C2 * b);

    /// <summary>a * (b0 + b1*v).</summary>
    public static Fp6<T> TimesSparse(in Fp6<T> a, in Fp2<T> b0, in Fp2<T> b1)
    {
        Fp2<T> p0 = a.C0 * b0, p1 = a.C1 * b1;
        return new(
            p0 + Fp2<T>.TimesNonResidue(a.C2 * b1),
            Fp2<T>.LazySum(a.C0, a.C1) * Fp2<T>.LazySum(b0, b1) - (p0 + p1),
            a.C2 * b0 + p1);
    }

    /// <summary>a * b1*v.</summary>
    public static Fp6<T> TimesSparse1(in Fp6<T> a, in Fp2<T> b1) => new(Fp2<T>.TimesNonResidue(a.C2 * b1), a.C0 * b1, a.C1 * b1);

    /// <summary>a * v.</summary>
    public static Fp6<T> TimesNonResidue(in Fp6<T> a) => new(Fp2<T>.TimesNonResidue(a.C2), a.C0, a.C1);

    public static Fp6<T> Invert(in Fp6<T> a)
    {
        Fp2<T> t0 = Fp2<T>.Square(a.C0) - Fp2<T>.TimesNonResidue(a.C1 * a.C2);
        Fp2<T> t1 = Fp2<T>.TimesNonResidue(Fp2<T>.Square(a.C2)) - a.C0 * a.C1;
        Fp2<T> t2 = Fp2<T>.Square(a.C1) - a.C0 * a.C2;
        Fp2<T> norm = a.C0 * t0 + Fp2<T>.TimesNonResidue(a.C2 * t1 + a.C1 * t2);
        return new Fp6<T>(t0, t1, t2) * Fp2<T>.Invert(norm);
    }
}
