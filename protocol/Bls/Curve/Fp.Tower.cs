using System.Runtime.CompilerServices;

namespace Pbts.Protocol.Bls.Curve;

/// <summary>
/// Products in Fp12 with one reduction for each coefficient. Coefficients of operands are below 3p, sums of them within
/// below 12p, and no result takes off more than 60p^2.
/// </summary>
internal readonly partial struct Fp
{
    public static Fp12<Fp> Multiply(in Fp12<Fp> a, in Fp12<Fp> b)
    {
        Product(a.C0, b.C0, out Wide6 p);
        Product(a.C1, b.C1, out Wide6 q);
        Product(Fp6<Fp>.LazySum(a.C0, a.C1), Fp6<Fp>.LazySum(b.C0, b.C1), out Wide6 all);
        return Join(p, q, all);
    }

    public static Fp12<Fp> Square(in Fp12<Fp> a)
    {
        Product(a.C0, a.C1, out Wide6 p);
        Fp6<Fp> shifted = new(Fp2<Fp>.LazySum(Fp2<Fp>.TimesNonResidue(a.C1.C2), a.C0.C0), Fp2<Fp>.LazySum(a.C0.C1, a.C1.C0), Fp2<Fp>.LazySum(a.C0.C2, a.C1.C1));
        Product(Fp6<Fp>.LazySum(a.C0, a.C1), shifted, out Wide6 all);
        return new(
            new(
                Reduced(all.C0 - p.C0 - Wide2.TimesNonResidue(p.C2)),
                Reduced(all.C1 - p.C1 - p.C0),
                Reduced(all.C2 - p.C2 - p.C1)),
            new(Reduced(p.C0 + p.C0), Reduced(p.C1 + p.C1), Reduced(p.C2 + p.C2)));
    }

    public static Fp12<Fp> TimesLine(in Fp12<Fp> a, in Fp2<Fp> l0, in Fp2<Fp> l1, in Fp2<Fp> l4)
    {
        SparseProduct(a.C0, l0, l1, out Wide6 p);
        Product(a.C1.C2, l4, out Wide2 q0);
        Wide6 q;
        q.C0 = Wide2.TimesNonResidue(q0);
        Product(a.C1.C0, l4, out q.C1);
        Product(a.C1.C1, l4, out q.C2);
        SparseProduct(Fp6<Fp>.LazySum(a.C0, a.C1), l0, Fp2<Fp>.LazySum(l1, l4), out Wide6 all);
        return Join(p, q, all);
    }

    public static void SquareQuartic(in Fp2<Fp> a, in Fp2<Fp> b, out Fp2<Fp> even, out Fp2<Fp> odd)
    {
        SquareWide(a, out Wide2 p);
        SquareWide(b, out Wide2 q);
        SquareWide(Fp2<Fp>.LazySum(a, b), out Wide2 all);
        even = Reduced(p + Wide2.TimesNonResidue(q));
        odd = Reduced(all - p - q);
    }

    /// <summary>The product of a0 + a1*w and b0 + b1*w from a0*b0, a1*b1 and (a0 + a1)(b0 + b1).</summary>
    private static Fp12<Fp> Join(in Wide6 p, in Wide6 q, in Wide6 all) => new(
        new(Reduced(p.C0 + Wide2.TimesNonResidue(q.C2)), Reduced(p.C1 + q.C0), Reduced(p.C2 + q.C1)),
        new(Reduced(all.C0 - p.C0 - q.C0), Reduced(all.C1 - p.C1 - q.C1), Reduced(all.C2 - p.C2 - q.C2)));

    private static void Product(in Fp6<Fp> a, in Fp6<Fp> b, out Wide6 product)
    {
        Product(a.C0, b.C0, out Wide2 p0);
        Product(a.C1, b.C1, out Wide2 p1);
        Product(a.C2, b.C2, out Wide2 p2);
        Product(Fp2<Fp>.LazySum(a.C1, a.C2), Fp2<Fp>.LazySum(b.C1, b.C2), out Wide2 all);
        product.C0 = p0 + Wide2.TimesNonResidue(all - p1 - p2);
        Product(Fp2<Fp>.LazySum(a.C0, a.C1), Fp2<Fp>.LazySum(b.C0, b.C1), out all);
        product.C1 = all - p0 - p1 + Wide2.TimesNonResidue(p2);
        Product(Fp2<Fp>.LazySum(a.C0, a.C2), Fp2<Fp>.LazySum(b.C0, b.C2), out all);
        product.C2 = all - p0 - p2 + p1;
    }

    /// <summary>a * (b0 + b1*v).</summary>
    private static void SparseProduct(in Fp6<Fp> a, in Fp2<Fp> b0, in Fp2<Fp> b1, out Wide6 product)
    {
        Product(a.C0, b0, out Wide2 p0);
        Product(a.C1, b1, out Wide2 p1);
        Product(a.C2, b1, out Wide2 rest);
        product.C0 = p0 + Wide2.TimesNonResidue(rest);
        Product(Fp2<Fp>.LazySum(a.C0, a.C1), Fp2<Fp>.LazySum(b0, b1), out rest);
        product.C1 = rest - p0 - p1;
        Product(a.C2, b0, out rest);
        product.C2 = rest + p1;
    }

    private static void Product(in Fp2<Fp> a, in Fp2<Fp> b, out Wide2 product)
    {
        Product(a.C0, b.C0, out Wide p);
        Product(a.C1, b.C1, out Wide q);
        Product(LazySum(a.C0, a.C1), LazySum(b.C0, b.C1), out Wide all);
        product.C0 = p - q;
        product.C1 = all - p - q;
    }

    private static void SquareWide(in Fp2<Fp> a, out Wide2 square)
    {
        Product(LazySum(a.C0, a.C1), LazySum(a.C0, LazyNegative(a.C1)), out square.C0);
        Product(LazySum(a.C0, a.C0), a.C1, out square.C1);
    }

    private static Fp2<Fp> Reduced(in Wide2 wide) => new(Reduced(wide.C0), Reduced(wide.C1));

    private struct Wide2
    {
        public Wide C0, C1;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Wide2 operator +(in Wide2 a, in Wide2 b) => new() { C0 = a.C0 + b.C0, C1 = a.C1 + b.C1 };

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Wide2 operator -(in Wide2 a, in Wide2 b) => new() { C0 = a.C0 - b.C0, C1 = a.C1 - b.C1 };

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Wide2 TimesNonResidue(in Wide2 a) => new() { C0 = a.C0 - a.C1, C1 = a.C0 + a.C1 };
    }

    private struct Wide6
    {
        public Wide2 C0, C1, C2;
    }
}
