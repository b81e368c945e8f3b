using System.Runtime.CompilerServices;

namespace Pbts.Protocol.Bls.Curve;

/// <summary>The group of signatures: points of order r on y^2 = x^3 + 4(1+i) over Fp2, ZCash encoding of 96 bytes.</summary>
[SkipLocalsInit]
internal static class G2
{
    public const int Size = 2 * Fp.Size;

    public static readonly Affine<Fp2<Fp>> Generator = new(
        new(
            Fp.FromHex("024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8"),
            Fp.FromHex("13e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e")),
        new(
            Fp.FromHex("0ce5d527727d6e118cc9cdc6da2e351aadfd9baa8cbdd3a76d429a695160d12c923ac9cc3baca289e193548608b82801"),
            Fp.FromHex("0606c4a02ea734cc32acd2b02bc28b99cb3e287e85a763af267492ab572e99ab3f370d275cec1da1aaa9075ff05f79be")));

    /// <summary>Decodes a compressed point of the curve; it need not be of order r. False for bytes that encode none.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, out Affine<Fp2<Fp>> point)
    {
        point = default;
        if (!TryReadX(bytes, out Fp2<Fp> x, out bool infinity, out bool larger))
            return false;
        if (infinity)
        {
            point = Affine<Fp2<Fp>>.Infinity;
            return true;
        }

        if (Fp2Root<Fp>.SquareRoot(G2Lanes<Fp>.RightSide(x), out Fp2<Fp> y) == 0)
            return false;
        point = new(x, IsLarge(y) == larger ? y : -y);
        return true;
    }

    /// <summary>The parts of an encoding; whether x is on the curve is not checked.</summary>
    public static bool TryReadX(ReadOnlySpan<byte> bytes, out Fp2<Fp> x, out bool infinity, out bool larger)
    {
        x = default;
        infinity = larger = false;
        if (bytes.Length != Size || !PointFlags.TryRead(bytes, out infinity, out larger))
            return false;
        if (infinity)
            return true;
        Span<byte> imaginary = stackalloc byte[Fp.Size];
        bytes[..Fp.Size].CopyTo(imaginary);
        imaginary[0] &= PointFlags.ValueMask;
        if (!Fp.TryFromBytes(imaginary, out Fp c1) || !Fp.TryFromBytes(bytes[Fp.Size..], out Fp c0))
            return false;
        x = new(c0, c1);
        return true;
    }

    public static void Encode(in Affine<Fp2<Fp>> point, Span<byte> bytes)
    {
        bytes = bytes[..Size];
        if (point.IsInfinity)
        {
            bytes.Clear();
        }
        else
        {
            point.X.C1.WriteTo(bytes);
            point.X.C0.WriteTo(bytes[Fp.Size..]);
        }

        bytes[0] |= PointFlags.Of(point.IsInfinity, !point.IsInfinity && IsLarge(point.Y));
    }

    /// <summary>The order of y: by imaginary part, then by real part.</summary>
    public static bool IsLarge(in Fp2<Fp> y) => Fp.IsZeroMask(y.C1) == 1 ? y.C0.IsLarge() : y.C1.IsLarge();

    public static bool IsInSubgroup(in Affine<Fp2<Fp>> point) => G2Lanes<Fp>.IsInSubgroup(point.ToProjective()) == 1;

    public static Projective<Fp2<Fp>> ClearCofactor(in Projective<Fp2<Fp>> point) => G2Lanes<Fp>.ClearCofactor(point);

    public static Affine<Fp2<Fp>> ToAffine(in Projective<Fp2<Fp>> point)
    {
        Fp2<Fp> inverse = Fp2<Fp>.Invert(point.Z);
        return new(point.X * inverse, point.Y * inverse, Fp2<Fp>.IsZeroMask(point.Z) == 1);
    }
}
