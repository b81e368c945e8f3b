using System.Numerics;
using System.Security.Cryptography;
using CsCheck;
using Pbts.Protocol.Bls.Curve;
using Xunit;
using Fp2 = Pbts.Protocol.Bls.Curve.Fp2<Pbts.Protocol.Bls.Curve.Fp>;

namespace Pbts.Protocol.Tests.Bls;

/// <summary>Laws the arithmetic must obey, on random inputs.</summary>
public sealed class CurvePropertyTests
{
    /// <summary>The group order r, 32 bytes big endian.</summary>
    internal static readonly byte[] Order = Convert.FromHexString("73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001");

    // Integers near the edges of limbs and of the field as well as uniform ones.
    private static readonly Gen<BigInteger> Integers = Gen.OneOf(
        Gen.Byte.Array[64].Select(bytes => new BigInteger(bytes, isUnsigned: true) % FieldPower.Modulus),
        Gen.Int[0, 4].Select(k => (BigInteger)k),
        Gen.Int[1, 4].Select(k => FieldPower.Modulus - k),
        Gen.Select(Gen.Int[1, 380], Gen.Int[-1, 1], (bit, d) => (BigInteger.One << bit) + d));

    [Fact]
    public void Field_arithmetic_agrees_with_big_integers() => Gen.Select(Integers, Integers, Integers, Integers).Sample(
        (a, b, c, d) =>
        {
            Fp x = ToField(a), y = ToField(b), z = ToField(c), w = ToField(d);
            return ToInteger(x + y) == Mod(a + b)
                && ToInteger(x - y) == Mod(a - b)
                && ToInteger(-x) == Mod(-a)
                && ToInteger(x * y) == Mod(a * b)
                && ToInteger(Fp.Square(x)) == Mod(a * a)
                && ToInteger(Fp.SumOfProducts(x, y, z, w)) == Mod((a * b) + (c * d))
                && ToInteger(Fp.SumOfProducts(x, y, z, w, y, z)) == Mod((a * b) + (c * d) + (b * c))
                && x.IsLarge() == a > (FieldPower.Modulus - 1) / 2
                && Fp.Sgn0(x) == (int)(a % 2);
        },
        iter: 2000);

    [Fact]
    public void Products_of_pairs_agree_with_big_integers() => Gen.Select(Integers, Integers, Integers, Integers).Sample(
        (a, b, c, d) =>
        {
            // Operands are sums left unreduced, up to the most there can be.
            Fp x = ToField(a), y = ToField(b), z = ToField(c), w = ToField(d);
            Fp xy = Fp.LazySum(x, y), zw = Fp.LazySum(z, w), less = Fp.LazyNegative(y);
            Fp.Multiply(xy, zw, zw, less, out Fp real, out Fp imaginary);
            Fp.SumOfProducts(xy, zw, zw, less, less, y, xy, xy, out Fp real2, out Fp imaginary2);
            return ToInteger(real) == Mod(((a + b) * (c + d)) + ((c + d) * b))
                && ToInteger(imaginary) == Mod(((c + d) * (c + d)) - ((a + b) * b))
                && ToInteger(real2) == Mod(((a + b) * (c + d)) + ((c + d) * b) - (2 * b * (a + b)))
                && ToInteger(imaginary2) == Mod(((c + d) * (c + d)) - ((a + b) * b));
        },
        iter: 2000);

    [Fact]
    public void A_real_part_just_below_zero_is_reduced()
    {
        // 2^196 as it is kept: its square is R, so that the real part is -1 before it is made positive, -2 with two.
        Fp e = new(0, 0, 0, 1UL << 28, 0, 0, 0);
        Fp.Multiply(Fp.Zero, e, Fp.Zero, e, out Fp real, out _);
        Assert.Equal(-(e * e), real);
        Fp.SumOfProducts(Fp.Zero, e, Fp.Zero, e, Fp.Zero, e, Fp.Zero, e, out real, out _);
        Assert.Equal(-(e * e) - (e * e), real);
    }

    [Fact]
    public void Field_inverse_and_square_root_agree_with_their_definitions() => Gen.Select(Integers, Integers).Sample(
        (a, b) =>
        {
            Fp x = ToField(a), inverse = FieldPower.Invert(x);
            Fp2 u = new(x, ToField(b)), square = Fp2.Square(u), inverted = Fp2.Invert(u);
            bool zero = Fp2.IsZeroMask(u) == 1;
            return ToInteger(x * inverse) == (a.IsZero ? 0 : 1)
                && Fp2.IsZeroMask((u * inverted) - (zero ? Fp2.Zero : Fp2.One)) == 1
                && Fp2Root<Fp>.SquareRoot(square, out Fp2 root) == 1
                && Fp2.IsZeroMask(Fp2.Square(root) - square) == 1
                && (zero || Fp2Root<Fp>.SquareRoot(square * Fp2.FromIntegers(1, 1), out _) == 0);
        },
        iter: 200);

    [Fact]
    public void Bytes_reduce_as_big_integers_do() => Gen.Byte.Array[64].Sample(
        bytes => ToInteger(Fp.Reduce64(bytes)) == Mod(new BigInteger(bytes, isUnsigned: true, isBigEndian: true)), iter: 500);

    [Fact]
    public void Scalars_reduce_as_big_integers_do()
    {
        BigInteger order = new(Order, isUnsigned: true, isBigEndian: true);
        Gen.Byte.Array[48].Sample(
            bytes =>
            {
                byte[] reduced = new byte[32];
                Scalar.Reduce(bytes, reduced);
                return new BigInteger(reduced, isUnsigned: true, isBigEndian: true) == new BigInteger(bytes, isUnsigned: true, isBigEndian: true) % order;
            },
            iter: 500);
    }

