namespace Pbts.Protocol.Passports;

/// <summary>Why a passport is refused.</summary>
/// <param name="Step">What does not hold.</param>
/// <param name="Message">One line for people.</param>
public sealed record PassportFault(PassportStep Step, string Message)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Step.ToText()}: {Message}";
}
