using System.Runtime.CompilerServices;
using Fp2 = Pbts.Protocol.Bls.Curve.Fp2<Pbts.Protocol.Bls.Curve.Fp>;

namespace Pbts.Protocol.Bls.Curve;

/// <summary>The optimal ate pairing e: G1 x G2 -> Fp12, as products of pairings with one final exponentiation.</summary>
[SkipLocalsInit]
internal static class Pairing
{
    /// <summary>The absolute value of the (negative) curve parameter.</summary>
    internal const ulong Parameter = 0xd201000000010000;

    /// <summary>Whether the product of e(g1[k], g2[k]) is one. Pairs with a point at infinity count as one.</summary>
    public static bool ProductIsOne(ReadOnlySpan<Affine<Fp>> g1, ReadOnlySpan<Affine<Fp2>> g2) =>
        Fp12.IsOne(FinalExponentiation(MillerLoop(g1, g2)));

    /// <summary>The product of the Miller functions, sharing the squarings.</summary>
    public static Fp12 MillerLoop(ReadOnlySpan<Affine<Fp>> g1, ReadOnlySpan<Affine<Fp2>> g2)
    {
        var points = new LinePoint[g1.Length];
        int count = 0;
        for (int k = 0; k < g1.Length; k++)
        {
            if (!g1[k].IsInfinity && !g2[k].IsInfinity)
                points[count++] = new LinePoint(g1[k], g2[k]);
        }

        Fp12 f = Fp12.One;
        for (int bit = 62; bit >= 0; bit--)
        {
            if (bit < 62)
                f = Fp12.Square(f);
            for (int k = 0; k < count; k++)
                points[k].Double(ref f);
            if (((Parameter >> bit) & 1) == 0)
                continue;
            for (int k = 0; k < count; k++)
                points[k].Add(ref f);
        }

        // The parameter is negative; conjugation is inversion once the final exponentiation is done.
        return Fp12.Conjugate(f);
    }

    /// <summary>
    /// f^(3(p^12-1)/r), with 3(p^4-p^2+1)/r = (x-1)^2 (x+p)(x^2+p^2-1) + 3 (Hayashida, Hayasaka and Teruya 2020).
    /// The cube of the pairing is as good a pairing, as 3 does not divide r.
    /// </summary>
    public static Fp12 FinalExponentiation(in Fp12 f)
    {
        Fp12 t = Fp12.Conjugate(f) * Fp12.Invert(f);
        Fp12 m = Fp12.Frobenius(Fp12.Frobenius(t)) * t;
        Fp12 a = PowerParameter(m) * Fp12.Conjugate(m);
        a = PowerParameter(a) * Fp12.Conjugate(a);
        a = PowerParameter(a) * Fp12.Frobenius(a);
        Fp12 b = PowerParameter(PowerParameter(a)) * Fp12.Frobenius(Fp12.Frobenius(a)) * Fp12.Conjugate(a);
        return b * Fp12.CyclotomicSquare(m) * m;
    }

    /// <summary>a^x in the cyclotomic subgroup.</summary>
    private static Fp12 PowerParameter(in Fp12 a)
    {
        Fp12 r = a;
        for (int bit = 62; bit >= 0; bit--)
        {
            r = Fp12.CyclotomicSquare(r);
            if (((Parameter >> bit) & 1) != 0)
                r *= a;
        }

        return Fp12.Conjugate(r);
    }

    /// <summary>
    /// The running point of one pair, in Jacobian coordinates on the twist, and the lines through it evaluated at the
    /// G1 point. Lines are scaled by factors of subfields, which the final exponentiation removes.
    /// </summary>
    private struct LinePoint(in Affine<Fp> p, in Affine<Fp2> q)
    {
        private readonly Fp px = p.X;
        private readonly Fp py = p.Y;
        private readonly Fp2 qx = q.X;
        private readonly Fp2 qy = q.Y;
        private Fp2 x = q.X;
        private Fp2 y = q.Y;
        private Fp2 z = Fp2.One;

        public void Double(ref Fp12 f)
        {
            Fp2 xx = Fp2.Square(x), yy = Fp2.Square(y), yyyy = Fp2.Square(yy), zz = Fp2.Square(z);
            Fp2 s = Fp2.Square(x + yy) - (xx + yyyy);
            s += s;
            Fp2 e = xx + xx + xx, ee = Fp2.Square(e);
            Fp2 yy2 = yy + yy;
            Fp2 l0 = Fp2.Square(x + e) - (xx + ee) - (yy2 + yy2);
            x = ee - (s + s);
            z = Fp2.Square(y + z) - (yy + zz);
            Fp2 y8 = yyyy + yyyy;
            y8 += y8;
            y8 += y8;
            y = e * (s - x) - y8;
            Fp2 l1 = e * zz, l4 = z * zz;
            f = Fp12.TimesLine(f, l0, -((l1 + l1) * px), (l4 + l4) * py);
        }

        public void Add(ref Fp12 f)
        {
            Fp2 zz = Fp2.Square(z);
            Fp2 h = qx * zz - x, hh = Fp2.Square(h);
            Fp2 r = qy * (zz * z) - y;
            r += r;
            Fp2 i = hh + hh;
            i += i;
            Fp2 j = h * i, v = x * i;
            x = Fp2.Square(r) - j - (v + v);
            Fp2 yj = y * j;
            y = r * (v - x) - (yj + yj);
            z = Fp2.Square(z + h) - (zz + hh);
            f = Fp12.TimesLine(f, r * qx - z * qy, -(r * px), z * py);
        }
    }
}
