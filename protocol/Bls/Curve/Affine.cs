using System.Runtime.CompilerServices;

namespace Pbts.Protocol.Bls.Curve;

/// <summary>A point (x, y) or the point at infinity.</summary>
[SkipLocalsInit]
internal readonly struct Affine<F>(in F x, in F y, bool isInfinity = false) where F : unmanaged, IField<F>
{
    public readonly F X = x;
    public readonly F Y = y;
    public readonly bool IsInfinity = isInfinity;

    public static Affine<F> Infinity => new(F.Zero, F.Zero, true);

    public static Affine<F> operator -(in Affine<F> a) => new(a.X, -a.Y, a.IsInfinity);

    public Projective<F> ToProjective() => IsInfinity ? Projective<F>.Infinity : new(X, Y);
}