    [Fact]
    public void The_pairing_is_bilinear_and_not_degenerate()
    {
        Affine<Fp> g1 = G1.Generator;
        Affine<Fp2> g2 = G2.Generator;
        for (int i = 0; i < 4; i++)
        {
            byte[] a = RandomScalar(), b = RandomScalar();
            Affine<Fp> ag1 = G1.ToAffine(Scalar.Multiply(g1.ToProjective(), a));
            Affine<Fp2> bg2 = G2.ToAffine(Scalar.Multiply(g2.ToProjective(), b));
            Affine<Fp> abg1 = G1.ToAffine(Scalar.Multiply(ag1.ToProjective(), b));
            Assert.True(Pairing.ProductIsOne([ag1, -abg1], [bg2, g2]));
            Assert.False(Pairing.ProductIsOne([ag1, abg1], [bg2, g2]));
            Assert.False(Pairing.ProductIsOne([ag1], [bg2]));
            Assert.True(Pairing.ProductIsOne([ag1, Affine<Fp>.Infinity], [Affine<Fp2>.Infinity, bg2]));
        }
    }

    [Fact]
    public void The_endomorphism_multiplies_by_the_curve_parameter()
    {
        Projective<Fp2> point = Scalar.Multiply(G2.Generator.ToProjective(), RandomScalar());
        Span<byte> parameter = stackalloc byte[8];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64BigEndian(parameter, Pairing.Parameter);
        Assert.Equal(1, Projective<Fp2>.EqualsMask(-G2Lanes<Fp>.Psi(point), Scalar.Multiply(point, parameter)) & 1);
        Assert.Equal(1, Projective<Fp2>.EqualsMask(Projective<Fp2>.TimesParameter(point), Scalar.Multiply(point, parameter)) & 1);
    }

    [Fact]
    public void Addition_is_complete()
    {
        Projective<Fp2> p = Scalar.Multiply(G2.Generator.ToProjective(), RandomScalar()), zero = Projective<Fp2>.Infinity;
        Assert.Equal(1, Projective<Fp2>.IsInfinityMask(p + -p));
        Assert.Equal(1, Projective<Fp2>.EqualsMask(p + p, Projective<Fp2>.Double(p)) & 1);
        Assert.Equal(1, Projective<Fp2>.EqualsMask(p + zero, p) & 1);
        Assert.Equal(1, Projective<Fp2>.EqualsMask(zero + p, p) & 1);
        Assert.Equal(0, Projective<Fp2>.EqualsMask(p, -p) & 1);
        Assert.Equal(0, Projective<Fp2>.EqualsMask(p, zero) & 1);
        Assert.Equal(1, Projective<Fp2>.IsInfinityMask(zero + zero));
        Assert.Equal(1, Projective<Fp2>.IsInfinityMask(Projective<Fp2>.DoubleTimes(zero, 5)));
        Assert.Equal(1, Projective<Fp2>.EqualsMask(Projective<Fp2>.DoubleTimes(zero, 5) + p, p) & 1);
    }

    [Fact]
    public void Subgroup_checks_agree_with_multiplication_by_the_order()
    {
        // Almost every point of the curves lies outside the subgroups; clearing the cofactor brings it in.
        for (int tries = 0, found = 0; found < 8; tries++)
        {
            Assert.InRange(tries, 0, 200);
            byte[] bytes = RandomNumberGenerator.GetBytes(G2.Size);
            bytes[0] = (byte)((bytes[0] & 0x0f) | 0x80);
            bytes[Fp.Size] &= 0x0f;
            if (G1.TryDecode(bytes.AsSpan(0, G1.Size), out Affine<Fp> p1))
                Assert.Equal(Projective<Fp>.IsInfinityMask(Scalar.Multiply(p1.ToProjective(), Order)) == 1, G1.IsInSubgroup(p1));
            if (!G2.TryDecode(bytes, out Affine<Fp2> p2))
                continue;
            found++;
            Assert.False(G2.IsInSubgroup(p2));
            Assert.Equal(0, Projective<Fp2>.IsInfinityMask(Scalar.Multiply(p2.ToProjective(), Order)));
            Projective<Fp2> cleared = G2.ClearCofactor(p2.ToProjective());
            Assert.True(G2.IsInSubgroup(G2.ToAffine(cleared)));
            Assert.Equal(1, Projective<Fp2>.IsInfinityMask(Scalar.Multiply(cleared, Order)));
        }
    }

    private static byte[] RandomScalar()
    {
        byte[] scalar = RandomNumberGenerator.GetBytes(32);
        scalar[0] &= 0x3f;
        return scalar;
    }

    private static BigInteger Mod(BigInteger a) => ((a % FieldPower.Modulus) + FieldPower.Modulus) % FieldPower.Modulus;

    private static Fp ToField(BigInteger a)
    {
        Assert.True(Fp.TryFromBytes(a.ToByteArray(isUnsigned: true, isBigEndian: true) is var bytes ? [.. new byte[Fp.Size - bytes.Length], .. bytes] : [], out Fp value));
        return value;
    }

    private static BigInteger ToInteger(in Fp a)
    {
        byte[] bytes = new byte[Fp.Size];
        a.WriteTo(bytes);
        return new BigInteger(bytes, isUnsigned: true, isBigEndian: true);
    }
}
