using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Pbts.Protocol.Bls.Curve;

/// <summary>Products of <see cref="FpLanes"/>: operand scanning with the accumulators in registers.</summary>
internal readonly partial struct FpLanes
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static FpLanes operator *(in FpLanes a, in FpLanes b)
    {
        ref Vector512<long> x = ref First(a), y = ref First(b), p = ref First(Modulus);
        Vector512<long> inverse = Vector512.Create(NegatedInverse), limbMask = Vector512.Create(LimbMask), m;
        Vector512<long> t0 = Vector512<long>.Zero, t1 = Vector512<long>.Zero, t2 = Vector512<long>.Zero, t3 = Vector512<long>.Zero, t4 = Vector512<long>.Zero, t5 = Vector512<long>.Zero, t6 = Vector512<long>.Zero;
        Vector512<long> t7 = Vector512<long>.Zero, t8 = Vector512<long>.Zero, t9 = Vector512<long>.Zero, t10 = Vector512<long>.Zero, t11 = Vector512<long>.Zero, t12 = Vector512<long>.Zero, t13 = Vector512<long>.Zero;
        for (int i = 0; i < LimbCount; i++)
        {
            Vector512<long> digit = Unsafe.Add(ref y, i);
            t0 += Product(Unsafe.Add(ref x, 0), digit);
            t1 += Product(Unsafe.Add(ref x, 1), digit);
            t2 += Product(Unsafe.Add(ref x, 2), digit);
            t3 += Product(Unsafe.Add(ref x, 3), digit);
            t4 += Product(Unsafe.Add(ref x, 4), digit);
            t5 += Product(Unsafe.Add(ref x, 5), digit);
            t6 += Product(Unsafe.Add(ref x, 6), digit);
            t7 += Product(Unsafe.Add(ref x, 7), digit);
            t8 += Product(Unsafe.Add(ref x, 8), digit);
            t9 += Product(Unsafe.Add(ref x, 9), digit);
            t10 += Product(Unsafe.Add(ref x, 10), digit);
            t11 += Product(Unsafe.Add(ref x, 11), digit);
            t12 += Product(Unsafe.Add(ref x, 12), digit);
            t13 += Product(Unsafe.Add(ref x, 13), digit);
            m = Product(t0, inverse) & limbMask;
            t0 += Product(Unsafe.Add(ref p, 0), m);
            t0 = t1 + Product(Unsafe.Add(ref p, 1), m) + (t0 >> LimbBits);
            t1 = t2 + Product(Unsafe.Add(ref p, 2), m);
            t2 = t3 + Product(Unsafe.Add(ref p, 3), m);
            t3 = t4 + Product(Unsafe.Add(ref p, 4), m);
            t4 = t5 + Product(Unsafe.Add(ref p, 5), m);
            t5 = t6 + Product(Unsafe.Add(ref p, 6), m);
            t6 = t7 + Product(Unsafe.Add(ref p, 7), m);
            t7 = t8 + Product(Unsafe.Add(ref p, 8), m);
            t8 = t9 + Product(Unsafe.Add(ref p, 9), m);
            t9 = t10 + Product(Unsafe.Add(ref p, 10), m);
            t10 = t11 + Product(Unsafe.Add(ref p, 11), m);
            t11 = t12 + Product(Unsafe.Add(ref p, 12), m);
            t12 = t13 + Product(Unsafe.Add(ref p, 13), m);
            t13 = Vector512<long>.Zero;
        }

        return Carry(t0, t1, t2, t3, t4, t5, t6, t7, t8, t9, t10, t11, t12, t13);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static FpLanes SumOfProducts(in FpLanes a, in FpLanes b, in FpLanes c, in FpLanes d)
    {
        ref Vector512<long> x = ref First(a), y = ref First(b), z = ref First(c), w = ref First(d), p = ref First(Modulus);
        Vector512<long> inverse = Vector512.Create(NegatedInverse), limbMask = Vector512.Create(LimbMask), m;
        Vector512<long> t0 = Vector512<long>.Zero, t1 = Vector512<long>.Zero, t2 = Vector512<long>.Zero, t3 = Vector512<long>.Zero, t4 = Vector512<long>.Zero, t5 = Vector512<long>.Zero, t6 = Vector512<long>.Zero;
        Vector512<long> t7 = Vector512<long>.Zero, t8 = Vector512<long>.Zero, t9 = Vector512<long>.Zero, t10 = Vector512<long>.Zero, t11 = Vector512<long>.Zero, t12 = Vector512<long>.Zero, t13 = Vector512<long>.Zero;
        for (int i = 0; i < LimbCount; i++)
        {
            Vector512<long> digit = Unsafe.Add(ref y, i);
            t0 += Product(Unsafe.Add(ref x, 0), digit);
            t1 += Product(Unsafe.Add(ref x, 1), digit);
            t2 += Product(Unsafe.Add(ref x, 2), digit);
            t3 += Product(Unsafe.Add(ref x, 3), digit);
            t4 += Product(Unsafe.Add(ref x, 4), digit);
            t5 += Product(Unsafe.Add(ref x, 5), digit);
            t6 += Product(Unsafe.Add(ref x, 6), digit);
            t7 += Product(Unsafe.Add(ref x, 7), digit);
            t8 += Product(Unsafe.Add(ref x, 8), digit);
            t9 += Product(Unsafe.Add(ref x, 9), digit);
            t10 += Product(Unsafe.Add(ref x, 10), digit);
            t11 += Product(Unsafe.Add(ref x, 11), digit);
            t12 += Product(Unsafe.Add(ref x, 12), digit);
            t13 += Product(Unsafe.Add(ref x, 13), digit);
            digit = Unsafe.Add(ref w, i);
            t0 += Product(Unsafe.Add(ref z, 0), digit);
            t1 += Product(Unsafe.Add(ref z, 1), digit);
            t2 += Product(Unsafe.Add(ref z, 2), digit);
            t3 += Product(Unsafe.Add(ref z, 3), digit);
            t4 += Product(Unsafe.Add(ref z, 4), digit);
            t5 += Product(Unsafe.Add(ref z, 5), digit);
            t6 += Product(Unsafe.Add(ref z, 6), digit);
            t7 += Product(Unsafe.Add(ref z, 7), digit);
            t8 += Product(Unsafe.Add(ref z, 8), digit);
            t9 += Product(Unsafe.Add(ref z, 9), digit);
            t10 += Product(Unsafe.Add(ref z, 10), digit);
            t11 += Product(Unsafe.Add(ref z, 11), digit);
            t12 += Product(Unsafe.Add(ref z, 12), digit);
            t13 += Product(Unsafe.Add(ref z, 13), digit);
            m = Product(t0, inverse) & limbMask;
            t0 += Product(Unsafe.Add(ref p, 0), m);
            t0 = t1 + Product(Unsafe.Add(ref p, 1), m) + (t0 >> LimbBits);
            t1 = t2 + Product(Unsafe.Add(ref p, 2), m);
            t2 = t3 + Product(Unsafe.Add(ref p, 3), m);
            t3 = t4 + Product(Unsafe.Add(ref p, 4), m);
            t4 = t5 + Product(Unsafe.Add(ref p, 5), m);
            t5 = t6 + Product(Unsafe.Add(ref p, 6), m);
            t6 = t7 + Product(Unsafe.Add(ref p, 7), m);
            t7 = t8 + Product(Unsafe.Add(ref p, 8), m);
            t8 = t9 + Product(Unsafe.Add(ref p, 9), m);
            t9 = t10 + Product(Unsafe.Add(ref p, 10), m);
            t10 = t11 + Product(Unsafe.Add(ref p, 11), m);
            t11 = t12 + Product(Unsafe.Add(ref p, 12), m);
            t12 = t13 + Product(Unsafe.Add(ref p, 13), m);
            t13 = Vector512<long>.Zero;
        }

        return Carry(t0, t1, t2, t3, t4, t5, t6, t7, t8, t9, t10, t11, t12, t13);
    }

    /// <summary>The signed 64-bit products of the low 32 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<long> Product(Vector512<long> a, Vector512<long> b) => Avx512F.Multiply(a.AsInt32(), b.AsInt32());

    /// <summary>Carries from limb to limb, so that all but the last are below 2^28 again.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static FpLanes Carry(
        Vector512<long> t0, Vector512<long> t1, Vector512<long> t2, Vector512<long> t3, Vector512<long> t4, Vector512<long> t5, Vector512<long> t6,
        Vector512<long> t7, Vector512<long> t8, Vector512<long> t9, Vector512<long> t10, Vector512<long> t11, Vector512<long> t12, Vector512<long> t13)
    {
        Unsafe.SkipInit(out FpLanes result);
        ref Vector512<long> r = ref First(result);
        Vector512<long> limbMask = Vector512.Create(LimbMask);
        t1 += t0 >> LimbBits;
        Unsafe.Add(ref r, 0) = t0 & limbMask;
        t2 += t1 >> LimbBits;
        Unsafe.Add(ref r, 1) = t1 & limbMask;
        t3 += t2 >> LimbBits;
        Unsafe.Add(ref r, 2) = t2 & limbMask;
        t4 += t3 >> LimbBits;
        Unsafe.Add(ref r, 3) = t3 & limbMask;
        t5 += t4 >> LimbBits;
        Unsafe.Add(ref r, 4) = t4 & limbMask;
        t6 += t5 >> LimbBits;
        Unsafe.Add(ref r, 5) = t5 & limbMask;
        t7 += t6 >> LimbBits;
        Unsafe.Add(ref r, 6) = t6 & limbMask;
        t8 += t7 >> LimbBits;
        Unsafe.Add(ref r, 7) = t7 & limbMask;
        t9 += t8 >> LimbBits;
        Unsafe.Add(ref r, 8) = t8 & limbMask;
        t10 += t9 >> LimbBits;
        Unsafe.Add(ref r, 9) = t9 & limbMask;
        t11 += t10 >> LimbBits;
        Unsafe.Add(ref r, 10) = t10 & limbMask;
        t12 += t11 >> LimbBits;
        Unsafe.Add(ref r, 11) = t11 & limbMask;
        t13 += t12 >> LimbBits;
        Unsafe.Add(ref r, 12) = t12 & limbMask;
        Unsafe.Add(ref r, 13) = t13;
        return result;
    }
}
