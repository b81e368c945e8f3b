using System.Runtime.CompilerServices;
using Fp2 = Pbts.Protocol.Bls.Curve.Fp2<Pbts.Protocol.Bls.Curve.Fp>;

namespace Pbts.Protocol.Bls.Curve;

/// <summary>The optimal ate pairing in lanes: each lane has a product of pairings of its own.</summary>
[SkipLocalsInit]
internal static class LanePairing<T> where T : unmanaged, IPrimeField<T>
{
    /// <summary>Lane l gets the product of the Miller functions of the pairs l, l + Lanes, l + 2*Lanes and so on, sharing the squarings.</summary>
    public static Fp12<T> MillerLoop(ReadOnlySpan<Affine<Fp>> g1, ReadOnlySpan<Affine<Fp2>> g2) => MillerLoop(g1, g2, out _);

    /// <summary>The same, and whether the last point of G2 has order r or is infinity.</summary>
    public static Fp12<T> MillerLoop(ReadOnlySpan<Affine<Fp>> g1, ReadOnlySpan<Affine<Fp2>> g2, out bool lastHasOrder)
    {
        var lines = new MillerLine<T>[(g1.Length + T.Lanes - 1) / T.Lanes];
        for (int k = 0; k < lines.Length; k++)
        {
            int start = k * T.Lanes, count = Math.Min(T.Lanes, g1.Length - start);
            lines[k] = new MillerLine<T>(g1.Slice(start, count), g2.Slice(start, count));
        }

        Fp12<T> f = Fp12<T>.One;
        for (int bit = 62; bit >= 0; bit--)
        {
            if (bit < 62)
                f = Fp12<T>.Square(f);
            foreach (ref MillerLine<T> line in lines.AsSpan())
                line.Double(ref f);
            if (((Pairing.Parameter >> bit) & 1) == 0)
                continue;
            foreach (ref MillerLine<T> line in lines.AsSpan())
                line.Add(ref f);
        }

        lastHasOrder = ((lines[^1].OrderMask() >> ((g1.Length - 1) % T.Lanes)) & 1) != 0;

        // The parameter is negative; conjugation is inversion once the final exponentiation is done.
        return Fp12<T>.Conjugate(f);
    }

    /// <summary>
    /// f^(3(p^12-1)/r), with 3(p^4-p^2+1)/r = (x-1)^2 (x+p)(x^2+p^2-1) + 3 (Hayashida, Hayasaka and Teruya 2020).
    /// The cube of the pairing is as good a pairing, as 3 does not divide r.
    /// </summary>
    public static Fp12<T> FinalExponentiation(in Fp12<T> f)
    {
        Fp12<T> t = Fp12<T>.Conjugate(f) * Fp12<T>.Invert(f);
        Fp12<T> m = Fp12<T>.Frobenius(Fp12<T>.Frobenius(t)) * t;
        Fp12<T> a = PowerParameter(m) * Fp12<T>.Conjugate(m);
        a = PowerParameter(a) * Fp12<T>.Conjugate(a);
        a = PowerParameter(a) * Fp12<T>.Frobenius(a);
        Fp12<T> b = PowerParameter(PowerParameter(a)) * Fp12<T>.Frobenius(Fp12<T>.Frobenius(a)) * Fp12<T>.Conjugate(a);
        return b * Fp12<T>.CyclotomicSquare(m) * m;
    }

    /// <summary>a^x in the cyclotomic subgroup.</summary>
    private static Fp12<T> PowerParameter(in Fp12<T> a)
    {
        Fp12<T> r = a;
        for (int bit = 62; bit >= 0; bit--)
        {
            r = Fp12<T>.CyclotomicSquare(r);
            if (((Pairing.Parameter >> bit) & 1) != 0)
                r *= a;
        }

        return Fp12<T>.Conjugate(r);
    }
}
