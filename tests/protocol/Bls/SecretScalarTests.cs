using System.Numerics;
using Pbts.Protocol.Bls.Curve;
using Fp2 = Pbts.Protocol.Bls.Curve.Fp2<Pbts.Protocol.Bls.Curve.Fp>;

namespace Pbts.Protocol.Tests.Bls;

/// <summary>What is done with secret scalars: right for every scalar, and the same steps for every scalar.</summary>
public sealed class SecretScalarTests
{
    private static readonly BigInteger Order = new(CurvePropertyTests.Order, isUnsigned: true, isBigEndian: true);

    [Fact]
    public void Digits_in_base_x_make_up_the_scalar()
    {
        Span<ulong> digits = stackalloc ulong[4];
        foreach (BigInteger scalar in Scalars())
        {
            G2Scalar<Fp>.Split(Bytes(scalar), digits);
            BigInteger sum = 0;
            for (int i = 3; i >= 0; i--)
                sum = (sum * Pairing.Parameter) + digits[i];
            Assert.Equal(scalar, sum);
            foreach (ulong digit in digits)
                Assert.True(digit <= Pairing.Parameter);
        }
    }

    [Fact]
    public void Multiples_by_the_endomorphism_are_those_by_doubling()
    {
        Projective<Fp2> point = Scalar.Multiply(G2.Generator.ToProjective(), Bytes(123456789));
        foreach (BigInteger scalar in Scalars())
        {
            byte[] bytes = Bytes(scalar);
            Assert.Equal(1, Projective<Fp2>.EqualsMask(Scalar.Multiply(point, bytes), G2Scalar<Fp>.Multiply(point, bytes)) & 1);
            Assert.Equal(1, Projective<Fp>.EqualsMask(Scalar.Multiply(G1.Generator.ToProjective(), bytes), G1Generator.Multiply(bytes)) & 1);
        }
    }

    [Fact]
    public void Every_scalar_takes_the_same_field_operations_in_the_same_order()
    {
        Projective<Fp2<TracedFp>> point = new(Fp2<TracedFp>.Broadcast(G2.Generator.X), Fp2<TracedFp>.Broadcast(G2.Generator.Y));
        string? first = null;

        // Constants are made once, at the first use.
        G2Scalar<TracedFp>.Multiply(point, Bytes(1));
        foreach (BigInteger scalar in Scalars().Take(20))
        {
            byte[] bytes = Bytes(scalar);
            TracedFp.Begin();
            G2Scalar<TracedFp>.Multiply(point, bytes);
            string trace = TracedFp.End();
            Assert.Equal(first ??= trace, trace);
        }

        Assert.InRange(first!.Length, 1000, 100_000);
    }

    /// <summary>Extreme scalars first, then random ones.</summary>
    private static IEnumerable<BigInteger> Scalars()
    {
        BigInteger x = Pairing.Parameter;
        foreach (BigInteger one in (BigInteger[])[0, 1, 2, 15, 16, x - 1, x, x + 1, x * x, (x * x) - 1, x * x * x, (x * x * x) - 1, Order - 1, Order - 2, Order / 2, BigInteger.One << 254, (BigInteger.One << 254) - 1])
            yield return one;
        var random = new Random(254);
        for (int i = 0; i < 40; i++)
            yield return random.NextInt64(long.MaxValue) * BigInteger.Pow(random.NextInt64(long.MaxValue), 3) % Order;
    }

    private static byte[] Bytes(BigInteger scalar)
    {
        byte[] bytes = scalar.ToByteArray(isUnsigned: true, isBigEndian: true);
        return [.. new byte[32 - bytes.Length], .. bytes];
    }
}
