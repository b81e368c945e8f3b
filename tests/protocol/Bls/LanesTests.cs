using System.Security.Cryptography;
using Pbts.Protocol.Bls.Curve;
using Xunit;

namespace Pbts.Protocol.Tests.Bls;

/// <summary>The lanes of a batch compute what single elements do. Without AVX-512 a batch has one lane, and that is what is tested.</summary>
public sealed class LanesTests
{
    [Fact]
    public void Lanes_are_off_where_AVX_512_is_switched_off()
    {
        // What ./pbts test relies on when it runs these tests a second time.
        if (Environment.GetEnvironmentVariable("DOTNET_EnableAVX512") == "0")
            Assert.False(FpLanes.IsSupported);
    }

    [Fact]
    public void Every_lane_agrees_with_the_single_field()
    {
        FieldAgrees<Fp>();
        if (FpLanes.IsSupported)
            FieldAgrees<FpLanes>();
    }

    [Fact]
    public void Mapping_to_the_curve_agrees_with_the_single_field()
    {
        MapAgrees<Fp>();
        if (FpLanes.IsSupported)
            MapAgrees<FpLanes>();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(9)]
    public void Weighing_agrees_with_multiplication(int count)
    {
        WeighingAgrees<Fp>(count);
        if (FpLanes.IsSupported)
            WeighingAgrees<FpLanes>(count);
    }

    [Fact]
    public void Each_lane_has_a_pairing_of_its_own()
    {
        PairingAgrees<Fp>();
        if (FpLanes.IsSupported)
            PairingAgrees<FpLanes>();
    }

    private static void PairingAgrees<T>() where T : unmanaged, IPrimeField<T>
    {
        // e(aG1, G2) * e(-G1, aG2) is one; in some lanes it is spoiled or missing.
        var g1 = new Affine<Fp>[2 * T.Lanes];
        var g2 = new Affine<Fp2<Fp>>[2 * T.Lanes];
        int expected = 0;
        for (int lane = 0; lane < T.Lanes; lane++)
        {
            byte[] scalar = RandomNumberGenerator.GetBytes(31);
            g1[lane] = G1.ToAffine(Scalar.Multiply(G1.Generator.ToProjective(), scalar));
            g2[lane] = G2.Generator;
            g1[lane + T.Lanes] = lane == 3 ? G1.Generator : -G1.Generator;
            g2[lane + T.Lanes] = lane == 5 ? Affine<Fp2<Fp>>.Infinity : G2.ToAffine(Scalar.Multiply(G2.Generator.ToProjective(), scalar));
            expected |= lane is 3 or 5 ? 0 : 1 << lane;
        }

        Assert.Equal(expected, Fp12<T>.IsOneMask(LanePairing<T>.FinalExponentiation(LanePairing<T>.MillerLoop(g1, g2))));

        // Lanes without a pair hold one.
        Assert.Equal((1 << T.Lanes) - 2, Fp12<T>.IsOneMask(LanePairing<T>.FinalExponentiation(LanePairing<T>.MillerLoop(g1.AsSpan(0, 1), g2.AsSpan(0, 1)))));
    }

    private static void FieldAgrees<T>() where T : unmanaged, IPrimeField<T>
    {
        Fp[] a = new Fp[T.Lanes], b = new Fp[T.Lanes], c = new Fp[T.Lanes], d = new Fp[T.Lanes];
        for (int round = 0; round < 300; round++)
        {
            Fill(a, round);
            Fill(b, round + 1);
            Fill(c, round + 2);
            Fill(d, round + 3);
            T x = T.Gather(a), y = T.Gather(b), z = T.Gather(c), w = T.Gather(d);
            AssertLanes(x + y, lane => a[lane] + b[lane]);
            AssertLanes(x - y, lane => a[lane] - b[lane]);
            AssertLanes(-x, lane => -a[lane]);
            AssertLanes(x * y, lane => a[lane] * b[lane]);
            AssertLanes(T.Square(x), lane => a[lane] * a[lane]);
            AssertLanes(T.SumOfProducts(x, y, z, w), lane => a[lane] * b[lane] + c[lane] * d[lane]);
            AssertLanes(T.TimesThreeB(x), lane => Fp.TimesThreeB(a[lane]));
            int mask = RandomNumberGenerator.GetInt32(1 << T.Lanes);
            AssertLanes(T.Select(mask, x, y), lane => ((mask >> lane) & 1) != 0 ? a[lane] : b[lane]);

            // A long chain without a product.
            T sum = x;
            Fp[] sums = [.. a];
            for (int i = 0; i < 40; i++)
            {
                sum = sum + sum - (i % 3 == 0 ? y : z);
                for (int lane = 0; lane < T.Lanes; lane++)
                    sums[lane] = sums[lane] + sums[lane] - (i % 3 == 0 ? b[lane] : c[lane]);
            }

            AssertLanes(sum, lane => sums[lane]);

            // Sums and differences between products, unreduced as they are in the curve's formulas.
            T chain = ((x + y) - (z + w)) + ((x + x) + (x + x));
            AssertLanes(chain * (y - x - z), lane => ((a[lane] + b[lane]) - (c[lane] + d[lane]) + (a[lane] + a[lane] + a[lane] + a[lane])) * (b[lane] - a[lane] - c[lane]));
            for (int lane = 0; lane < T.Lanes; lane++)
            {
                Assert.Equal(Fp.Sgn0(a[lane]), (T.Sgn0(x) >> lane) & 1);
                Assert.Equal(Fp.IsZeroMask(a[lane]), (T.IsZeroMask(x) >> lane) & 1);
                Assert.Equal(1, (T.IsZeroMask(x + y - y - x) >> lane) & 1);
                Assert.Equal(Fp.IsZeroMask(a[lane] * b[lane]), (T.IsZeroMask(x * y) >> lane) & 1);
            }
        }
    }

