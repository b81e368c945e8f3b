using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Pbts.Protocol.Bls.Curve;

/// <summary>
/// Montgomery products. Managed code has no carry flag, so operands are cut into seven limbs of 56 bits and columns
/// are summed in 64 bits without carries: at most 56 terms below 2^56 each. One operand's limbs stand 8 bits higher,
/// which makes the high word of a product its bits from 2^56 on.
/// </summary>
internal readonly partial struct Fp
{
    private const int LimbBits = 56, Shift = 64 - LimbBits;
    private const ulong LimbMask = (1UL << LimbBits) - 1;

    /// <summary>-1/p mod 2^56.</summary>
    private const ulong Inverse = 0xf3fffcfffcfffd;

    private const ulong M0 = 0xfeffffffffaaab, M1 = 0xfffeb153ffffb9, M2 = 0xa0f6b0f6241eab, M3 = 0xf38512bf6730d2;
    private const ulong M4 = 0x4bacd764774b84, M5 = 0xe69a4b1ba7b643, M6 = 0x001a0111ea397f;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static Fp operator *(in Fp a, in Fp b)
    {
        Split(a, out Limbs x);
        ulong t0 = 0, t1 = 0, t2 = 0, t3 = 0, t4 = 0, t5 = 0, t6 = 0, t7 = 0;
        AddRow(x, -1, 0, b.Limb0, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        AddRow(x, -1, 0, b.Limb1, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        AddRow(x, -1, 0, b.Limb2, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        AddRow(x, -1, 0, b.Limb3, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        AddRow(x, -1, 0, b.Limb4, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        AddRow(x, -1, 0, b.Limb5, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        AddRow(x, -1, 0, b.Limb6, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        return Settle(t0, t1, t2, t3, t4, t5, t6);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static Fp Square(in Fp a)
    {
        Split(a, out Limbs x);
        ulong t0 = 0, t1 = 0, t2 = 0, t3 = 0, t4 = 0, t5 = 0, t6 = 0, t7 = 0;
        AddRow(x, 0, a.Limb0, a.Limb0 << 1, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        AddRow(x, 1, a.Limb1, a.Limb1 << 1, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        AddRow(x, 2, a.Limb2, a.Limb2 << 1, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        AddRow(x, 3, a.Limb3, a.Limb3 << 1, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        AddRow(x, 4, a.Limb4, a.Limb4 << 1, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        AddRow(x, 5, a.Limb5, a.Limb5 << 1, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        AddRow(x, 6, a.Limb6, a.Limb6 << 1, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        return Settle(t0, t1, t2, t3, t4, t5, t6);
    }

    /// <summary>a*b + c*d with one interleaved reduction. Operands may be below 2p: 8p^2 / 2^392 + p is hardly over p.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static Fp SumOfProducts(in Fp a, in Fp b, in Fp c, in Fp d)
    {
        Split(a, out Limbs x);
        Split(c, out Limbs y);
        ulong t0 = 0, t1 = 0, t2 = 0, t3 = 0, t4 = 0, t5 = 0, t6 = 0, t7 = 0;
        AddRow(x, -1, 0, b.Limb0, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        AddRow(y, -1, 0, d.Limb0, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        AddRow(x, -1, 0, b.Limb1, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        AddRow(y, -1, 0, d.Limb1, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        AddRow(x, -1, 0, b.Limb2, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        AddRow(y, -1, 0, d.Limb2, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        AddRow(x, -1, 0, b.Limb3, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        AddRow(y, -1, 0, d.Limb3, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        AddRow(x, -1, 0, b.Limb4, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        AddRow(y, -1, 0, d.Limb4, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        AddRow(x, -1, 0, b.Limb5, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        AddRow(y, -1, 0, d.Limb5, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        AddRow(x, -1, 0, b.Limb6, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        AddRow(y, -1, 0, d.Limb6, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        return Settle(t0, t1, t2, t3, t4, t5, t6);
    }

    /// <summary>The sum of three products with one reduction. Operands may be below 2p: 12p^2 / 2^392 + p is hardly over p.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static Fp SumOfProducts(in Fp a, in Fp b, in Fp c, in Fp d, in Fp e, in Fp f)
    {
        Split(a, out Limbs x);
        Split(c, out Limbs y);
        Split(e, out Limbs z);
        ulong t0 = 0, t1 = 0, t2 = 0, t3 = 0, t4 = 0, t5 = 0, t6 = 0, t7 = 0;
        AddRow(x, -1, 0, b.Limb0, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        AddRow(y, -1, 0, d.Limb0, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        AddRow(z, -1, 0, f.Limb0, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        AddRow(x, -1, 0, b.Limb1, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        AddRow(y, -1, 0, d.Limb1, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        AddRow(z, -1, 0, f.Limb1, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        AddRow(x, -1, 0, b.Limb2, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        AddRow(y, -1, 0, d.Limb2, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        AddRow(z, -1, 0, f.Limb2, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        AddRow(x, -1, 0, b.Limb3, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        AddRow(y, -1, 0, d.Limb3, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        AddRow(z, -1, 0, f.Limb3, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        AddRow(x, -1, 0, b.Limb4, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        AddRow(y, -1, 0, d.Limb4, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        AddRow(z, -1, 0, f.Limb4, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        AddRow(x, -1, 0, b.Limb5, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        AddRow(y, -1, 0, d.Limb5, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        AddRow(z, -1, 0, f.Limb5, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        AddRow(x, -1, 0, b.Limb6, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        AddRow(y, -1, 0, d.Limb6, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        AddRow(z, -1, 0, f.Limb6, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        return Settle(t0, t1, t2, t3, t4, t5, t6);
    }

    private ulong Limb0 => L0 & LimbMask;

    private ulong Limb1 => ((L0 >> 56) | (L1 << 8)) & LimbMask;

    private ulong Limb2 => ((L1 >> 48) | (L2 << 16)) & LimbMask;

    private ulong Limb3 => ((L2 >> 40) | (L3 << 24)) & LimbMask;

    private ulong Limb4 => ((L3 >> 32) | (L4 << 32)) & LimbMask;

    private ulong Limb5 => ((L4 >> 24) | (L5 << 40)) & LimbMask;

    private ulong Limb6 => L5 >> 16;

    /// <summary>Adds the limbs from <paramref name="first"/> on, that one times <paramref name="own"/>, those after it times <paramref name="rest"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddRow(in Limbs x, int first, ulong own, ulong rest, ref ulong t0, ref ulong t1, ref ulong t2, ref ulong t3, ref ulong t4, ref ulong t5, ref ulong t6, ref ulong t7)
    {
        if (first <= 0)
            AddProduct(x.L0, first == 0 ? own : rest, ref t0, ref t1);
        if (first <= 1)
            AddProduct(x.L1, first == 1 ? own : rest, ref t1, ref t2);
        if (first <= 2)
            AddProduct(x.L2, first == 2 ? own : rest, ref t2, ref t3);
        if (first <= 3)
            AddProduct(x.L3, first == 3 ? own : rest, ref t3, ref t4);
        if (first <= 4)
            AddProduct(x.L4, first == 4 ? own : rest, ref t4, ref t5);
        if (first <= 5)
            AddProduct(x.L5, first == 5 ? own : rest, ref t5, ref t6);
        if (first <= 6)
            AddProduct(x.L6, first == 6 ? own : rest, ref t6, ref t7);
    }

    /// <summary>Adds the multiple of p that clears the lowest limb, and drops that limb.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Reduce(ref ulong t0, ref ulong t1, ref ulong t2, ref ulong t3, ref ulong t4, ref ulong t5, ref ulong t6, ref ulong t7)
    {
        ulong m = (t0 * Inverse) & LimbMask;

        // What is added clears the low bits, and so carries one unless they are clear already.
        t1 += MultiplyHigh(M0 << Shift, m) + (ulong)((long)(t0 + LimbMask) >> LimbBits);
        AddProduct(M1 << Shift, m, ref t1, ref t2);
        AddProduct(M2 << Shift, m, ref t2, ref t3);
        AddProduct(M3 << Shift, m, ref t3, ref t4);
        AddProduct(M4 << Shift, m, ref t4, ref t5);
        AddProduct(M5 << Shift, m, ref t5, ref t6);
        AddProduct(M6 << Shift, m, ref t6, ref t7);
        (t0, t1, t2, t3, t4, t5, t6, t7) = (t1, t2, t3, t4, t5, t6, t7, 0);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddProduct(ulong shifted, ulong b, ref ulong low, ref ulong high)
    {
        if (Bmi2.X64.IsSupported)
        {
            high += Bmi2.X64.MultiplyNoFlags(b, shifted);
            low += (shifted * b) >> Shift;
        }
        else
        {
            high += Math.BigMul(shifted, b, out ulong product);
            low += product >> Shift;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong MultiplyHigh(ulong a, ulong b) =>
        Bmi2.X64.IsSupported ? Bmi2.X64.MultiplyNoFlags(a, b) : Math.BigMul(a, b, out _);

    /// <summary>Carries between limbs, subtracts p once unless that is negative, and joins the limbs to words.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Fp Settle(ulong t0, ulong t1, ulong t2, ulong t3, ulong t4, ulong t5, ulong t6)
    {
        ulong s0 = t0 - M0;
        ulong s1 = t1 - M1 + (ulong)((long)s0 >> LimbBits);
        ulong s2 = t2 - M2 + (ulong)((long)s1 >> LimbBits);
        ulong s3 = t3 - M3 + (ulong)((long)s2 >> LimbBits);
        ulong s4 = t4 - M4 + (ulong)((long)s3 >> LimbBits);
        ulong s5 = t5 - M5 + (ulong)((long)s4 >> LimbBits);
        ulong s6 = t6 - M6 + (ulong)((long)s5 >> LimbBits);
        t1 += (ulong)((long)t0 >> LimbBits);
        t2 += (ulong)((long)t1 >> LimbBits);
        t3 += (ulong)((long)t2 >> LimbBits);
        t4 += (ulong)((long)t3 >> LimbBits);
        t5 += (ulong)((long)t4 >> LimbBits);
        t6 += (ulong)((long)t5 >> LimbBits);
        ulong keep = (ulong)((long)s6 >> 63);
        t0 = (s0 ^ (keep & (s0 ^ t0))) & LimbMask;
        t1 = (s1 ^ (keep & (s1 ^ t1))) & LimbMask;
        t2 = (s2 ^ (keep & (s2 ^ t2))) & LimbMask;
        t3 = (s3 ^ (keep & (s3 ^ t3))) & LimbMask;
        t4 = (s4 ^ (keep & (s4 ^ t4))) & LimbMask;
        t5 = (s5 ^ (keep & (s5 ^ t5))) & LimbMask;
        t6 = (s6 ^ (keep & (s6 ^ t6)));
        return new Fp(
            t0 | (t1 << 56), (t1 >> 8) | (t2 << 48), (t2 >> 16) | (t3 << 40),
            (t3 >> 24) | (t4 << 32), (t4 >> 32) | (t5 << 24), (t5 >> 40) | (t6 << 16));
    }

    /// <summary>Not inlined, so that the limbs stay in memory and the registers are left for the columns.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Split(in Fp a, out Limbs limbs)
    {
        limbs.L0 = a.Limb0 << Shift;
        limbs.L1 = a.Limb1 << Shift;
        limbs.L2 = a.Limb2 << Shift;
        limbs.L3 = a.Limb3 << Shift;
        limbs.L4 = a.Limb4 << Shift;
        limbs.L5 = a.Limb5 << Shift;
        limbs.L6 = a.Limb6 << Shift;
    }

    /// <summary>The limbs of an operand, 8 bits higher.</summary>
    private struct Limbs
    {
        public ulong L0, L1, L2, L3, L4, L5, L6;
    }
}
