using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Pbts.Protocol.Bls.Curve;

/// <summary>
/// Montgomery products. Managed code has no carry flag, so columns of limbs of 56 bits are summed in 64 bits without
/// carries: at most 30 terms below 2^56 each. One factor stands 8 bits higher, which makes the high word of a product
/// its bits from 2^56 on.
/// </summary>
internal readonly partial struct Fp
{
    private const int Shift = 64 - LimbBits;

    /// <summary>-1/p mod 2^56.</summary>
    private const ulong Inverse = 0xf3fffcfffcfffd;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static Fp operator *(in Fp a, in Fp b)
    {
        ulong t0 = 0, t1 = 0, t2 = 0, t3 = 0, t4 = 0, t5 = 0, t6 = 0, t7 = 0;
        AddRow(a, b.L0 << Shift, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        AddRow(a, b.L1 << Shift, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        AddRow(a, b.L2 << Shift, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        AddRow(a, b.L3 << Shift, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        AddRow(a, b.L4 << Shift, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        AddRow(a, b.L5 << Shift, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        AddRow(a, b.L6 << Shift, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        return Carried(t0, t1, t2, t3, t4, t5, t6);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static Fp Square(in Fp a)
    {
        ulong t0 = 0, t1 = 0, t2 = 0, t3 = 0, t4 = 0, t5 = 0, t6 = 0, t7 = 0;
        Twice(a, out Fp twice);
        AddHalfRow(a.L0, twice, 0, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        AddHalfRow(a.L1, twice, 1, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        AddHalfRow(a.L2, twice, 2, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        AddHalfRow(a.L3, twice, 3, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        AddHalfRow(a.L4, twice, 4, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        AddHalfRow(a.L5, twice, 5, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        AddHalfRow(a.L6, twice, 6, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        Reduce(ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
        return Carried(t0, t1, t2, t3, t4, t5, t6);
    }

    public static Fp SumOfProducts(in Fp a, in Fp b, in Fp c, in Fp d)
    {
        Product(a, b, out Wide p);
        Product(c, d, out Wide q);
        p.Add(q);
        Reduced(p, out Fp sum);
        return sum;
    }

    public static Fp DifferenceOfProducts(in Fp a, in Fp b, in Fp c, in Fp d)
    {
        Product(a, b, out Wide p);
        Product(c, d, out Wide q);
        p.Subtract(q);
        Reduced(p, out Fp difference);
        return difference;
    }

    /// <summary>Adds a times a digit that stands 8 bits higher.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddRow(in Fp a, ulong digit, ref ulong t0, ref ulong t1, ref ulong t2, ref ulong t3, ref ulong t4, ref ulong t5, ref ulong t6, ref ulong t7)
    {
        AddProduct(digit, a.L0, ref t0, ref t1);
        AddProduct(digit, a.L1, ref t1, ref t2);
        AddProduct(digit, a.L2, ref t2, ref t3);
        AddProduct(digit, a.L3, ref t3, ref t4);
        AddProduct(digit, a.L4, ref t4, ref t5);
        AddProduct(digit, a.L5, ref t5, ref t6);
        AddProduct(digit, a.L6, ref t6, ref t7);
    }

    /// <summary>Adds the part of a row of a square from its diagonal on: the limb's own square, and its products with later limbs twice.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddHalfRow(ulong limb, in Fp twice, int first, ref ulong t0, ref ulong t1, ref ulong t2, ref ulong t3, ref ulong t4, ref ulong t5, ref ulong t6, ref ulong t7)
    {
        ulong digit = limb << Shift;
        if (first <= 0)
            AddProduct(digit, first == 0 ? limb : twice.L0, ref t0, ref t1);
        if (first <= 1)
            AddProduct(digit, first == 1 ? limb : twice.L1, ref t1, ref t2);
        if (first <= 2)
            AddProduct(digit, first == 2 ? limb : twice.L2, ref t2, ref t3);
        if (first <= 3)
            AddProduct(digit, first == 3 ? limb : twice.L3, ref t3, ref t4);
        if (first <= 4)
            AddProduct(digit, first == 4 ? limb : twice.L4, ref t4, ref t5);
        if (first <= 5)
            AddProduct(digit, first == 5 ? limb : twice.L5, ref t5, ref t6);
        if (first <= 6)
            AddProduct(digit, first == 6 ? limb : twice.L6, ref t6, ref t7);
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

    /// <summary>Not inlined, so that the limbs stay in memory and the registers are left for the columns.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Twice(in Fp a, out Fp twice) =>
        twice = new(a.L0 << 1, a.L1 << 1, a.L2 << 1, a.L3 << 1, a.L4 << 1, a.L5 << 1, a.L6 << 1);
}
