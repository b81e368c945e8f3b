using System.Runtime.CompilerServices;

namespace Pbts.Protocol.Bls.Curve;

/// <summary>Products in Fp2 by Karatsuba's method on unreduced products, and so with two reductions for three products.</summary>
internal readonly partial struct Fp
{
    /// <summary>The parts of (a0 + a1*i)(b0 + b1*i), i^2 = -1. Operands may be below 2p.</summary>
    public static void Multiply(in Fp a0, in Fp a1, in Fp b0, in Fp b1, out Fp real, out Fp imaginary)
    {
        Product(a0, b0, out Wide p);
        Product(a1, b1, out Wide q);
        Product(LazySum(a0, a1), LazySum(b0, b1), out Wide all);
        real = RealPart(p, q);
        imaginary = ImaginaryPart(all, p, q);
    }

    /// <summary>The parts of (a0 + a1*i)(b0 + b1*i) + (c0 + c1*i)(d0 + d1*i). Operands may be below 2p.</summary>
    public static void SumOfProducts(
        in Fp a0, in Fp a1, in Fp b0, in Fp b1, in Fp c0, in Fp c1, in Fp d0, in Fp d1, out Fp real, out Fp imaginary)
    {
        Product(a0, b0, out Wide p);
        Product(a1, b1, out Wide q);
        Product(LazySum(a0, a1), LazySum(b0, b1), out Wide all);
        Product(c0, d0, out Wide r);
        Product(c1, d1, out Wide s);
        Product(LazySum(c0, c1), LazySum(d0, d1), out Wide rest);
        real = RealPart(p, q, r, s);
        imaginary = ImaginaryPart(all, p, q, rest, r, s);
    }

    /// <summary>The columns of a product, uncarried.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void Product(in Fp a, in Fp b, out Wide columns)
    {
        Split(a, out Limbs x);
        ulong t0 = 0, t1 = 0, t2 = 0, t3 = 0, t4 = 0, t5 = 0, t6 = 0, t7 = 0;
        AddRow(x, -1, 0, b.Limb0, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        columns.C0 = t0;
        (t0, t1, t2, t3, t4, t5, t6, t7) = (t1, t2, t3, t4, t5, t6, t7, 0);
        AddRow(x, -1, 0, b.Limb1, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        columns.C1 = t0;
        (t0, t1, t2, t3, t4, t5, t6, t7) = (t1, t2, t3, t4, t5, t6, t7, 0);
        AddRow(x, -1, 0, b.Limb2, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        columns.C2 = t0;
        (t0, t1, t2, t3, t4, t5, t6, t7) = (t1, t2, t3, t4, t5, t6, t7, 0);
        AddRow(x, -1, 0, b.Limb3, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        columns.C3 = t0;
        (t0, t1, t2, t3, t4, t5, t6, t7) = (t1, t2, t3, t4, t5, t6, t7, 0);
        AddRow(x, -1, 0, b.Limb4, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        columns.C4 = t0;
        (t0, t1, t2, t3, t4, t5, t6, t7) = (t1, t2, t3, t4, t5, t6, t7, 0);
        AddRow(x, -1, 0, b.Limb5, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        columns.C5 = t0;
        (t0, t1, t2, t3, t4, t5, t6, t7) = (t1, t2, t3, t4, t5, t6, t7, 0);
        AddRow(x, -1, 0, b.Limb6, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        columns.C6 = t0;
        (t0, t1, t2, t3, t4, t5, t6, t7) = (t1, t2, t3, t4, t5, t6, t7, 0);
        columns.C7 = t0;
        columns.C8 = t1;
        columns.C9 = t2;
        columns.C10 = t3;
        columns.C11 = t4;
        columns.C12 = t5;
        columns.C13 = t6;
    }

    /// <summary>p - q, reduced. 4p^2 is added, so that the whole is not negative: it is a multiple of p and below p/400 once divided by R.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static Fp RealPart(in Wide p, in Wide q)
    {
        ulong t0 = p.C0 - q.C0 + 0xa8000071c638e4;
        ulong t1 = p.C1 - q.C1 + 0xac75d8e0baac9a;
        ulong t2 = p.C2 - q.C2 + 0x0d8844f3f5f3b5;
        ulong t3 = p.C3 - q.C3 + 0xf9c6dd0c58b0ce;
        ulong t4 = p.C4 - q.C4 + 0x4681259afe47b4;
        ulong t5 = p.C5 - q.C5 + 0x71eca4ba16a1c2;
        ulong t6 = p.C6 - q.C6 + 0x0475a186721861;
        ulong t7 = p.C7 - q.C7 + 0xd4c524cc25e3bc;
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        t7 = p.C8 - q.C8 + 0x98b3f45b7729bb;
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        t7 = p.C9 - q.C9 + 0x7924d27a2f4142;
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        t7 = p.C10 - q.C10 + 0x9439c11ad19b96;
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        t7 = p.C11 - q.C11 + 0x88bc97a78b7243;
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        t7 = p.C12 - q.C12 + 0x0d7f1d2f49e3aa;
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        t7 = p.C13 - q.C13 + 0x00000a90de92e3;
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        return Settle(t0, t1, t2, t3, t4, t5, t6);
    }

    /// <summary>all - p - q, reduced. Single columns may be negative.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static Fp ImaginaryPart(in Wide all, in Wide p, in Wide q)
    {
        ulong t0 = all.C0 - p.C0 - q.C0;
        ulong t1 = all.C1 - p.C1 - q.C1;
        ulong t2 = all.C2 - p.C2 - q.C2;
        ulong t3 = all.C3 - p.C3 - q.C3;
        ulong t4 = all.C4 - p.C4 - q.C4;
        ulong t5 = all.C5 - p.C5 - q.C5;
        ulong t6 = all.C6 - p.C6 - q.C6;
        ulong t7 = all.C7 - p.C7 - q.C7;
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        t7 = all.C8 - p.C8 - q.C8;
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        t7 = all.C9 - p.C9 - q.C9;
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        t7 = all.C10 - p.C10 - q.C10;
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        t7 = all.C11 - p.C11 - q.C11;
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        t7 = all.C12 - p.C12 - q.C12;
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        t7 = all.C13 - p.C13 - q.C13;
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        return Settle(t0, t1, t2, t3, t4, t5, t6);
    }

    /// <summary>p - q + r - s, reduced; 8p^2 is added.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static Fp RealPart(in Wide p, in Wide q, in Wide r, in Wide s)
    {
        ulong t0 = p.C0 - q.C0 + r.C0 - s.C0 + 0x500000e38c71c8;
        ulong t1 = p.C1 - q.C1 + r.C1 - s.C1 + 0x58ebb1c1755935;
        ulong t2 = p.C2 - q.C2 + r.C2 - s.C2 + 0x1b1089e7ebe76b;
        ulong t3 = p.C3 - q.C3 + r.C3 - s.C3 + 0xf38dba18b1619c;
        ulong t4 = p.C4 - q.C4 + r.C4 - s.C4 + 0x8d024b35fc8f69;
        ulong t5 = p.C5 - q.C5 + r.C5 - s.C5 + 0xe3d949742d4384;
        ulong t6 = p.C6 - q.C6 + r.C6 - s.C6 + 0x08eb430ce430c2;
        ulong t7 = p.C7 - q.C7 + r.C7 - s.C7 + 0xa98a49984bc778;
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        t7 = p.C8 - q.C8 + r.C8 - s.C8 + 0x3167e8b6ee5377;
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        t7 = p.C9 - q.C9 + r.C9 - s.C9 + 0xf249a4f45e8285;
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        t7 = p.C10 - q.C10 + r.C10 - s.C10 + 0x28738235a3372c;
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        t7 = p.C11 - q.C11 + r.C11 - s.C11 + 0x11792f4f16e487;
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        t7 = p.C12 - q.C12 + r.C12 - s.C12 + 0x1afe3a5e93c755;
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        t7 = p.C13 - q.C13 + r.C13 - s.C13 + 0x00001521bd25c6;
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        return Settle(t0, t1, t2, t3, t4, t5, t6);
    }

    /// <summary>all - p - q + rest - r - s, reduced.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static Fp ImaginaryPart(in Wide all, in Wide p, in Wide q, in Wide rest, in Wide r, in Wide s)
    {
        ulong t0 = all.C0 - p.C0 - q.C0 + rest.C0 - r.C0 - s.C0;
        ulong t1 = all.C1 - p.C1 - q.C1 + rest.C1 - r.C1 - s.C1;
        ulong t2 = all.C2 - p.C2 - q.C2 + rest.C2 - r.C2 - s.C2;
        ulong t3 = all.C3 - p.C3 - q.C3 + rest.C3 - r.C3 - s.C3;
        ulong t4 = all.C4 - p.C4 - q.C4 + rest.C4 - r.C4 - s.C4;
        ulong t5 = all.C5 - p.C5 - q.C5 + rest.C5 - r.C5 - s.C5;
        ulong t6 = all.C6 - p.C6 - q.C6 + rest.C6 - r.C6 - s.C6;
        ulong t7 = all.C7 - p.C7 - q.C7 + rest.C7 - r.C7 - s.C7;
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        t7 = all.C8 - p.C8 - q.C8 + rest.C8 - r.C8 - s.C8;
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        t7 = all.C9 - p.C9 - q.C9 + rest.C9 - r.C9 - s.C9;
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        t7 = all.C10 - p.C10 - q.C10 + rest.C10 - r.C10 - s.C10;
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        t7 = all.C11 - p.C11 - q.C11 + rest.C11 - r.C11 - s.C11;
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        t7 = all.C12 - p.C12 - q.C12 + rest.C12 - r.C12 - s.C12;
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        t7 = all.C13 - p.C13 - q.C13 + rest.C13 - r.C13 - s.C13;
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        return Settle(t0, t1, t2, t3, t4, t5, t6);
    }

    private struct Wide
    {
        public ulong C0, C1, C2, C3, C4, C5, C6, C7, C8, C9, C10, C11, C12, C13;
    }
}
