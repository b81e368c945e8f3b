using Pbts.Protocol.Bls.Curve;

namespace Pbts.Protocol.Bls;

/// <summary>
/// A public key that was decompressed and found to be on the curve, of order r and not infinity. Immutable, about
/// 190 bytes: callers that verify many signatures of one key keep these.
/// </summary>
public sealed class BlsValidatedKey
{
    internal BlsValidatedKey(in BlsPublicKey publicKey, in Affine<Fp> point)
    {
        PublicKey = publicKey;
        Point = point;
    }

    /// <summary>The bytes it was made from.</summary>
    public BlsPublicKey PublicKey { get; }

    internal Affine<Fp> Point { get; }
}
