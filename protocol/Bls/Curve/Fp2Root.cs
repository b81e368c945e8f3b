using System.Runtime.CompilerServices;

namespace Pbts.Protocol.Bls.Curve;

/// <summary>Square roots of quotients in Fp2 with two exponentiations and no inversion.</summary>
[SkipLocalsInit]
internal static class Fp2Root<T> where T : unmanaged, IPrimeField<T>
{
    /// <summary>Z of the simplified SWU map for G2 (RFC 9380 section 8.8.2): -(2+i), a non-square of norm 5.</summary>
    private static readonly Fp2<T> Z = Fp2<T>.FromIntegers(-2, -1);

    private static readonly T RootOfMinus5 = T.Broadcast(Fp.FromHex("186417302d5a65347a88b0f999ab2b504614aa5e2eebdeb1a014c40bceb7d2306c12a6d436befcf94d39c9db7b263cd4"));

    /// <summary>
    /// sqrt_ratio of RFC 9380 appendix F.2.1: a root of u/v where the returned mask is set, of Z*u/v where it is clear.
    /// v must not be zero.
    /// </summary>
    public static int SquareRootRatio(in Fp2<T> u, in Fp2<T> v, out Fp2<T> root)
    {
        // u/v = a/n with n = norm(v) in Fp. It is a square in Fp2 exactly when norm(a) is one in Fp.
        Fp2<T> a = u * Fp2<T>.Conjugate(v);
        T n = Fp2<T>.Norm(v);
        T norm = Fp2<T>.Norm(a);

        // s^2 = norm or -norm; in the second case norm(Z*a) = 5*norm = (sqrt(-5)*s)^2.
        T s = norm * FieldPower.InverseRoot(norm);
        int isSquare = T.IsZeroMask(T.Square(s) - norm);
        a = Fp2<T>.Select(isSquare, a, a * Z);
        s = T.Select(isSquare, s, s * RootOfMinus5);

        // The real part of the root is a root of d/m, or, when that is no square, the imaginary part is a root of -d/m.
        T d = a.C0 + s;
        d = T.Select(T.IsZeroMask(d), a.C0 + a.C0, d);
        T m = n + n, dm = d * m;
        T t = FieldPower.InverseRoot(dm * T.Square(m));
        T w = dm * t;
        T other = a.C1 * m * t;
        int real = T.IsZeroMask(T.Square(w) * m - d);
        root = new(T.Select(real, w, -other), T.Select(real, other, w));
        return isSquare;
    }

    /// <summary>A root of a where the returned mask is set.</summary>
    public static int SquareRoot(in Fp2<T> a, out Fp2<T> root) => SquareRootRatio(a, Fp2<T>.One, out root);
}
