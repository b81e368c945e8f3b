using System.Runtime.CompilerServices;
using Fp2 = Pbts.Protocol.Bls.Curve.Fp2<Pbts.Protocol.Bls.Curve.Fp>;

namespace Pbts.Protocol.Bls.Curve;

/// <summary>Equations between products of pairings e: G1 x G2 -> Fp12.</summary>
[SkipLocalsInit]
internal static class Pairing
{
    /// <summary>The absolute value of the (negative) curve parameter.</summary>
    internal const ulong Parameter = 0xd201000000010000;

    /// <summary>Lanes cost as much as this many pairs one by one, however few are used.</summary>
    private const int EnoughForLanes = 3;

    /// <summary>
    /// Whether the product of e(g1[k], g2[k]) is one. Pairs with a point at infinity count as one. The pairs are
    /// spread over lanes when there are enough of them; the final exponentiation is done once.
    /// </summary>
    public static bool ProductIsOne(ReadOnlySpan<Affine<Fp>> g1, ReadOnlySpan<Affine<Fp2>> g2) => ProductIsOne(g1, g2, out _);

    /// <summary>The same, and that the last point of G2, which need only be on the curve, has order r or is infinity: the loop tells.</summary>
    public static bool ProductIsOneInGroup(ReadOnlySpan<Affine<Fp>> g1, ReadOnlySpan<Affine<Fp2>> g2) =>
        ProductIsOne(g1, g2, out bool lastHasOrder) && lastHasOrder;

    private static bool ProductIsOne(ReadOnlySpan<Affine<Fp>> g1, ReadOnlySpan<Affine<Fp2>> g2, out bool lastHasOrder)
    {
        Fp12<Fp> product = FpLanes.IsSupported && g1.Length > EnoughForLanes
            ? ProductOfLanes(LanePairing<FpLanes>.MillerLoop(g1, g2, out lastHasOrder))
            : LanePairing<Fp>.MillerLoop(g1, g2, out lastHasOrder);
        return Fp12<Fp>.IsOneMask(LanePairing<Fp>.FinalExponentiation(product)) == 1;
    }

    private static Fp12<Fp> ProductOfLanes(in Fp12<FpLanes> f)
    {
        Span<Fp2> a0 = stackalloc Fp2[FpLanes.Lanes], a1 = stackalloc Fp2[FpLanes.Lanes], a2 = stackalloc Fp2[FpLanes.Lanes];
        Span<Fp2> b0 = stackalloc Fp2[FpLanes.Lanes], b1 = stackalloc Fp2[FpLanes.Lanes], b2 = stackalloc Fp2[FpLanes.Lanes];
        Lane.Scatter(f.C0.C0, a0);
        Lane.Scatter(f.C0.C1, a1);
        Lane.Scatter(f.C0.C2, a2);
        Lane.Scatter(f.C1.C0, b0);
        Lane.Scatter(f.C1.C1, b1);
        Lane.Scatter(f.C1.C2, b2);
        Fp12<Fp> product = Fp12<Fp>.One;
        for (int lane = 0; lane < FpLanes.Lanes; lane++)
            product *= new Fp12<Fp>(new(a0[lane], a1[lane], a2[lane]), new(b0[lane], b1[lane], b2[lane]));
        return product;
    }
}
