using System.Numerics;
using Pbts.Protocol.Bls.Curve;
using Fp12 = Pbts.Protocol.Bls.Curve.Fp12<Pbts.Protocol.Bls.Curve.Fp>;
using Fp2 = Pbts.Protocol.Bls.Curve.Fp2<Pbts.Protocol.Bls.Curve.Fp>;

namespace Pbts.Protocol.Tests.Bls;

/// <summary>Elements as they are held, up to the most they may be, and products that are reduced late.</summary>
public sealed class TowerTests
{
    /// <summary>The highest an element may be held at, and a little less.</summary>
    private static readonly BigInteger Highest = (FieldPower.Modulus * 3 / 2) - 1;

    private readonly Random random = new(12);

    [Fact]
    public void An_element_held_above_p_is_the_one_below()
    {
        for (int round = 0; round < 300; round++)
        {
            BigInteger value = round < 3 ? round : Below(FieldPower.Modulus / 2);
            Fp low = Held(value), high = Held(value + FieldPower.Modulus), other = Any();
            Assert.Equal(low, high);
            Assert.Equal(low.GetHashCode(), high.GetHashCode());
            Assert.Equal(Bytes(low), Bytes(high));
            Assert.Equal(low.IsLarge(), high.IsLarge());
            Assert.Equal(Fp.Sgn0(low), Fp.Sgn0(high));
            Assert.Equal(value.IsZero ? 1 : 0, Fp.IsZeroMask(high));
            Assert.Equal(low + other, high + other);
            Assert.Equal(low - other, high - other);
            Assert.Equal(other - low, other - high);
            Assert.Equal(low * other, high * other);
            Assert.Equal(Fp.Square(low), Fp.Square(high));
            Assert.Equal(Fp.SumOfProducts(low, other, low, low), Fp.SumOfProducts(high, other, high, high));
            Assert.Equal(Fp.DifferenceOfProducts(low, other, low, low), Fp.DifferenceOfProducts(high, other, high, high));
        }
    }

    [Fact]
    public void Sums_of_several_are_those_made_step_by_step()
    {
        for (int round = 0; round < 2000; round++)
        {
            Fp a = Any(), b = Any(), less = Fp.TripleLessTwice(a, b), plus = Fp.TriplePlusTwice(a, b);
            Assert.Equal(a + a + a - b - b, less);
            Assert.Equal(a + a + a + b + b, plus);

            // Nothing is held below zero: the last limb would be beyond all others.
            Assert.InRange(less.L6 | plus.L6 | (a - b).L6 | (a + b).L6, 0UL, (1UL << 46) - 1);
        }
    }

    [Fact]
    public void Products_in_Fp12_are_those_reduced_at_every_step()
    {
        for (int round = 0; round < 500; round++)
        {
            Fp12 a = Any12(), b = Any12();
            Fp2 l0 = Any2(), l1 = Any2(), l4 = Any2();
            AssertSame(Fp12.MultiplyReduced(a, b), a * b);
            AssertSame(Fp12.SquareReduced(a), Fp12.Square(a));
            AssertSame(Fp12.TimesLineReduced(a, l0, l1, l4), Fp12.TimesLine(a, l0, l1, l4));
            Fp12.SquareQuarticReduced(l0, l1, out Fp2 even, out Fp2 odd);
            Fp.SquareQuartic(l0, l1, out Fp2 even2, out Fp2 odd2);
            Assert.Equal(1, Fp2.IsZeroMask(even - even2) & Fp2.IsZeroMask(odd - odd2));
        }
    }

    [Fact]
    public void The_Miller_loop_tells_whether_a_point_has_order_r()
    {
        Affine<Fp2> inside = G2.ToAffine(Scalar.Multiply(G2.Generator.ToProjective(), BitConverter.GetBytes(random.NextInt64())));
        AssertOrder(true, inside);
        AssertOrder(true, Affine<Fp2>.Infinity);
        foreach (Projective<Fp2> torsion in Torsion.Signatures)
        {
            AssertOrder(false, G2.ToAffine(torsion));
            AssertOrder(false, G2.ToAffine(torsion + inside.ToProjective()));
        }

        // The product alone does not tell.
        Affine<Fp2> outside = G2.ToAffine(Torsion.Signatures[0]);
        Assert.True(Pairing.ProductIsOne([G1.Generator, -G1.Generator], [outside, outside]));
    }

    private static void AssertOrder(bool expected, in Affine<Fp2> point)
    {
        Assert.Equal(expected, G2.IsInSubgroup(point));
        LanePairing<Fp>.MillerLoop([G1.Generator, -G1.Generator], [G2.Generator, point], out bool hasOrder);
        Assert.Equal(expected, hasOrder);
        Assert.Equal(expected, Pairing.ProductIsOneInGroup([G1.Generator, -G1.Generator], [point, point]));
        if (!FpLanes.IsSupported)
            return;
        LanePairing<FpLanes>.MillerLoop([G1.Generator, G1.Generator, -G1.Generator], [G2.Generator, G2.Generator, point], out hasOrder);
        Assert.Equal(expected, hasOrder);
    }

    private static void AssertSame(in Fp12 expected, in Fp12 actual) =>
        Assert.Equal(1, Fp12.IsOneMask(new Fp12(expected.C0 - actual.C0 + Fp12.One.C0, expected.C1 - actual.C1)));

    private Fp12 Any12() => new(new(Any2(), Any2(), Any2()), new(Any2(), Any2(), Any2()));

    private Fp2 Any2() => new(Any(), Any());

    private Fp Any() => Held(random.Next(6) switch
    {
        0 => random.Next(3),
        1 => FieldPower.Modulus - random.Next(3),
        2 or 3 => Highest - random.Next(3),
        _ => Below(Highest),
    });

    private BigInteger Below(BigInteger limit)
    {
        byte[] bytes = new byte[56];
        random.NextBytes(bytes);
        return new BigInteger(bytes, isUnsigned: true) % limit;
    }

    /// <summary>The element that is held as this integer.</summary>
    private static Fp Held(BigInteger value)
    {
        ulong Limb(int i) => (ulong)((value >> (56 * i)) & ((1UL << 56) - 1));
        return new(Limb(0), Limb(1), Limb(2), Limb(3), Limb(4), Limb(5), Limb(6));
    }

    private static byte[] Bytes(in Fp a)
    {
        byte[] bytes = new byte[Fp.Size];
        a.WriteTo(bytes);
        return bytes;
    }
}
