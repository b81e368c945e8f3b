using System.Runtime.CompilerServices;

namespace Pbts.Protocol.Bls.Curve;

/// <summary>C0 + C1*i with i^2 = -1, over one Fp or over lanes of it.</summary>
[SkipLocalsInit]
internal readonly struct Fp2<T>(in T c0, in T c1) : IField<Fp2<T>> where T : unmanaged, IPrimeField<T>
{
    public readonly T C0 = c0;
    public readonly T C1 = c1;

    public static Fp2<T> Zero => default;

    public static Fp2<T> One => new(T.One, T.Zero);

    public static Fp2<T> FromIntegers(int c0, int c1) => new(T.Broadcast(Fp.FromInteger(c0)), T.Broadcast(Fp.FromInteger(c1)));

    public static Fp2<T> Broadcast(in Fp2<Fp> a) => new(T.Broadcast(a.C0), T.Broadcast(a.C1));

    public static Fp2<T> operator +(in Fp2<T> a, in Fp2<T> b) => new(a.C0 + b.C0, a.C1 + b.C1);

    public static Fp2<T> operator -(in Fp2<T> a, in Fp2<T> b) => new(a.C0 - b.C0, a.C1 - b.C1);

    public static Fp2<T> operator -(in Fp2<T> a) => new(-a.C0, -a.C1);

    public static Fp2<T> operator *(in Fp2<T> a, in Fp2<T> b)
    {
        Unsafe.SkipInit(out Fp2<T> product);
        T.Multiply(a.C0, a.C1, b.C0, b.C1, out Unsafe.AsRef(in product.C0), out Unsafe.AsRef(in product.C1));
        return product;
    }

    public static Fp2<T> operator *(in Fp2<T> a, in T b) => new(a.C0 * b, a.C1 * b);

    public static Fp2<T> Square(in Fp2<T> a) => new(T.LazySum(a.C0, a.C1) * (a.C0 - a.C1), T.LazySum(a.C0, a.C0) * a.C1);

    public static Fp2<T> SumOfProducts(in Fp2<T> a, in Fp2<T> b, in Fp2<T> c, in Fp2<T> d)
    {
        T.SumOfProducts(a.C0, a.C1, b.C0, b.C1, c.C0, c.C1, d.C0, d.C1, out T real, out T imaginary);
        return new(real, imaginary);
    }

    public static Fp2<T> DifferenceOfProducts(in Fp2<T> a, in Fp2<T> b, in Fp2<T> c, in Fp2<T> d)
    {
        T.SumOfProducts(a.C0, a.C1, b.C0, b.C1, T.LazyNegative(c.C0), T.LazyNegative(c.C1), d.C0, d.C1, out T real, out T imaginary);
        return new(real, imaginary);
    }

    public static Fp2<T> LazySum(in Fp2<T> a, in Fp2<T> b) => new(T.LazySum(a.C0, b.C0), T.LazySum(a.C1, b.C1));

    public static Fp2<T> Conjugate(in Fp2<T> a) => new(a.C0, -a.C1);

    public static T Norm(in Fp2<T> a) => T.SumOfProducts(a.C0, a.C0, a.C1, a.C1);

    /// <summary>a * (1+i), the non-residue the tower is built on.</summary>
    public static Fp2<T> TimesNonResidue(in Fp2<T> a) => new(a.C0 - a.C1, a.C0 + a.C1);

    /// <summary>12(1+i)a: G2 is y^2 = x^3 + 4(1+i).</summary>
    public static Fp2<T> TimesThreeB(in Fp2<T> a)
    {
        Fp2<T> t = TimesNonResidue(a), t2 = t + t, t4 = t2 + t2;
        return t4 + t4 + t4;
    }

    /// <summary>1/a, or 0 for 0.</summary>
    public static Fp2<T> Invert(in Fp2<T> a)
    {
        T inverse = FieldPower.Invert(Norm(a));
        return new(a.C0 * inverse, -(a.C1 * inverse));
    }

    public static Fp2<T> Select(int mask, in Fp2<T> whenSet, in Fp2<T> whenClear) =>
        new(T.Select(mask, whenSet.C0, whenClear.C0), T.Select(mask, whenSet.C1, whenClear.C1));

    public static int IsZeroMask(in Fp2<T> a) => T.IsZeroMask(a.C0) & T.IsZeroMask(a.C1);

    public static int Sgn0(in Fp2<T> a) => T.Sgn0(a.C0) | (T.IsZeroMask(a.C0) & T.Sgn0(a.C1));
}
