using System.Runtime.CompilerServices;

namespace Pbts.Protocol.Bls.Curve;

/// <summary>Sums on 64-bit limbs. p has 381 bits, so three spare bits absorb sums before the one final subtraction.</summary>
internal readonly partial struct Fp
{
    public static Fp operator +(in Fp a, in Fp b)
    {
        ulong carry = 0;
        ulong r0 = AddCarry(a.L0, b.L0, ref carry);
        ulong r1 = AddCarry(a.L1, b.L1, ref carry);
        ulong r2 = AddCarry(a.L2, b.L2, ref carry);
        ulong r3 = AddCarry(a.L3, b.L3, ref carry);
        ulong r4 = AddCarry(a.L4, b.L4, ref carry);
        ulong r5 = a.L5 + b.L5 + carry;
        return SubtractModulusOnce(r0, r1, r2, r3, r4, r5);
    }

    public static Fp operator -(in Fp a, in Fp b)
    {
        ulong borrow = 0;
        ulong r0 = SubtractBorrow(a.L0, b.L0, ref borrow);
        ulong r1 = SubtractBorrow(a.L1, b.L1, ref borrow);
        ulong r2 = SubtractBorrow(a.L2, b.L2, ref borrow);
        ulong r3 = SubtractBorrow(a.L3, b.L3, ref borrow);
        ulong r4 = SubtractBorrow(a.L4, b.L4, ref borrow);
        ulong r5 = SubtractBorrow(a.L5, b.L5, ref borrow);
        ulong mask = 0 - borrow, carry = 0;
        r0 = AddCarry(r0, P0 & mask, ref carry);
        r1 = AddCarry(r1, P1 & mask, ref carry);
        r2 = AddCarry(r2, P2 & mask, ref carry);
        r3 = AddCarry(r3, P3 & mask, ref carry);
        r4 = AddCarry(r4, P4 & mask, ref carry);
        r5 = r5 + (P5 & mask) + carry;
        return new Fp(r0, r1, r2, r3, r4, r5);
    }

    public static Fp operator -(in Fp a) => default(Fp) - a;

    public static Fp DifferenceOfProducts(in Fp a, in Fp b, in Fp c, in Fp d) => SumOfProducts(a, b, LazyNegative(c), d);

    /// <summary>2p - a, so that a may be a lazy sum.</summary>
    public static Fp LazyNegative(in Fp a)
    {
        ulong borrow = 0;
        ulong r0 = SubtractBorrow(P0 << 1, a.L0, ref borrow);
        ulong r1 = SubtractBorrow((P1 << 1) | (P0 >> 63), a.L1, ref borrow);
        ulong r2 = SubtractBorrow((P2 << 1) | (P1 >> 63), a.L2, ref borrow);
        ulong r3 = SubtractBorrow((P3 << 1) | (P2 >> 63), a.L3, ref borrow);
        ulong r4 = SubtractBorrow((P4 << 1) | (P3 >> 63), a.L4, ref borrow);
        return new Fp(r0, r1, r2, r3, r4, ((P5 << 1) | (P4 >> 63)) - a.L5 - borrow);
    }

    public static Fp LazySum(in Fp a, in Fp b)
    {
        ulong carry = 0;
        ulong r0 = AddCarry(a.L0, b.L0, ref carry);
        ulong r1 = AddCarry(a.L1, b.L1, ref carry);
        ulong r2 = AddCarry(a.L2, b.L2, ref carry);
        ulong r3 = AddCarry(a.L3, b.L3, ref carry);
        ulong r4 = AddCarry(a.L4, b.L4, ref carry);
        return new Fp(r0, r1, r2, r3, r4, a.L5 + b.L5 + carry);
    }

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
            whenClear.L5 ^ (m & (whenClear.L5 ^ whenSet.L5)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Fp SubtractModulusOnce(ulong r0, ulong r1, ulong r2, ulong r3, ulong r4, ulong r5)
    {
        ulong borrow = 0;
        ulong s0 = SubtractBorrow(r0, P0, ref borrow);
        ulong s1 = SubtractBorrow(r1, P1, ref borrow);
        ulong s2 = SubtractBorrow(r2, P2, ref borrow);
        ulong s3 = SubtractBorrow(r3, P3, ref borrow);
        ulong s4 = SubtractBorrow(r4, P4, ref borrow);
        ulong s5 = SubtractBorrow(r5, P5, ref borrow);
        ulong keep = 0 - borrow;
        return new Fp(
            s0 ^ (keep & (s0 ^ r0)), s1 ^ (keep & (s1 ^ r1)), s2 ^ (keep & (s2 ^ r2)),
            s3 ^ (keep & (s3 ^ r3)), s4 ^ (keep & (s4 ^ r4)), s5 ^ (keep & (s5 ^ r5)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong AddCarry(ulong a, ulong b, ref ulong carry)
    {
        ulong sum = a + b, result = sum + carry;
        carry = (sum < a ? 1UL : 0UL) + (result < sum ? 1UL : 0UL);
        return result;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong SubtractBorrow(ulong a, ulong b, ref ulong borrow)
    {
        ulong difference = a - b, result = difference - borrow;
        borrow = (a < b ? 1UL : 0UL) + (difference < borrow ? 1UL : 0UL);
        return result;
    }
}
