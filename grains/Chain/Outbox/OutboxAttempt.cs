using System.Numerics;

namespace Pbts.Grains.Chain.Outbox;

/// <summary>One signed form of an outbox row.</summary>
internal sealed record OutboxAttempt(string Hash, int Number, byte[] Raw, BigInteger MaxFee, BigInteger? Tip);
