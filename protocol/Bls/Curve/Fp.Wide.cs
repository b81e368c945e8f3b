using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Pbts.Protocol.Bls.Curve;

/// <summary>Products left unreduced, so that sums of many are reduced once.</summary>
internal readonly partial struct Fp
{
    /// <summary>The parts of (a0 + a1*i)(b0 + b1*i), i^2 = -1. Operands may be lazy sums.</summary>
    public static void Multiply(in Fp a0, in Fp a1, in Fp b0, in Fp b1, out Fp real, out Fp imaginary)
    {
        Product(a0, a1, b0, b1, out Wide2 product);
        Reduced(product.C0, out real);
        Reduced(product.C1, out imaginary);
    }

    /// <summary>The parts of (a0 + a1*i)(b0 + b1*i) + (c0 + c1*i)(d0 + d1*i). Operands may be lazy sums.</summary>
    public static void SumOfProducts(
        in Fp a0, in Fp a1, in Fp b0, in Fp b1, in Fp c0, in Fp c1, in Fp d0, in Fp d1, out Fp real, out Fp imaginary)
    {
        Product(a0, a1, b0, b1, out Wide2 sum);
        Product(c0, c1, d0, d1, out Wide2 other);
        sum.Add(other);
        Reduced(sum.C0, out real);
        Reduced(sum.C1, out imaginary);
    }

    public static Fp SumOfProducts(in Fp a, in Fp b, in Fp c, in Fp d, in Fp e, in Fp f)
    {
        Product(a, b, out Wide p);
        Product(c, d, out Wide q);
        p.Add(q);
        Product(e, f, out q);
        p.Add(q);
        Reduced(p, out Fp sum);
        return sum;
    }

    /// <summary>By Karatsuba's method, in three products.</summary>
    private static void Product(in Fp a0, in Fp a1, in Fp b0, in Fp b1, out Wide2 product)
    {
        Product(a0, b0, out product.C0);
        Product(a1, b1, out Wide q);
        Product(LazySum(a0, a1), LazySum(b0, b1), out product.C1);
        product.C1.Subtract(product.C0);
        product.C1.Subtract(q);
        product.C0.Subtract(q);
    }

    /// <summary>Columns are carried, so that sums of many products have room.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void Product(in Fp a, in Fp b, out Wide columns)
    {
        Unsafe.SkipInit(out columns);
        ref ulong c = ref columns.Column;
        ulong t0 = 0, t1 = 0, t2 = 0, t3 = 0, t4 = 0, t5 = 0, t6 = 0, t7 = 0;
        AddRow(a, b.L0 << Shift, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        Unsafe.Add(ref c, 0) = t0 & LimbMask;
        (t0, t1, t2, t3, t4, t5, t6, t7) = (t1 + (t0 >> LimbBits), t2, t3, t4, t5, t6, t7, 0);
        AddRow(a, b.L1 << Shift, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        Unsafe.Add(ref c, 1) = t0 & LimbMask;
        (t0, t1, t2, t3, t4, t5, t6, t7) = (t1 + (t0 >> LimbBits), t2, t3, t4, t5, t6, t7, 0);
        AddRow(a, b.L2 << Shift, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        Unsafe.Add(ref c, 2) = t0 & LimbMask;
        (t0, t1, t2, t3, t4, t5, t6, t7) = (t1 + (t0 >> LimbBits), t2, t3, t4, t5, t6, t7, 0);
        AddRow(a, b.L3 << Shift, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        Unsafe.Add(ref c, 3) = t0 & LimbMask;
        (t0, t1, t2, t3, t4, t5, t6, t7) = (t1 + (t0 >> LimbBits), t2, t3, t4, t5, t6, t7, 0);
        AddRow(a, b.L4 << Shift, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        Unsafe.Add(ref c, 4) = t0 & LimbMask;
        (t0, t1, t2, t3, t4, t5, t6, t7) = (t1 + (t0 >> LimbBits), t2, t3, t4, t5, t6, t7, 0);
        AddRow(a, b.L5 << Shift, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        Unsafe.Add(ref c, 5) = t0 & LimbMask;
        (t0, t1, t2, t3, t4, t5, t6, t7) = (t1 + (t0 >> LimbBits), t2, t3, t4, t5, t6, t7, 0);
        AddRow(a, b.L6 << Shift, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        Unsafe.Add(ref c, 6) = t0 & LimbMask;
        (t0, t1, t2, t3, t4, t5, t6, t7) = (t1 + (t0 >> LimbBits), t2, t3, t4, t5, t6, t7, 0);
        Unsafe.Add(ref c, 7) = t0 & LimbMask;
        t1 += t0 >> LimbBits;
        Unsafe.Add(ref c, 8) = t1 & LimbMask;
        t2 += t1 >> LimbBits;
        Unsafe.Add(ref c, 9) = t2 & LimbMask;
        t3 += t2 >> LimbBits;
        Unsafe.Add(ref c, 10) = t3 & LimbMask;
        t4 += t3 >> LimbBits;
        Unsafe.Add(ref c, 11) = t4 & LimbMask;
        t5 += t4 >> LimbBits;
        Unsafe.Add(ref c, 12) = t5 & LimbMask;
        t6 += t5 >> LimbBits;
        Unsafe.Add(ref c, 13) = t6;
    }

    /// <summary>
    /// The element that a sum of products stands for. 256p^2 is added, so that what is taken off may be as much: that is
    /// a tenth of p once divided by 2^392.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void Reduced(in Wide columns, out Fp element)
    {
        ref ulong c = ref Unsafe.AsRef(in columns).Column;
        ulong t0 = c + 0x00001c718e3900;
        ulong t1 = Unsafe.Add(ref c, 1) + 0x1d76382eab26aa;
        ulong t2 = Unsafe.Add(ref c, 2) + 0x62113cfd7ced6b;
        ulong t3 = Unsafe.Add(ref c, 3) + 0x71b743162c3383;
        ulong t4 = Unsafe.Add(ref c, 4) + 0xa04966bf91ed3e;
        ulong t5 = Unsafe.Add(ref c, 5) + 0x7b292e85a87091;
        ulong t6 = Unsafe.Add(ref c, 6) + 0x1d68619c86185c;
        ulong t7 = Unsafe.Add(ref c, 7) + 0x3149330978ef01;
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        t7 = Unsafe.Add(ref c, 8) + 0x2cfd16ddca6ef5;
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        t7 = Unsafe.Add(ref c, 9) + 0x49349e8bd050a6;
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        t7 = Unsafe.Add(ref c, 10) + 0x0e7046b466e59e;
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        t7 = Unsafe.Add(ref c, 11) + 0x2f25e9e2dc90e5;
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        t7 = Unsafe.Add(ref c, 12) + 0x5fc74bd278eaa2;
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        t7 = Unsafe.Add(ref c, 13) + 0x0002a437a4b8c3;
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        element = Carried(t0, t1, t2, t3, t4, t5, t6);
    }

    /// <summary>
    /// The 14 columns of a sum of products, uncarried: below 2^56 for each product that is added or taken off, of which
    /// there may be 100. Single columns may be negative.
    /// </summary>
    private struct Wide
    {
        private Vector256<ulong> v0, v1, v2, v3;

        /// <summary>The lowest column; the others follow it.</summary>
        [UnscopedRef]
        public ref ulong Column => ref Unsafe.As<Vector256<ulong>, ulong>(ref v0);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Add(in Wide a)
        {
            v0 += a.v0;
            v1 += a.v1;
            v2 += a.v2;
            v3 += a.v3;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Subtract(in Wide a)
        {
            v0 -= a.v0;
            v1 -= a.v1;
            v2 -= a.v2;
            v3 -= a.v3;
        }
    }
}
