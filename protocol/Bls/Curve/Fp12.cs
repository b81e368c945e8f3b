using System.Runtime.CompilerServices;

namespace Pbts.Protocol.Bls.Curve;

/// <summary>C0 + C1*w over Fp6 with w^2 = v: the field pairings take their values in.</summary>
[SkipLocalsInit]
internal readonly struct Fp12<T>(in Fp6<T> c0, in Fp6<T> c1) where T : unmanaged, IPrimeField<T>
{
    /// <summary>(1+i)^(k(p-1)/6), k = 0..5: the factor of w^k under the Frobenius map.</summary>
    private static readonly Fp2<T>[] FrobeniusFactors = MakeFrobeniusFactors();

    public readonly Fp6<T> C0 = c0;
    public readonly Fp6<T> C1 = c1;

    public static Fp12<T> One => new(Fp6<T>.One, default);

    public static Fp12<T> operator *(in Fp12<T> a, in Fp12<T> b) => T.Multiply(a, b);

    public static Fp12<T> Square(in Fp12<T> a) => T.Square(a);

    /// <summary>a * (l0 + l1*v + l4*v*w): the shape of every line of the Miller loop.</summary>
    public static Fp12<T> TimesLine(in Fp12<T> a, in Fp2<T> l0, in Fp2<T> l1, in Fp2<T> l4) => T.TimesLine(a, l0, l1, l4);

    internal static Fp12<T> MultiplyReduced(in Fp12<T> a, in Fp12<T> b)
    {
        Fp6<T> p0 = a.C0 * b.C0, p1 = a.C1 * b.C1;
        return new(p0 + Fp6<T>.TimesNonResidue(p1), (a.C0 + a.C1) * (b.C0 + b.C1) - (p0 + p1));
    }

    internal static Fp12<T> SquareReduced(in Fp12<T> a)
    {
        Fp6<T> p = a.C0 * a.C1;
        Fp6<T> t = (a.C0 + a.C1) * (a.C0 + Fp6<T>.TimesNonResidue(a.C1));
        return new(t - (p + Fp6<T>.TimesNonResidue(p)), p + p);
    }

    internal static Fp12<T> TimesLineReduced(in Fp12<T> a, in Fp2<T> l0, in Fp2<T> l1, in Fp2<T> l4)
    {
        Fp6<T> p0 = Fp6<T>.TimesSparse(a.C0, l0, l1), p1 = Fp6<T>.TimesSparse1(a.C1, l4);
        return new(p0 + Fp6<T>.TimesNonResidue(p1), Fp6<T>.TimesSparse(a.C0 + a.C1, l0, l1 + l4) - (p0 + p1));
    }

    /// <summary>a^(p^6); the inverse of an element of the cyclotomic subgroup.</summary>
    public static Fp12<T> Conjugate(in Fp12<T> a) => new(a.C0, -a.C1);

    public static Fp12<T> Invert(in Fp12<T> a)
    {
        Fp6<T> inverse = Fp6<T>.Invert(a.C0 * a.C0 - Fp6<T>.TimesNonResidue(a.C1 * a.C1));
        return new(a.C0 * inverse, -(a.C1 * inverse));
    }

    /// <summary>a^p.</summary>
    public static Fp12<T> Frobenius(in Fp12<T> a) => new(
        new(Fp2<T>.Conjugate(a.C0.C0), Fp2<T>.Conjugate(a.C0.C1) * FrobeniusFactors[2], Fp2<T>.Conjugate(a.C0.C2) * FrobeniusFactors[4]),
        new(Fp2<T>.Conjugate(a.C1.C0) * FrobeniusFactors[1], Fp2<T>.Conjugate(a.C1.C1) * FrobeniusFactors[3], Fp2<T>.Conjugate(a.C1.C2) * FrobeniusFactors[5]));

    /// <summary>a^2 for a in the cyclotomic subgroup (Granger and Scott 2010, section 3.2).</summary>
    public static Fp12<T> CyclotomicSquare(in Fp12<T> a)
    {
        T.SquareQuartic(a.C0.C0, a.C1.C1, out Fp2<T> a0, out Fp2<T> a1);
        T.SquareQuartic(a.C1.C0, a.C0.C2, out Fp2<T> b0, out Fp2<T> b1);
        T.SquareQuartic(a.C0.C1, a.C1.C2, out Fp2<T> c0, out Fp2<T> c1);
        return new(
            new(TripleLessTwice(a0, a.C0.C0), TripleLessTwice(b0, a.C0.C1), TripleLessTwice(c0, a.C0.C2)),
            new(TriplePlusTwice(Fp2<T>.TimesNonResidue(c1), a.C1.C0), TriplePlusTwice(a1, a.C1.C1), TriplePlusTwice(b1, a.C1.C2)));
    }

    /// <summary>A bit a lane that holds one.</summary>
    public static int IsOneMask(in Fp12<T> a) =>
        Fp2<T>.IsZeroMask(a.C0.C0 - Fp2<T>.One) & Fp2<T>.IsZeroMask(a.C0.C1) & Fp2<T>.IsZeroMask(a.C0.C2)
        & Fp2<T>.IsZeroMask(a.C1.C0) & Fp2<T>.IsZeroMask(a.C1.C1) & Fp2<T>.IsZeroMask(a.C1.C2);

    /// <summary>(a + b*t)^2 with t^2 = 1+i, in ten products and four reductions.</summary>
    internal static void SquareQuarticReduced(in Fp2<T> a, in Fp2<T> b, out Fp2<T> even, out Fp2<T> odd)
    {
        // b^2 = u + vi with u = (b0+b1)(b0-b1), v = 2*b0*b1; times 1+i it is (u-v) + (u+v)i.
        T sum = T.LazySum(b.C0, b.C1), difference = b.C0 - b.C1, twice = T.LazySum(b.C0, b.C0), twiceA = T.LazySum(a.C0, a.C0);
        even = new(
            T.SumOfProducts(T.LazySum(a.C0, a.C1), a.C0 - a.C1, sum, difference, T.LazyNegative(twice), b.C1),
            T.SumOfProducts(twiceA, a.C1, sum, difference, twice, b.C1));
        odd = new(
            T.DifferenceOfProducts(twiceA, b.C0, T.LazySum(a.C1, a.C1), b.C1),
            T.SumOfProducts(twiceA, b.C1, twice, a.C1));
    }

    private static Fp2<T> TripleLessTwice(in Fp2<T> t, in Fp2<T> a) => new(T.TripleLessTwice(t.C0, a.C0), T.TripleLessTwice(t.C1, a.C1));

    private static Fp2<T> TriplePlusTwice(in Fp2<T> t, in Fp2<T> a) => new(T.TriplePlusTwice(t.C0, a.C0), T.TriplePlusTwice(t.C1, a.C1));

    private static Fp2<T>[] MakeFrobeniusFactors()
    {
        Fp2<T> step = Fp2<T>.Broadcast(FieldPower.Power(Fp2<Fp>.FromIntegers(1, 1), (FieldPower.Modulus - 1) / 6));
        var factors = new Fp2<T>[6];
        factors[0] = Fp2<T>.One;
        for (int k = 1; k < factors.Length; k++)
            factors[k] = factors[k - 1] * step;
        return factors;
    }
}
