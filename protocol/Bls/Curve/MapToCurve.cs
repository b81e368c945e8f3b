using System.Runtime.CompilerServices;

namespace Pbts.Protocol.Bls.Curve;

/// <summary>
/// map_to_curve of RFC 9380 for G2 without its last step: the simplified SWU map (section 6.6.3) to the 3-isogenous
/// curve y^2 = x^3 + 240i x + 1012(1+i), then the isogeny (appendix E.3). No branch depends on the input.
/// </summary>
[SkipLocalsInit]
internal static class MapToCurve<T> where T : unmanaged, IPrimeField<T>
{
    private static readonly Fp2<T> A = Fp2<T>.FromIntegers(0, 240);
    private static readonly Fp2<T> B = Fp2<T>.FromIntegers(1012, 1012);
    private static readonly Fp2<T> Z = Fp2<T>.FromIntegers(-2, -1);

    // The isogeny's coefficients are small fractions: x numerator over 9, y numerator over 27, denominators monic.
    private static readonly Fp2<T>[] XNumerator = Fractions(9, (304, 304), (0, -24), (12, -12), (1, 0));
    private static readonly Fp2<T>[] XDenominator = Fractions(1, (0, -72), (12, -12));
    private static readonly Fp2<T>[] YNumerator = Fractions(27, (752, 752), (0, 264), (-18, 18), (-1, 0));
    private static readonly Fp2<T>[] YDenominator = Fractions(1, (-432, -432), (0, -216), (18, -18));

    /// <summary>The sum of the images of both elements; the cofactor is not yet cleared.</summary>
    public static Projective<Fp2<T>> MapPair(in Fp2<T> u0, in Fp2<T> u1) => Map(u0) + Map(u1);

    /// <summary>The image of u on the curve of G2, before clearing the cofactor.</summary>
    public static Projective<Fp2<T>> Map(in Fp2<T> u)
    {
        Fp2<T> tv1 = Z * Fp2<T>.Square(u);
        Fp2<T> tv2 = Fp2<T>.Square(tv1) + tv1;
        Fp2<T> n = B * (tv2 + Fp2<T>.One);
        Fp2<T> d = A * Fp2<T>.Select(Fp2<T>.IsZeroMask(tv2), Z, -tv2);
        Fp2<T> dd = Fp2<T>.Square(d), ddd = dd * d;
        Fp2<T> gx = n * (Fp2<T>.Square(n) + A * dd) + B * ddd;
        int isSquare = Fp2Root<T>.SquareRootRatio(gx, ddd, out Fp2<T> y);
        n = Fp2<T>.Select(isSquare, n, tv1 * n);
        y = Fp2<T>.Select(isSquare, y, tv1 * u * y);
        y = Fp2<T>.Select(Fp2<T>.Sgn0(u) ^ Fp2<T>.Sgn0(y), -y, y);
        return Isogeny(n, d, dd, ddd, y);
    }

    /// <summary>The 3-isogeny at x = n/d.</summary>
    private static Projective<Fp2<T>> Isogeny(in Fp2<T> n, in Fp2<T> d, in Fp2<T> dd, in Fp2<T> ddd, in Fp2<T> y)
    {
        Fp2<T> nn = Fp2<T>.Square(n), nnn = nn * n, nnd = nn * d, ndd = n * dd;
        Fp2<T> xn = XNumerator[3] * nnn + XNumerator[2] * nnd + XNumerator[1] * ndd + XNumerator[0] * ddd;
        Fp2<T> xd = nnd + XDenominator[1] * ndd + XDenominator[0] * ddd;
        Fp2<T> yn = YNumerator[3] * nnn + YNumerator[2] * nnd + YNumerator[1] * ndd + YNumerator[0] * ddd;
        Fp2<T> yd = nnn + YDenominator[2] * nnd + YDenominator[1] * ndd + YDenominator[0] * ddd;
        return new(xn * yd, y * yn * xd, xd * yd);
    }

    private static Fp2<T>[] Fractions(int denominator, params ReadOnlySpan<(int Real, int Imaginary)> numerators)
    {
        T inverse = T.Broadcast(FieldPower.Invert(Fp.FromInteger(denominator)));
        var coefficients = new Fp2<T>[numerators.Length];
        for (int k = 0; k < coefficients.Length; k++)
            coefficients[k] = Fp2<T>.FromIntegers(numerators[k].Real, numerators[k].Imaginary) * inverse;
        return coefficients;
    }
}
