using System.Runtime.CompilerServices;

namespace Pbts.Protocol.Bls.Curve;

/// <summary>
/// A point (X:Y:Z), x = X/Z, y = Y/Z, of y^2 = x^3 + b; Z = 0 is the point at infinity. Addition and doubling are the
/// complete formulas of Renes, Costello and Batina (2015, algorithms 7 and 9) for a = 0: no exceptional case on these
/// curves, whose orders are odd, and no branch.
/// </summary>
[SkipLocalsInit]
internal readonly struct Projective<F>(in F x, in F y, in F z) where F : unmanaged, IField<F>
{
    public readonly F X = x;
    public readonly F Y = y;
    public readonly F Z = z;

    public static Projective<F> Infinity => new(F.Zero, F.One, F.Zero);

    public Projective(in F x, in F y) : this(x, y, F.One)
    {
    }

    public static int IsInfinityMask(in Projective<F> a) => F.IsZeroMask(a.Z);

    public static Projective<F> operator -(in Projective<F> a) => new(a.X, -a.Y, a.Z);

    public static Projective<F> operator +(in Projective<F> a, in Projective<F> b)
    {
        F xx = a.X * b.X, yy = a.Y * b.Y, zz = a.Z * b.Z;
        F xy = F.LazySum(a.X, a.Y) * F.LazySum(b.X, b.Y) - (xx + yy);
        F yz = F.LazySum(a.Y, a.Z) * F.LazySum(b.Y, b.Z) - (yy + zz);
        F xz = F.LazySum(a.X, a.Z) * F.LazySum(b.X, b.Z) - (xx + zz);
        return Finish(xx, yy, F.TimesThreeB(zz), xy, yz, F.TimesThreeB(xz));
    }

    public static Projective<F> Double(in Projective<F> a)
    {
        F yy = F.Square(a.Y), y2 = yy + yy, y4 = y2 + y2, y8 = y4 + y4;
        F bzz = F.TimesThreeB(F.Square(a.Z));
        F yz = a.Y * a.Z, xy = a.X * a.Y;
        F difference = yy - (bzz + bzz + bzz);
        F x = difference * xy;
        return new(x + x, F.SumOfProducts(bzz, y8, difference, yy + bzz), yz * y8);
    }

    /// <summary>
    /// 2^count * a by Jacobian doublings, which cost less than complete ones and have no exceptional case here either:
    /// infinity stays infinity and no point has order two.
    /// </summary>
    public static Projective<F> DoubleTimes(in Projective<F> a, int count)
    {
        if (count < 3)
        {
            Projective<F> few = a;
            for (; count > 0; count--)
                few = Double(few);
            return few;
        }

        F x = a.X * a.Z, y = a.Y * F.Square(a.Z), z = a.Z;
        for (; count > 0; count--)
        {
            F xx = F.Square(x), yy = F.Square(y), yyyy = F.Square(yy);
            F s = F.Square(x + yy) - (xx + yyyy);
            s += s;
            F m = xx + xx + xx;
            z = y * z;
            z += z;
            x = F.Square(m) - (s + s);
            F y8 = yyyy + yyyy;
            y8 += y8;
            y8 += y8;
            y = m * (s - x) - y8;
        }

        // Jacobian infinity may have y = 0 here; (0:0:0) would be no point.
        return new(x * z, F.Select(F.IsZeroMask(z), F.One, y), F.Square(z) * z);
    }

    public static Projective<F> Select(int mask, in Projective<F> whenSet, in Projective<F> whenClear) =>
        new(F.Select(mask, whenSet.X, whenClear.X), F.Select(mask, whenSet.Y, whenClear.Y), F.Select(mask, whenSet.Z, whenClear.Z));

    /// <summary>[|x|]a for the curve parameter |x| = 0xd201000000010000.</summary>
    public static Projective<F> TimesParameter(in Projective<F> a)
    {
        Projective<F> r = Double(a) + a;
        r = DoubleTimes(r, 2) + a;
        r = DoubleTimes(r, 3) + a;
        r = DoubleTimes(r, 9) + a;
        r = DoubleTimes(r, 32) + a;
        return DoubleTimes(r, 16);
    }

    /// <summary>Whether two points are the same, whatever their coordinates' common factor.</summary>
    public static int EqualsMask(in Projective<F> a, in Projective<F> b) =>
        F.IsZeroMask(a.X * b.Z - b.X * a.Z) & F.IsZeroMask(a.Y * b.Z - b.Y * a.Z) & ~(F.IsZeroMask(a.Z) ^ F.IsZeroMask(b.Z));

    /// <summary>The end of the complete addition, from the products of the coordinates.</summary>
    private static Projective<F> Finish(in F xx, in F yy, in F bzz, in F xy, in F yz, in F bxz)
    {
        F xx3 = xx + xx + xx, plus = yy + bzz, minus = yy - bzz;
        return new(
            F.DifferenceOfProducts(xy, minus, yz, bxz),
            F.SumOfProducts(minus, plus, bxz, xx3),
            F.SumOfProducts(plus, yz, xx3, xy));
    }
}
