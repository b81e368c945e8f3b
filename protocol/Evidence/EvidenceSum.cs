namespace Pbts.Protocol.Evidence;

/// <summary>What some entries come to, in bytes. Sums are wider than a total, which ends at 2^63−1.</summary>
/// <param name="Count">How many entries.</param>
/// <param name="Uploaded">What the member gave by them.</param>
/// <param name="Downloaded">What it took by them.</param>
public readonly record struct EvidenceSum(long Count, decimal Uploaded, decimal Downloaded)
{
    /// <summary>Both sums together.</summary>
    public static EvidenceSum operator +(EvidenceSum left, EvidenceSum right) => left.Add(right);

    /// <summary>Both sums together.</summary>
    public EvidenceSum Add(EvidenceSum other) => new(Count + other.Count, Uploaded + other.Uploaded, Downloaded + other.Downloaded);
}
