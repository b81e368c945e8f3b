using System.Runtime.CompilerServices;

namespace Pbts.Protocol.Bls.Curve;

/// <summary>Sums. How often p fits is told from the last limb alone, so that nothing has to be tried and taken back.</summary>
internal readonly partial struct Fp
{
    public static Fp operator +(in Fp a, in Fp b)
    {
        // Below 3p; once or twice p is taken off, and what is left is below p or above it by less than 2^338.
        ulong top = a.L6 + b.L6, q = ((M6 - top) >> 63) + (((2 * M6) + 1 - top) >> 63);
        return Carried(
            a.L0 + b.L0 - (q * M0), a.L1 + b.L1 - (q * M1), a.L2 + b.L2 - (q * M2), a.L3 + b.L3 - (q * M3),
            a.L4 + b.L4 - (q * M4), a.L5 + b.L5 - (q * M5), top - (q * M6));
    }

    public static Fp operator -(in Fp a, in Fp b)
    {
        // Above -1.5p; where the last limb does not prove the difference positive, p is added, or twice.
        ulong top = a.L6 - b.L6, q = ((top - 1) >> 63) + ((top + M6 - 1) >> 63);
        return Carried(
            a.L0 - b.L0 + (q * M0), a.L1 - b.L1 + (q * M1), a.L2 - b.L2 + (q * M2), a.L3 - b.L3 + (q * M3),
            a.L4 - b.L4 + (q * M4), a.L5 - b.L5 + (q * M5), top + (q * M6));
    }

    public static Fp operator -(in Fp a) => default(Fp) - a;

    public static Fp TripleLessTwice(in Fp a, in Fp b)
    {
        // Between p and 8.5p with 4p more. Lower limbs may borrow two from the last.
        ulong top = (3 * a.L6) - (2 * b.L6) + (4 * M6), q = 4 - Quotient(top - 2);
        return Carried(
            (3 * a.L0) - (2 * b.L0) + (q * M0), (3 * a.L1) - (2 * b.L1) + (q * M1), (3 * a.L2) - (2 * b.L2) + (q * M2),
            (3 * a.L3) - (2 * b.L3) + (q * M3), (3 * a.L4) - (2 * b.L4) + (q * M4), (3 * a.L5) - (2 * b.L5) + (q * M5),
            (3 * a.L6) - (2 * b.L6) + (q * M6));
    }

    public static Fp TriplePlusTwice(in Fp a, in Fp b)
    {
        ulong top = (3 * a.L6) + (2 * b.L6), q = Quotient(top);
        return Carried(
            (3 * a.L0) + (2 * b.L0) - (q * M0), (3 * a.L1) + (2 * b.L1) - (q * M1), (3 * a.L2) + (2 * b.L2) - (q * M2),
            (3 * a.L3) + (2 * b.L3) - (q * M3), (3 * a.L4) + (2 * b.L4) - (q * M4), (3 * a.L5) + (2 * b.L5) - (q * M5), top - (q * M6));
    }

    /// <summary>4p - a, so that a may be a lazy sum.</summary>
    public static Fp LazyNegative(in Fp a) => Carried(
        (M0 << 2) - a.L0, (M1 << 2) - a.L1, (M2 << 2) - a.L2, (M3 << 2) - a.L3, (M4 << 2) - a.L4, (M5 << 2) - a.L5, (M6 << 2) - a.L6);

    public static Fp LazySum(in Fp a, in Fp b) =>
        Carried(a.L0 + b.L0, a.L1 + b.L1, a.L2 + b.L2, a.L3 + b.L3, a.L4 + b.L4, a.L5 + b.L5, a.L6 + b.L6);

    /// <summary>12a: G1 is y^2 = x^3 + 4.</summary>
    public static Fp TimesThreeB(in Fp a)
    {
        Fp a2 = a + a, a4 = a2 + a2;
        return a4 + a4 + a4;
    }

    public static Fp Select(int mask, in Fp whenSet, in Fp whenClear)
    {
        ulong m = 0 - (ulong)(mask & 1);
        return new Fp(
            whenClear.L0 ^ (m & (whenClear.L0 ^ whenSet.L0)),
            whenClear.L1 ^ (m & (whenClear.L1 ^ whenSet.L1)),
            whenClear.L2 ^ (m & (whenClear.L2 ^ whenSet.L2)),
            whenClear.L3 ^ (m & (whenClear.L3 ^ whenSet.L3)),
            whenClear.L4 ^ (m & (whenClear.L4 ^ whenSet.L4)),
            whenClear.L5 ^ (m & (whenClear.L5 ^ whenSet.L5)),
            whenClear.L6 ^ (m & (whenClear.L6 ^ whenSet.L6)));
    }

    /// <summary>How often p fits into an integer below 10p, told from its last limb: never too often, and what is left is below 1.001p.</summary>
    private static ulong Quotient(ulong top) => (top * ((1UL << 60) / (M6 + 1))) >> 60;

    /// <summary>Carries from limb to limb, so that all but the last are below 2^56.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Fp Carried(ulong t0, ulong t1, ulong t2, ulong t3, ulong t4, ulong t5, ulong t6)
    {
        t1 += (ulong)((long)t0 >> LimbBits);
        t2 += (ulong)((long)t1 >> LimbBits);
        t3 += (ulong)((long)t2 >> LimbBits);
        t4 += (ulong)((long)t3 >> LimbBits);
        t5 += (ulong)((long)t4 >> LimbBits);
        t6 += (ulong)((long)t5 >> LimbBits);
        return new Fp(t0 & LimbMask, t1 & LimbMask, t2 & LimbMask, t3 & LimbMask, t4 & LimbMask, t5 & LimbMask, t6);
    }
}
