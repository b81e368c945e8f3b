using System.Runtime.CompilerServices;

namespace Pbts.Protocol.Bls.Curve;

/// <summary>
/// Products in Fp12 with one reduction for each coefficient. Coefficients of operands are below 3p, sums of them within
/// below 12p; a coefficient is made of at most 54 products, and no more than 100p^2 is taken off.
/// </summary>
internal readonly partial struct Fp
{
    public static Fp12<Fp> Multiply(in Fp12<Fp> a, in Fp12<Fp> b)
    {
        Product(a.C0, b.C0, out Wide6 p);
        Product(a.C1, b.C1, out Wide6 q);
        Product(Fp6<Fp>.LazySum(a.C0, a.C1), Fp6<Fp>.LazySum(b.C0, b.C1), out Wide6 all);
        return Join(ref p, q, ref all);
    }

    public static Fp12<Fp> Square(in Fp12<Fp> a)
    {
        Product(a.C0, a.C1, out Wide6 p);
        Fp6<Fp> shifted = new(Fp2<Fp>.LazySum(Fp2<Fp>.TimesNonResidue(a.C1.C2), a.C0.C0), Fp2<Fp>.LazySum(a.C0.C1, a.C1.C0), Fp2<Fp>.LazySum(a.C0.C2, a.C1.C1));
        Product(Fp6<Fp>.LazySum(a.C0, a.C1), shifted, out Wide6 all);
        all.C0.Subtract(p.C0);
        all.C0.SubtractTimesNonResidue(p.C2);
        all.C1.Subtract(p.C1);
        all.C1.Subtract(p.C0);
        all.C2.Subtract(p.C2);
        all.C2.Subtract(p.C1);
        p.C0.Add(p.C0);
        p.C1.Add(p.C1);
        p.C2.Add(p.C2);
        return Reduced(all, p);
    }

    public static Fp12<Fp> TimesLine(in Fp12<Fp> a, in Fp2<Fp> l0, in Fp2<Fp> l1, in Fp2<Fp> l4)
    {
        // (l4*v) times the odd half, shifted by v, is q.
        SparseProduct(a.C0, l0, l1, out Wide6 p);
        Unsafe.SkipInit(out Wide6 q);
        Product(a.C1.C0, l4, out q.C1);
        Product(a.C1.C1, l4, out q.C2);
        Product(a.C1.C2, l4, out Wide2 last);
        q.C0 = default;
        q.C0.AddTimesNonResidue(last);
        SparseProduct(Fp6<Fp>.LazySum(a.C0, a.C1), l0, Fp2<Fp>.LazySum(l1, l4), out Wide6 all);
        return Join(ref p, q, ref all);
    }

    public static void SquareQuartic(in Fp2<Fp> a, in Fp2<Fp> b, out Fp2<Fp> even, out Fp2<Fp> odd)
    {
        SquareWide(a, out Wide2 p);
        SquareWide(b, out Wide2 q);
        SquareWide(Fp2<Fp>.LazySum(a, b), out Wide2 all);
        all.Subtract(p);
        all.Subtract(q);
        p.AddTimesNonResidue(q);
        Reduced(p, out even);
        Reduced(all, out odd);
    }

    /// <summary>The product of a0 + a1*w and b0 + b1*w from a0*b0, a1*b1 and (a0 + a1)(b0 + b1).</summary>
    private static Fp12<Fp> Join(ref Wide6 p, in Wide6 q, ref Wide6 all)
    {
        all.C0.Subtract(p.C0);
        all.C0.Subtract(q.C0);
        all.C1.Subtract(p.C1);
        all.C1.Subtract(q.C1);
        all.C2.Subtract(p.C2);
        all.C2.Subtract(q.C2);
        p.C0.AddTimesNonResidue(q.C2);
        p.C1.Add(q.C0);
        p.C2.Add(q.C1);
        return Reduced(p, all);
    }

    private static void Product(in Fp6<Fp> a, in Fp6<Fp> b, out Wide6 product)
    {
        Product(a.C0, b.C0, out Wide2 p0);
        Product(a.C1, b.C1, out Wide2 p1);
        Product(a.C2, b.C2, out Wide2 p2);
        Product(Fp2<Fp>.LazySum(a.C1, a.C2), Fp2<Fp>.LazySum(b.C1, b.C2), out Wide2 all);
        all.Subtract(p1);
        all.Subtract(p2);
        product.C0 = p0;
        product.C0.AddTimesNonResidue(all);
        Product(Fp2<Fp>.LazySum(a.C0, a.C1), Fp2<Fp>.LazySum(b.C0, b.C1), out product.C1);
        product.C1.Subtract(p0);
        product.C1.Subtract(p1);
        product.C1.AddTimesNonResidue(p2);
        Product(Fp2<Fp>.LazySum(a.C0, a.C2), Fp2<Fp>.LazySum(b.C0, b.C2), out product.C2);
        product.C2.Subtract(p0);
        product.C2.Subtract(p2);
        product.C2.Add(p1);
    }

    /// <summary>a * (b0 + b1*v).</summary>
    private static void SparseProduct(in Fp6<Fp> a, in Fp2<Fp> b0, in Fp2<Fp> b1, out Wide6 product)
    {
        Product(a.C0, b0, out product.C0);
        Product(a.C1, b1, out Wide2 p1);
        Product(Fp2<Fp>.LazySum(a.C0, a.C1), Fp2<Fp>.LazySum(b0, b1), out product.C1);
        product.C1.Subtract(product.C0);
        product.C1.Subtract(p1);
        Product(a.C2, b0, out product.C2);
        product.C2.Add(p1);
        Product(a.C2, b1, out p1);
        product.C0.AddTimesNonResidue(p1);
    }

    private static void Product(in Fp2<Fp> a, in Fp2<Fp> b, out Wide2 product) => Product(a.C0, a.C1, b.C0, b.C1, out product);

    private static void SquareWide(in Fp2<Fp> a, out Wide2 square)
    {
        Product(LazySum(a.C0, a.C1), LazySum(a.C0, LazyNegative(a.C1)), out square.C0);
        Product(LazySum(a.C0, a.C0), a.C1, out square.C1);
    }

    private static Fp12<Fp> Reduced(in Wide6 c0, in Wide6 c1)
    {
        // Written in place: a copy of what has just been written limb by limb would have to wait for it.
        Unsafe.SkipInit(out Fp12<Fp> element);
        Reduced(c0.C0, out Unsafe.AsRef(in element.C0.C0));
        Reduced(c0.C1, out Unsafe.AsRef(in element.C0.C1));
        Reduced(c0.C2, out Unsafe.AsRef(in element.C0.C2));
        Reduced(c1.C0, out Unsafe.AsRef(in element.C1.C0));
        Reduced(c1.C1, out Unsafe.AsRef(in element.C1.C1));
        Reduced(c1.C2, out Unsafe.AsRef(in element.C1.C2));
        return element;
    }

    private static void Reduced(in Wide2 wide, out Fp2<Fp> element)
    {
        Unsafe.SkipInit(out element);
        Reduced(wide.C0, out Unsafe.AsRef(in element.C0));
        Reduced(wide.C1, out Unsafe.AsRef(in element.C1));
    }

    private struct Wide2
    {
        public Wide C0, C1;

        public void Add(in Wide2 a)
        {
            C0.Add(a.C0);
            C1.Add(a.C1);
        }

        public void Subtract(in Wide2 a)
        {
            C0.Subtract(a.C0);
            C1.Subtract(a.C1);
        }

        /// <summary>Adds a * (1+i).</summary>
        public void AddTimesNonResidue(in Wide2 a)
        {
            C0.Add(a.C0);
            C0.Subtract(a.C1);
            C1.Add(a.C0);
            C1.Add(a.C1);
        }

        /// <summary>Takes off a * (1+i).</summary>
        public void SubtractTimesNonResidue(in Wide2 a)
        {
            C0.Subtract(a.C0);
            C0.Add(a.C1);
            C1.Subtract(a.C0);
            C1.Subtract(a.C1);
        }
    }

    private struct Wide6
    {
        public Wide2 C0, C1, C2;
    }
}
