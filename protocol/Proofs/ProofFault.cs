namespace Pbts.Protocol.Proofs;

/// <summary>Why a proof is refused.</summary>
/// <param name="Step">What does not hold.</param>
/// <param name="Message">One line for people; names the field.</param>
public sealed record ProofFault(ProofStep Step, string Message)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Step.ToText()}: {Message}";
}
