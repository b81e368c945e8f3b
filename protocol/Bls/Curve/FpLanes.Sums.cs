using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Pbts.Protocol.Bls.Curve;

/// <summary>Sums of <see cref="FpLanes"/>, written out limb by limb so that the limbs stay in registers.</summary>
internal readonly partial struct FpLanes
{
    public static FpLanes operator +(in FpLanes a, in FpLanes b)
    {
        ref Vector512<long> x = ref First(a), y = ref First(b);
        return Settle(
            Unsafe.Add(ref x, 0) + Unsafe.Add(ref y, 0),
            Unsafe.Add(ref x, 1) + Unsafe.Add(ref y, 1),
            Unsafe.Add(ref x, 2) + Unsafe.Add(ref y, 2),
            Unsafe.Add(ref x, 3) + Unsafe.Add(ref y, 3),
            Unsafe.Add(ref x, 4) + Unsafe.Add(ref y, 4),
            Unsafe.Add(ref x, 5) + Unsafe.Add(ref y, 5),
            Unsafe.Add(ref x, 6) + Unsafe.Add(ref y, 6),
            Unsafe.Add(ref x, 7) + Unsafe.Add(ref y, 7),
            Unsafe.Add(ref x, 8) + Unsafe.Add(ref y, 8),
            Unsafe.Add(ref x, 9) + Unsafe.Add(ref y, 9),
            Unsafe.Add(ref x, 10) + Unsafe.Add(ref y, 10),
            Unsafe.Add(ref x, 11) + Unsafe.Add(ref y, 11),
            Unsafe.Add(ref x, 12) + Unsafe.Add(ref y, 12),
            Unsafe.Add(ref x, 13) + Unsafe.Add(ref y, 13));
    }

    public static FpLanes operator -(in FpLanes a, in FpLanes b)
    {
        ref Vector512<long> x = ref First(a), y = ref First(b);
        return Settle(
            Unsafe.Add(ref x, 0) - Unsafe.Add(ref y, 0),
            Unsafe.Add(ref x, 1) - Unsafe.Add(ref y, 1),
            Unsafe.Add(ref x, 2) - Unsafe.Add(ref y, 2),
            Unsafe.Add(ref x, 3) - Unsafe.Add(ref y, 3),
            Unsafe.Add(ref x, 4) - Unsafe.Add(ref y, 4),
            Unsafe.Add(ref x, 5) - Unsafe.Add(ref y, 5),
            Unsafe.Add(ref x, 6) - Unsafe.Add(ref y, 6),
            Unsafe.Add(ref x, 7) - Unsafe.Add(ref y, 7),
            Unsafe.Add(ref x, 8) - Unsafe.Add(ref y, 8),
            Unsafe.Add(ref x, 9) - Unsafe.Add(ref y, 9),
            Unsafe.Add(ref x, 10) - Unsafe.Add(ref y, 10),
            Unsafe.Add(ref x, 11) - Unsafe.Add(ref y, 11),
            Unsafe.Add(ref x, 12) - Unsafe.Add(ref y, 12),
            Unsafe.Add(ref x, 13) - Unsafe.Add(ref y, 13));
    }

    /// <summary>Brings limbs of a value in (-2p, 3p) back to 28 bits and the value near [0, p].</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static FpLanes Settle(
        Vector512<long> t0, Vector512<long> t1, Vector512<long> t2, Vector512<long> t3, Vector512<long> t4, Vector512<long> t5, Vector512<long> t6,
        Vector512<long> t7, Vector512<long> t8, Vector512<long> t9, Vector512<long> t10, Vector512<long> t11, Vector512<long> t12, Vector512<long> t13)
    {
        Unsafe.SkipInit(out FpLanes result);
        ref Vector512<long> r = ref First(result), p = ref First(Modulus);
        Vector512<long> limbMask = Vector512.Create(LimbMask), quotient = Quotient(t13);
        t0 -= Product(p, quotient);
        r = t0 & limbMask;
        t1 -= Product(Unsafe.Add(ref p, 1), quotient);
        Unsafe.Add(ref r, 1) = (t1 & limbMask) + (t0 >> LimbBits);
        t2 -= Product(Unsafe.Add(ref p, 2), quotient);
        Unsafe.Add(ref r, 2) = (t2 & limbMask) + (t1 >> LimbBits);
        t3 -= Product(Unsafe.Add(ref p, 3), quotient);
        Unsafe.Add(ref r, 3) = (t3 & limbMask) + (t2 >> LimbBits);
        t4 -= Product(Unsafe.Add(ref p, 4), quotient);
        Unsafe.Add(ref r, 4) = (t4 & limbMask) + (t3 >> LimbBits);
        t5 -= Product(Unsafe.Add(ref p, 5), quotient);
        Unsafe.Add(ref r, 5) = (t5 & limbMask) + (t4 >> LimbBits);
        t6 -= Product(Unsafe.Add(ref p, 6), quotient);
        Unsafe.Add(ref r, 6) = (t6 & limbMask) + (t5 >> LimbBits);
        t7 -= Product(Unsafe.Add(ref p, 7), quotient);
        Unsafe.Add(ref r, 7) = (t7 & limbMask) + (t6 >> LimbBits);
        t8 -= Product(Unsafe.Add(ref p, 8), quotient);
        Unsafe.Add(ref r, 8) = (t8 & limbMask) + (t7 >> LimbBits);
        t9 -= Product(Unsafe.Add(ref p, 9), quotient);
        Unsafe.Add(ref r, 9) = (t9 & limbMask) + (t8 >> LimbBits);
        t10 -= Product(Unsafe.Add(ref p, 10), quotient);
        Unsafe.Add(ref r, 10) = (t10 & limbMask) + (t9 >> LimbBits);
        t11 -= Product(Unsafe.Add(ref p, 11), quotient);
        Unsafe.Add(ref r, 11) = (t11 & limbMask) + (t10 >> LimbBits);
        t12 -= Product(Unsafe.Add(ref p, 12), quotient);
        Unsafe.Add(ref r, 12) = (t12 & limbMask) + (t11 >> LimbBits);
        Unsafe.Add(ref r, 13) = t13 - Product(Unsafe.Add(ref p, 13), quotient) + (t12 >> LimbBits);
        return result;
    }

    /// <summary>
    /// How many times p to take off a value in (-2p, 3p), told from its last limb: possibly too few, never so many that
    /// the rest is negative by more than the limb's unit.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<long> Quotient(Vector512<long> top) =>
        Vector512.LessThan(top, Vector512<long>.Zero) + Vector512.LessThan(top, Vector512.Create(-ModulusTop))
        - Vector512.GreaterThan(top, Vector512.Create(ModulusTop + 1)) - Vector512.GreaterThan(top, Vector512.Create((2 * ModulusTop) + 3));
}
