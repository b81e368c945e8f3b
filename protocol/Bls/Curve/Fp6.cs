using System.Runtime.CompilerServices;
using Fp2 = Pbts.Protocol.Bls.Curve.Fp2<Pbts.Protocol.Bls.Curve.Fp>;

namespace Pbts.Protocol.Bls.Curve;

/// <summary>C0 + C1*v + C2*v^2 over Fp2 with v^3 = 1+i.</summary>
[SkipLocalsInit]
internal readonly struct Fp6(in Fp2 c0, in Fp2 c1, in Fp2 c2)
{
    public readonly Fp2 C0 = c0;
    public readonly Fp2 C1 = c1;
    public readonly Fp2 C2 = c2;

    public static Fp6 One => new(Fp2.One, default, default);

    public static Fp6 operator +(in Fp6 a, in Fp6 b) => new(a.C0 + b.C0, a.C1 + b.C1, a.C2 + b.C2);

    public static Fp6 operator -(in Fp6 a, in Fp6 b) => new(a.C0 - b.C0, a.C1 - b.C1, a.C2 - b.C2);

    public static Fp6 operator -(in Fp6 a) => new(-a.C0, -a.C1, -a.C2);

    public static Fp6 operator *(in Fp6 a, in Fp6 b)
    {
        Fp2 p0 = a.C0 * b.C0, p1 = a.C1 * b.C1, p2 = a.C2 * b.C2;
        return new(
            p0 + Fp2.TimesNonResidue((a.C1 + a.C2) * (b.C1 + b.C2) - (p1 + p2)),
            (a.C0 + a.C1) * (b.C0 + b.C1) - (p0 + p1) + Fp2.TimesNonResidue(p2),
            (a.C0 + a.C2) * (b.C0 + b.C2) - (p0 + p2) + p1);
    }

    public static Fp6 operator *(in Fp6 a, in Fp2 b) => new(a.C0 * b, a.C1 * b, a.C2 * b);

    /// <summary>a * (b0 + b1*v).</summary>
    public static Fp6 TimesSparse(in Fp6 a, in Fp2 b0, in Fp2 b1)
    {
        Fp2 p0 = a.C0 * b0, p1 = a.C1 * b1;
        return new(
            p0 + Fp2.TimesNonResidue(a.C2 * b1),
            (a.C0 + a.C1) * (b0 + b1) - (p0 + p1),
            a.C2 * b0 + p1);
    }

    /// <summary>a * b1*v.</summary>
    public static Fp6 TimesSparse1(in Fp6 a, in Fp2 b1) => new(Fp2.TimesNonResidue(a.C2 * b1), a.C0 * b1, a.C1 * b1);

    /// <summary>a * v.</summary>
    public static Fp6 TimesNonResidue(in Fp6 a) => new(Fp2.TimesNonResidue(a.C2), a.C0, a.C1);

    public static Fp6 Invert(in Fp6 a)
    {
        Fp2 t0 = Fp2.Square(a.C0) - Fp2.TimesNonResidue(a.C1 * a.C2);
        Fp2 t1 = Fp2.TimesNonResidue(Fp2.Square(a.C2)) - a.C0 * a.C1;
        Fp2 t2 = Fp2.Square(a.C1) - a.C0 * a.C2;
        Fp2 norm = a.C0 * t0 + Fp2.TimesNonResidue(a.C2 * t1 + a.C1 * t2);
        return new Fp6(t0, t1, t2) * Fp2.Invert(norm);
    }
}