    private static void MapAgrees<T>() where T : unmanaged, IPrimeField<T>
    {
        Fp[] a = new Fp[T.Lanes], b = new Fp[T.Lanes], c = new Fp[T.Lanes], d = new Fp[T.Lanes];
        for (int round = 0; round < 6; round++)
        {
            Fill(a, round);
            Fill(b, round);
            Fill(c, -1);
            Fill(d, -1);
            Projective<Fp2<T>> sum = G2Lanes<T>.ClearCofactor(MapToCurve<T>.MapPair(new(T.Gather(a), T.Gather(b)), new(T.Gather(c), T.Gather(d))));
            Assert.Equal((1 << T.Lanes) - 1, G2Lanes<T>.IsInSubgroup(sum));
            Projective<Fp2<Fp>>[] single = [.. Enumerable.Range(0, T.Lanes).Select(lane =>
                G2.ClearCofactor(MapToCurve<Fp>.MapPair(new(a[lane], b[lane]), new(c[lane], d[lane]))))];
            Fp[] x = new Fp[T.Lanes], z = new Fp[T.Lanes];
            T.Scatter(sum.X.C0, x);
            T.Scatter(sum.Z.C0, z);
            for (int lane = 0; lane < T.Lanes; lane++)
            {
                Assert.Equal(single[lane].X.C0, x[lane]);
                Assert.Equal(single[lane].Z.C0, z[lane]);
            }
        }
    }

    private static void WeighingAgrees<T>(int count) where T : unmanaged, IPrimeField<T>
    {
        var items = new SignatureToWeigh[count];
        var points = new Affine<Fp2<Fp>>[count];
        var coefficients = new ulong[count];
        for (int i = 0; i < count; i++)
        {
            points[i] = G2.ToAffine(Scalar.Multiply(G2.Generator.ToProjective(), RandomNumberGenerator.GetBytes(31)));
            HashToG2.HashToField(BitConverter.GetBytes(i), [], out Fp2<Fp> u0, out Fp2<Fp> u1);
            bool off = i == 3;
            items[i] = new(off ? points[i].X + Fp2<Fp>.One : points[i].X, G2.IsLarge(points[i].Y), u0, u1);
            coefficients[i] = i switch { 0 => 1, 1 => ulong.MaxValue, 2 => 1UL << 32, _ => BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8)) };
        }

        var results = new WeightedSignature[count];
        WeightedPoints<T>.Weigh(items, coefficients, results);
        for (int i = 0; i < count; i++)
        {
            Assert.Equal(i != 3, results[i].IsValid);
            if (i == 3)
                continue;
            AssertSame(Times(points[i].ToProjective(), coefficients[i]), results[i].Signature);
            AssertSame(Times(G2.ClearCofactor(MapToCurve<Fp>.MapPair(items[i].U0, items[i].U1)), coefficients[i]), G2.ClearCofactor(results[i].Hash));
        }
    }

    /// <summary>a*P + b*x*P with the (negative) curve parameter x.</summary>
    private static Projective<Fp2<Fp>> Times(in Projective<Fp2<Fp>> point, ulong coefficient)
    {
        byte[] low = BitConverter.GetBytes((uint)coefficient), high = BitConverter.GetBytes((uint)(coefficient >> 32));
        Array.Reverse(low);
        Array.Reverse(high);
        return Scalar.Multiply(point, low) + -Projective<Fp2<Fp>>.TimesParameter(Scalar.Multiply(point, high));
    }

    private static void AssertSame(in Projective<Fp2<Fp>> expected, in Projective<Fp2<Fp>> actual) =>
        Assert.Equal(1, Projective<Fp2<Fp>>.EqualsMask(expected, actual) & 1);

    /// <summary>Random elements, and in some rounds 0, 1 and -1.</summary>
    private static void Fill(Fp[] elements, int round)
    {
        for (int lane = 0; lane < elements.Length; lane++)
        {
            elements[lane] = ((round + lane) % 7) switch
            {
                0 => Fp.Zero,
                1 => Fp.One,
                2 => -Fp.One,
                _ => Fp.Reduce64(RandomNumberGenerator.GetBytes(64)),
            };
        }
    }

    private static void AssertLanes<T>(in T actual, Func<int, Fp> expected) where T : unmanaged, IPrimeField<T>
    {
        Fp[] elements = new Fp[T.Lanes];
        T.Scatter(actual, elements);
        for (int lane = 0; lane < elements.Length; lane++)
            Assert.Equal(expected(lane), elements[lane]);
    }
}
