using System.Numerics;

namespace Pbts.Protocol.Ethereum;

/// <summary>A secp256k1 signature with the parity of its nonce point, from which the signer can be recovered. <paramref name="S"/> is in the lower half (EIP-2).</summary>
/// <param name="R">The x coordinate of the nonce point modulo n.</param>
/// <param name="S">At most n/2.</param>
/// <param name="YParity">0 or 1.</param>
public readonly record struct EcdsaSignature(BigInteger R, BigInteger S, int YParity);
