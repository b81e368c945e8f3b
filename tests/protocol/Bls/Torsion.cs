using System.Numerics;
using Pbts.Protocol.Bls.Curve;
using Fp2 = Pbts.Protocol.Bls.Curve.Fp2<Pbts.Protocol.Bls.Curve.Fp>;

namespace Pbts.Protocol.Tests.Bls;

/// <summary>
/// Points of the curves that lie outside the groups of order r: of small order, of orders that divide the cofactor, and
/// sums of such with points inside. G1's cofactor has the factors 3 and 11^2, G2's 13^2 and 23^2.
/// </summary>
internal static class Torsion
{
    private static readonly BigInteger Order = new(CurvePropertyTests.Order, isUnsigned: true, isBigEndian: true);
    private static readonly BigInteger Cofactor1 = Number("396c8c005555e1568c00aaab0000aaab");
    private static readonly BigInteger Cofactor2 = Number(
        "5d543a95414e7f1091d50792876a202cd91de4547085abaa68a205b2e5a7ddfa628f1cb4d9e82ef21537e293a6691ae1616ec6e786f0c70cf1c38e31c7238e5");

    private static readonly Projective<Fp>[] Points1 = [.. Points<Fp>([1, Cofactor1 / 3, Cofactor1 / 121, Cofactor1 / 363], random =>
    {
        byte[] bytes = Encoding(random, G1.Size);
        return G1.TryDecode(bytes, out Affine<Fp> point) && !point.IsInfinity ? point.ToProjective() : null;
    })];

    private static readonly Projective<Fp2>[] Points2 = [.. Points<Fp2>([1, Cofactor2 / 169, Cofactor2 / 529, Cofactor2 / (169 * 529)], random =>
    {
        byte[] bytes = Encoding(random, G2.Size);
        return G2.TryDecode(bytes, out Affine<Fp2> point) && !point.IsInfinity ? point.ToProjective() : null;
    })];

    /// <summary>Points of the curve of signatures.</summary>
    public static IReadOnlyList<Projective<Fp2>> Signatures => Points2;

    /// <summary>A key or a signature, by its length.</summary>
    public static byte[] Any(int size, Random random) => size == G1.Size
        ? Encode(Points1[random.Next(Points1.Length)])
        : Encode(Points2[random.Next(Points2.Length)]);

    /// <summary>The encoded point plus one from outside the group.</summary>
    public static byte[] AddTo(byte[] encoded, Random random)
    {
        if (encoded.Length == G1.Size)
            return G1.TryDecode(encoded, out Affine<Fp> key) ? Encode(key.ToProjective() + Points1[random.Next(Points1.Length)]) : encoded;
        return G2.TryDecode(encoded, out Affine<Fp2> signature) ? Encode(signature.ToProjective() + Points2[random.Next(Points2.Length)]) : encoded;
    }

    /// <summary>Random points of the whole curve times the order and each of the multiples, two of each that are not infinity.</summary>
    private static IEnumerable<Projective<F>> Points<F>(BigInteger[] multiples, Func<Random, Projective<F>?> next) where F : unmanaged, IField<F>
    {
        var random = new Random(13);
        foreach (BigInteger multiple in multiples)
        {
            for (int found = 0; found < 2;)
            {
                if (next(random) is not { } point)
                    continue;
                Projective<F> torsion = Scalar.Multiply(point, (Order * multiple).ToByteArray(isUnsigned: true, isBigEndian: true));
                if (Projective<F>.IsInfinityMask(torsion) == 1)
                    continue;
                found++;
                yield return torsion;
            }
        }
    }

    private static byte[] Encoding(Random random, int size)
    {
        byte[] bytes = new byte[size];
        random.NextBytes(bytes);
        bytes[0] = (byte)((bytes[0] & 0x2f) | 0x80);
        bytes[size - Fp.Size] &= 0xaf;
        return bytes;
    }

    private static byte[] Encode(in Projective<Fp> point)
    {
        byte[] bytes = new byte[G1.Size];
        G1.Encode(G1.ToAffine(point), bytes);
        return bytes;
    }

    private static byte[] Encode(in Projective<Fp2> point)
    {
        byte[] bytes = new byte[G2.Size];
        G2.Encode(G2.ToAffine(point), bytes);
        return bytes;
    }

    private static BigInteger Number(string hex) => BigInteger.Parse("0" + hex, System.Globalization.NumberStyles.HexNumber, System.Globalization.CultureInfo.InvariantCulture);
}
