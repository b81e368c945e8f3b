using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Pbts.Protocol.Bls.Curve;

/// <summary>
/// Eight elements of Fp side by side for AVX-512: 14 signed limbs of 28 bits, one vector a limb, one element a lane, in
/// Montgomery form with R = 2^392 like <see cref="Fp"/>. Elements are not fully reduced: as R is over 2000 p, products (even of lazy sums)
/// lie within p/200 of [0, p]; sums and differences of such elements or of each other within p/100.
/// </summary>
[SkipLocalsInit]
internal readonly partial struct FpLanes : IPrimeField<FpLanes>
{
    private const int LimbCount = 14, LimbBits = 28;
    private const long LimbMask = (1L << LimbBits) - 1;

    /// <summary>-1/p mod 2^28.</summary>
    private const long NegatedInverse = 0xffcfffd;

    /// <summary>The last limb of p.</summary>
    private const long ModulusTop = 0x1a011;

    private static readonly FpLanes Modulus = BroadcastLimbs([
        0xfffaaab, 0xfefffff, 0x3ffffb9, 0xfffeb15, 0x6241eab, 0xa0f6b0f, 0xf6730d2,
        0xf38512b, 0x4774b84, 0x4bacd76, 0xba7b643, 0xe69a4b1, 0x1ea397f, 0x001a011]);

    private static readonly FpLanes MontgomeryOne = Broadcast(Fp.One);
    private static readonly FpLanes PlainOne = BroadcastLimbs([1]);

#pragma warning disable CS0649 // Written through First(result) only.
    private readonly LimbVectors limbs;
#pragma warning restore CS0649

    public static bool IsSupported => Avx512F.IsSupported;

    public static int Lanes => 8;

    public static FpLanes Zero => default;

    public static FpLanes One => MontgomeryOne;

    public static FpLanes operator -(in FpLanes a) => default(FpLanes) - a;

    public static FpLanes LazySum(in FpLanes a, in FpLanes b)
    {
        ref Vector512<long> x = ref First(a), y = ref First(b);
        Unsafe.SkipInit(out FpLanes result);
        ref Vector512<long> r = ref First(result);
        for (int i = 0; i < LimbCount; i++)
            Unsafe.Add(ref r, i) = Unsafe.Add(ref x, i) + Unsafe.Add(ref y, i);
        return result;
    }

    public static FpLanes DifferenceOfProducts(in FpLanes a, in FpLanes b, in FpLanes c, in FpLanes d) => SumOfProducts(a, b, LazyNegative(c), d);

    public static FpLanes LazyNegative(in FpLanes a)
    {
        ref Vector512<long> x = ref First(a);
        Unsafe.SkipInit(out FpLanes negated);
        ref Vector512<long> r = ref First(negated);
        for (int i = 0; i < LimbCount; i++)
            Unsafe.Add(ref r, i) = -Unsafe.Add(ref x, i);
        return negated;
    }

    /// <summary>In two parts: three products of signed limbs in each of 14 rows would be too much for 64 bits.</summary>
    public static FpLanes SumOfProducts(in FpLanes a, in FpLanes b, in FpLanes c, in FpLanes d, in FpLanes e, in FpLanes f) =>
        SumOfProducts(a, b, c, d) + (e * f);

    public static void Multiply(in FpLanes a0, in FpLanes a1, in FpLanes b0, in FpLanes b1, out FpLanes real, out FpLanes imaginary)
    {
        real = DifferenceOfProducts(a0, b0, a1, b1);
        imaginary = SumOfProducts(a0, b1, a1, b0);
    }

    public static void SumOfProducts(
        in FpLanes a0, in FpLanes a1, in FpLanes b0, in FpLanes b1, in FpLanes c0, in FpLanes c1, in FpLanes d0, in FpLanes d1,
        out FpLanes real, out FpLanes imaginary)
    {
        real = DifferenceOfProducts(a0, b0, a1, b1) + DifferenceOfProducts(c0, d0, c1, d1);
        imaginary = SumOfProducts(a0, b1, a1, b0) + SumOfProducts(c0, d1, c1, d0);
    }

    public static FpLanes Square(in FpLanes a) => a * a;

    /// <summary>12a, see <see cref="Fp.TimesThreeB"/>.</summary>
    public static FpLanes TimesThreeB(in FpLanes a)
    {
        FpLanes a2 = a + a, a4 = a2 + a2;
        return a4 + a4 + a4;
    }

    public static FpLanes Select(int mask, in FpLanes whenSet, in FpLanes whenClear)
    {
        Vector512<long> bits = Vector512.Create(1L, 2, 4, 8, 16, 32, 64, 128);
        Vector512<long> lanes = Vector512.Equals(Vector512.Create((long)mask) & bits, bits);
        ref Vector512<long> x = ref First(whenSet), y = ref First(whenClear);
        Unsafe.SkipInit(out FpLanes result);
        ref Vector512<long> r = ref First(result);
        for (int i = 0; i < LimbCount; i++)
            Unsafe.Add(ref r, i) = Vector512.ConditionalSelect(lanes, Unsafe.Add(ref x, i), Unsafe.Add(ref y, i));
        return result;
    }

    public static int IsZeroMask(in FpLanes a)
    {
        FpLanes carried = Carried(a);
        return EqualsMask(carried, default) | EqualsMask(carried, Modulus);
    }

    public static int Sgn0(in FpLanes a)
    {
        // Leaving Montgomery form ends in [0, p], and in p only for zero.
        FpLanes plain = Carried(a * PlainOne);
        return Mask(Vector512.Equals(First(plain) & Vector512<long>.One, Vector512<long>.One)) & ~EqualsMask(plain, Modulus);
    }

    public static FpLanes Broadcast(in Fp a)
    {
        Span<Fp> same = stackalloc Fp[Lanes];
        same.Fill(a);
        return Gather(same);
    }

    public static FpLanes Gather(ReadOnlySpan<Fp> elements)
    {
        Unsafe.SkipInit(out FpLanes result);
        ref long first = ref Unsafe.As<FpLanes, long>(ref result);
        for (int lane = 0; lane < Lanes; lane++)
        {
            // Two limbs for each of an element's.
            Fp a = elements[lane];
            ReadOnlySpan<ulong> wide = [a.L0, a.L1, a.L2, a.L3, a.L4, a.L5, a.L6];
            for (int i = 0; i < LimbCount; i++)
                Unsafe.Add(ref first, (i * Lanes) + lane) = (long)(wide[i / 2] >> (i % 2 * LimbBits)) & LimbMask;
        }

        return result;
    }

    public static void Scatter(in FpLanes a, Span<Fp> elements)
    {
        // Above 0 and below 2.02p; the sum with zero brings that below p.
        FpLanes carried = Carried(LazySum(a, Modulus));
        ref long first = ref Unsafe.As<FpLanes, long>(ref carried);
        Span<ulong> wide = stackalloc ulong[LimbCount / 2];
        for (int lane = 0; lane < Lanes; lane++)
        {
            for (int i = 0; i < wide.Length; i++)
                wide[i] = (ulong)(Unsafe.Add(ref first, (2 * i * Lanes) + lane) | (Unsafe.Add(ref first, (((2 * i) + 1) * Lanes) + lane) << LimbBits));
            elements[lane] = new Fp(wide[0], wide[1], wide[2], wide[3], wide[4], wide[5], wide[6]) + Fp.Zero;
        }
    }

    private static FpLanes BroadcastLimbs(ReadOnlySpan<long> values)
    {
        FpLanes result = default;
        for (int i = 0; i < values.Length; i++)
            Unsafe.Add(ref First(result), i) = Vector512.Create(values[i]);
        return result;
    }

    /// <summary>The same values with every limb but the last in [0, 2^28): one representation a value.</summary>
    private static FpLanes Carried(in FpLanes a)
    {
        ref Vector512<long> x = ref First(a);
        Unsafe.SkipInit(out FpLanes result);
        ref Vector512<long> r = ref First(result);
        Vector512<long> limbMask = Vector512.Create(LimbMask), limb = x;
        for (int i = 0; i < LimbCount - 1; i++)
        {
            Unsafe.Add(ref r, i) = limb & limbMask;
            limb = Unsafe.Add(ref x, i + 1) + (limb >> LimbBits);
        }

        Unsafe.Add(ref r, LimbCount - 1) = limb;
        return result;
    }

    private static int EqualsMask(in FpLanes a, in FpLanes b)
    {
        ref Vector512<long> x = ref First(a), y = ref First(b);
        Vector512<long> difference = Vector512<long>.Zero;
        for (int i = 0; i < LimbCount; i++)
            difference |= Unsafe.Add(ref x, i) ^ Unsafe.Add(ref y, i);
        return Mask(Vector512.Equals(difference, Vector512<long>.Zero));
    }

    private static int Mask(Vector512<long> lanes) => (int)lanes.ExtractMostSignificantBits();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ref Vector512<long> First(in FpLanes a) => ref Unsafe.As<LimbVectors, Vector512<long>>(ref Unsafe.AsRef(in a.limbs));

    [InlineArray(LimbCount)]
    private struct LimbVectors
    {
        private Vector512<long> first;
    }
}
