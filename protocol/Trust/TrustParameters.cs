namespace Pbts.Protocol.Trust;

/// <summary>What the walks are bound by (docs/trust.md says why).</summary>
public sealed record TrustParameters
{
    /// <summary>What is used where nobody says otherwise.</summary>
    public static readonly TrustParameters Default = new();

    /// <summary>Share of a voice that ends with each member it comes to (MeritRank's transitivity decay): 0 to 1, neither of them.</summary>
    public double Decay { get; init; } = 0.5;

    /// <summary>
    /// Of what came to a member from others, the voices that it hands on a share of at most: so much passes through any one member,
    /// and through a cut of k members k times as much (in place of MeritRank's connectivity decay).
    /// </summary>
    public double Passage { get; init; } = 0.1;

    /// <summary>
    /// Bytes for which a member hands on its whole voice; for less, the share that it received of them. So a voice is not had for
    /// a piece given to somebody who received nothing else.
    /// </summary>
    public long FullVoice { get; init; } = 10L << 30;
}
