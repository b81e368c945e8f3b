using System.Runtime.CompilerServices;
using Fp2 = Pbts.Protocol.Bls.Curve.Fp2<Pbts.Protocol.Bls.Curve.Fp>;

namespace Pbts.Protocol.Bls.Curve;

/// <summary>C0 + C1*w over Fp6 with w^2 = v: the field pairings take their values in.</summary>
[SkipLocalsInit]
internal readonly struct Fp12(in Fp6 c0, in Fp6 c1)
{
    /// <summary>(1+i)^(k(p-1)/6), k = 0..5: the factor of w^k under the Frobenius map.</summary>
    private static readonly Fp2[] FrobeniusFactors = MakeFrobeniusFactors();

    public readonly Fp6 C0 = c0;
    public readonly Fp6 C1 = c1;

    public static Fp12 One => new(Fp6.One, default);

    public static Fp12 operator *(in Fp12 a, in Fp12 b)
    {
        Fp6 p0 = a.C0 * b.C0, p1 = a.C1 * b.C1;
        return new(p0 + Fp6.TimesNonResidue(p1), (a.C0 + a.C1) * (b.C0 + b.C1) - (p0 + p1));
    }

    public static Fp12 Square(in Fp12 a)
    {
        Fp6 p = a.C0 * a.C1;
        Fp6 t = (a.C0 + a.C1) * (a.C0 + Fp6.TimesNonResidue(a.C1));
        return new(t - (p + Fp6.TimesNonResidue(p)), p + p);
    }

    /// <summary>a * (l0 + l1*v + l4*v*w): the shape of every line of the Miller loop.</summary>
    public static Fp12 TimesLine(in Fp12 a, in Fp2 l0, in Fp2 l1, in Fp2 l4)
    {
        Fp6 p0 = Fp6.TimesSparse(a.C0, l0, l1), p1 = Fp6.TimesSparse1(a.C1, l4);
        return new(p0 + Fp6.TimesNonResidue(p1), Fp6.TimesSparse(a.C0 + a.C1, l0, l1 + l4) - (p0 + p1));
    }

    /// <summary>a^(p^6); the inverse of an element of the cyclotomic subgroup.</summary>
    public static Fp12 Conjugate(in Fp12 a) => new(a.C0, -a.C1);

    public static Fp12 Invert(in Fp12 a)
    {
        Fp6 inverse = Fp6.Invert(a.C0 * a.C0 - Fp6.TimesNonResidue(a.C1 * a.C1));
        return new(a.C0 * inverse, -(a.C1 * inverse));
    }

    /// <summary>a^p.</summary>
    public static Fp12 Frobenius(in Fp12 a) => new(
        new(Fp2.Conjugate(a.C0.C0), Fp2.Conjugate(a.C0.C1) * FrobeniusFactors[2], Fp2.Conjugate(a.C0.C2) * FrobeniusFactors[4]),
        new(Fp2.Conjugate(a.C1.C0) * FrobeniusFactors[1], Fp2.Conjugate(a.C1.C1) * FrobeniusFactors[3], Fp2.Conjugate(a.C1.C2) * FrobeniusFactors[5]));

    /// <summary>a^2 for a in the cyclotomic subgroup (Granger and Scott 2010, section 3.2).</summary>
    public static Fp12 CyclotomicSquare(in Fp12 a)
    {
        SquareQuartic(a.C0.C0, a.C1.C1, out Fp2 a0, out Fp2 a1);
        SquareQuartic(a.C1.C0, a.C0.C2, out Fp2 b0, out Fp2 b1);
        SquareQuartic(a.C0.C1, a.C1.C2, out Fp2 c0, out Fp2 c1);
        return new(
            new(TripleLessTwice(a0, a.C0.C0), TripleLessTwice(b0, a.C0.C1), TripleLessTwice(c0, a.C0.C2)),
            new(TriplePlusTwice(Fp2.TimesNonResidue(c1), a.C1.C0), TriplePlusTwice(a1, a.C1.C1), TriplePlusTwice(b1, a.C1.C2)));
    }

    public static bool IsOne(in Fp12 a) =>
        (Fp2.IsZeroMask(a.C0.C0 - Fp2.One) & Fp2.IsZeroMask(a.C0.C1) & Fp2.IsZeroMask(a.C0.C2)
        & Fp2.IsZeroMask(a.C1.C0) & Fp2.IsZeroMask(a.C1.C1) & Fp2.IsZeroMask(a.C1.C2)) == 1;

    /// <summary>(a + b*t)^2 with t^2 = 1+i.</summary>
    private static void SquareQuartic(in Fp2 a, in Fp2 b, out Fp2 even, out Fp2 odd)
    {
        Fp2 aa = Fp2.Square(a), bb = Fp2.Square(b);
        odd = Fp2.Square(a + b) - (aa + bb);
        even = aa + Fp2.TimesNonResidue(bb);
    }

    private static Fp2 TripleLessTwice(in Fp2 t, in Fp2 a)
    {
        Fp2 d = t - a;
        return d + d + t;
    }

    private static Fp2 TriplePlusTwice(in Fp2 t, in Fp2 a)
    {
        Fp2 s = t + a;
        return s + s + t;
    }

    private static Fp2[] MakeFrobeniusFactors()
    {
        Fp2 step = FieldPower.Power(Fp2.FromIntegers(1, 1), (FieldPower.Modulus - 1) / 6);
        var factors = new Fp2[6];
        factors[0] = Fp2.One;
        for (int k = 1; k < factors.Length; k++)
            factors[k] = factors[k - 1] * step;
        return factors;
    }
}
