using System.Numerics;

namespace Pbts.Grains.Chain;

/// <summary>One signed form of an outbox row.</summary>
internal sealed record OutboxAttempt(string Hash, int Number, byte[] Raw, BigInteger MaxFee, BigInteger? Tip);
