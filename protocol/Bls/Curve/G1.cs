using System.Runtime.CompilerServices;

namespace Pbts.Protocol.Bls.Curve;

/// <summary>The group of public keys: points of order r on y^2 = x^3 + 4 over Fp, ZCash encoding of 48 bytes.</summary>
[SkipLocalsInit]
internal static class G1
{
    public const int Size = Fp.Size;

    /// <summary>The cube root of unity for which (x, y) -> (beta*x, y) multiplies points of order r by -x^2, x the curve parameter.</summary>
    private static readonly Fp Beta = Fp.FromHex("5f19672fdf76ce51ba69c6076a0f77eaddb3a93be6f89688de17d813620a00022e01fffffffefffe");

    private static readonly Fp FourMontgomery = Fp.FromInteger(4);

    public static readonly Affine<Fp> Generator = new(
        Fp.FromHex("17f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb"),
        Fp.FromHex("08b3f481e3aaa0f1a09e30ed741d8ae4fcf5e095d5d00af600db18cb2c04b3edd03cc744a2888ae40caa232946c5e7e1"));

    /// <summary>Decodes a compressed point of the curve; it need not be of order r. False for bytes that encode none.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, out Affine<Fp> point)
    {
        point = default;
        if (bytes.Length != Size || !PointFlags.TryRead(bytes, out bool infinity, out bool larger))
            return false;
        if (infinity)
        {
            point = Affine<Fp>.Infinity;
            return true;
        }

        Span<byte> plain = stackalloc byte[Size];
        bytes.CopyTo(plain);
        plain[0] &= PointFlags.ValueMask;
        if (!Fp.TryFromBytes(plain, out Fp x))
            return false;
        Fp yy = Fp.Square(x) * x + FourMontgomery;
        Fp y = yy * FieldPower.InverseRoot(yy);
        if (!Fp.Square(y).Equals(yy))
            return false;
        point = new(x, y.IsLarge() == larger ? y : -y);
        return true;
    }

    public static void Encode(in Affine<Fp> point, Span<byte> bytes)
    {
        bytes = bytes[..Size];
        if (point.IsInfinity)
        {
            bytes.Clear();
        }
        else
        {
            point.X.WriteTo(bytes);
        }

        bytes[0] |= PointFlags.Of(point.IsInfinity, !point.IsInfinity && point.Y.IsLarge());
    }

    /// <summary>Whether a point of the curve has order r (or is infinity): beta*P = -[x^2]P (Scott 2021).</summary>
    public static bool IsInSubgroup(in Affine<Fp> point)
    {
        if (point.IsInfinity)
            return true;
        Projective<Fp> xx = Projective<Fp>.TimesParameter(Projective<Fp>.TimesParameter(point.ToProjective()));
        return Projective<Fp>.EqualsMask(-xx, new(point.X * Beta, point.Y)) == 1;
    }

    public static Affine<Fp> ToAffine(in Projective<Fp> point)
    {
        Fp inverse = FieldPower.Invert(point.Z);
        return new(point.X * inverse, point.Y * inverse, Fp.IsZeroMask(point.Z) == 1);
    }
}
