using System.Runtime.CompilerServices;

namespace Pbts.Protocol.Bls.Curve;

/// <summary>
/// The running point of one pair a lane, in Jacobian coordinates on the twist, and the lines through it evaluated at
/// the G1 point. Lines are scaled by factors of subfields, which the final exponentiation removes.
/// </summary>
[SkipLocalsInit]
internal struct MillerLine<T> where T : unmanaged, IPrimeField<T>
{
    /// <summary>Lanes whose pair has a point at infinity, or none: their lines are one.</summary>
    private readonly int idle;

    private readonly T px;
    private readonly T py;
    private readonly Fp2<T> qx;
    private readonly Fp2<T> qy;
    private Fp2<T> x;
    private Fp2<T> y;
    private Fp2<T> z;

    /// <summary>At most one pair a lane.</summary>
    public MillerLine(ReadOnlySpan<Affine<Fp>> g1, ReadOnlySpan<Affine<Fp2<Fp>>> g2)
    {
        Span<Fp> coordinates = stackalloc Fp[T.Lanes];
        Span<Fp2<Fp>> coordinates2 = stackalloc Fp2<Fp>[T.Lanes];
        coordinates.Clear();
        coordinates2.Clear();
        for (int lane = 0; lane < T.Lanes; lane++)
            idle |= lane >= g1.Length || g1[lane].IsInfinity || g2[lane].IsInfinity ? 1 << lane : 0;
        for (int lane = 0; lane < g1.Length; lane++)
            coordinates[lane] = g1[lane].X;
        px = T.Gather(coordinates);
        for (int lane = 0; lane < g1.Length; lane++)
            coordinates[lane] = g1[lane].Y;
        py = T.Gather(coordinates);
        for (int lane = 0; lane < g2.Length; lane++)
            coordinates2[lane] = g2[lane].X;
        x = qx = Lane.Gather<T>(coordinates2);
        for (int lane = 0; lane < g2.Length; lane++)
            coordinates2[lane] = g2[lane].Y;
        y = qy = Lane.Gather<T>(coordinates2);
        z = Fp2<T>.One;
    }

    /// <summary>Doubles the point and multiplies f by the tangent there.</summary>
    public void Double(ref Fp12<T> f)
    {
        Fp2<T> xx = Fp2<T>.Square(x), yy = Fp2<T>.Square(y), yyyy = Fp2<T>.Square(yy), zz = Fp2<T>.Square(z);
        Fp2<T> s = Fp2<T>.Square(x + yy) - (xx + yyyy);
        s += s;
        Fp2<T> e = xx + xx + xx, ee = Fp2<T>.Square(e);
        Fp2<T> yy2 = yy + yy;
        Fp2<T> l0 = Fp2<T>.Square(x + e) - (xx + ee) - (yy2 + yy2);
        x = ee - (s + s);
        z = Fp2<T>.Square(y + z) - (yy + zz);
        Fp2<T> y8 = yyyy + yyyy;
        y8 += y8;
        y8 += y8;
        y = e * (s - x) - y8;
        Fp2<T> l1 = e * zz, l4 = z * zz;
        Multiply(ref f, l0, -(Fp2<T>.LazySum(l1, l1) * px), Fp2<T>.LazySum(l4, l4) * py);
    }

    /// <summary>Adds q to the point and multiplies f by the line through both.</summary>
    public void Add(ref Fp12<T> f)
    {
        Fp2<T> zz = Fp2<T>.Square(z);
        Fp2<T> h = qx * zz - x, hh = Fp2<T>.Square(h);
        Fp2<T> r = qy * (zz * z) - y;
        r += r;
        Fp2<T> i = hh + hh;
        i += i;
        Fp2<T> j = h * i, v = x * i;
        x = Fp2<T>.Square(r) - j - (v + v);
        Fp2<T> yj = y * j;
        y = r * (v - x) - (yj + yj);
        z = Fp2<T>.Square(z + h) - (zz + hh);
        Multiply(ref f, r * qx - z * qy, -(r * px), z * py);
    }

    /// <summary>
    /// The lanes whose q has order r or is infinity, known once the loop is done: the point is [|x|]q then, and that is
    /// -psi(q) in the group of order r and nowhere else (Scott 2021). Outside the group the steps may have met an
    /// exceptional case, after which z stays zero.
    /// </summary>
    public readonly int OrderMask()
    {
        Projective<Fp2<T>> psi = G2Lanes<T>.Psi(new(qx, qy));
        Fp2<T> zz = Fp2<T>.Square(z);
        return idle | (Fp2<T>.IsZeroMask(psi.X * zz - x) & Fp2<T>.IsZeroMask(psi.Y * (zz * z) + y) & ~Fp2<T>.IsZeroMask(z));
    }

    private readonly void Multiply(ref Fp12<T> f, in Fp2<T> l0, in Fp2<T> l1, in Fp2<T> l4)
    {
        f = idle == 0
            ? Fp12<T>.TimesLine(f, l0, l1, l4)
            : Fp12<T>.TimesLine(f, Fp2<T>.Select(idle, Fp2<T>.One, l0), Fp2<T>.Select(idle, Fp2<T>.Zero, l1), Fp2<T>.Select(idle, Fp2<T>.Zero, l4));
    }
}
