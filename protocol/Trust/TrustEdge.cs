namespace Pbts.Protocol.Trust;

/// <summary>A receiver's signature for what a sender gave it: who received vouches for who gave.</summary>
/// <param name="Receiver">A member by its number, from 0.</param>
/// <param name="Sender">Another.</param>
/// <param name="Bytes">What was given.</param>
public readonly record struct TrustEdge(int Receiver, int Sender, long Bytes);
