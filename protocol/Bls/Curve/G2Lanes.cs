using System.Runtime.CompilerServices;

namespace Pbts.Protocol.Bls.Curve;

/// <summary>The branch-free operations of G2, on one point or on lanes of points.</summary>
[SkipLocalsInit]
internal static class G2Lanes<T> where T : unmanaged, IPrimeField<T>
{
    private static readonly Fp2<T> FourTimesNonResidue = Fp2<T>.FromIntegers(4, 4);

    // psi = untwist, Frobenius, twist: (x, y) -> (conj(x) / (1+i)^((p-1)/3), conj(y) / (1+i)^((p-1)/2)).
    private static readonly Fp2<T> PsiX = PsiFactor(3);
    private static readonly Fp2<T> PsiY = PsiFactor(2);

    /// <summary>x^3 + 4(1+i).</summary>
    public static Fp2<T> RightSide(in Fp2<T> x) => Fp2<T>.Square(x) * x + FourTimesNonResidue;

    /// <summary>The endomorphism that multiplies points of order r by the curve parameter x.</summary>
    public static Projective<Fp2<T>> Psi(in Projective<Fp2<T>> a) =>
        new(Fp2<T>.Conjugate(a.X) * PsiX, Fp2<T>.Conjugate(a.Y) * PsiY, Fp2<T>.Conjugate(a.Z));

    /// <summary>Whether a point of the curve has order r or is infinity: psi(P) = [x]P (Scott 2021).</summary>
    public static int IsInSubgroup(in Projective<Fp2<T>> point) =>
        Projective<Fp2<T>>.EqualsMask(Psi(point), -Projective<Fp2<T>>.TimesParameter(point));

    /// <summary>Multiplies by h_eff of RFC 9380 section 8.8.2, by the method of its appendix G.3 (Budroni and Pintore).</summary>
    public static Projective<Fp2<T>> ClearCofactor(in Projective<Fp2<T>> p)
    {
        // [x^2-x-1]P + [x-1]psi(P) + psi(psi(2P)), and x is negative.
        Projective<Fp2<T>> xp = -Projective<Fp2<T>>.TimesParameter(p);
        Projective<Fp2<T>> psi = Psi(p);
        Projective<Fp2<T>> rest = -Projective<Fp2<T>>.TimesParameter(xp + psi);
        Projective<Fp2<T>> sum = Psi(Psi(Projective<Fp2<T>>.Double(p))) + -psi;
        return sum + rest + -xp + -p;
    }

    private static Fp2<T> PsiFactor(int divisor) => Fp2<T>.Broadcast(
        Fp2<Fp>.Invert(FieldPower.Power(Fp2<Fp>.FromIntegers(1, 1), (FieldPower.Modulus - 1) / divisor)));
}
