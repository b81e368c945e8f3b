namespace Pbts.Hosting.Workers;

/// <summary>How soon work for a verifier is wanted.</summary>
public enum VerificationKind
{
    /// <summary>Somebody waits for it: announces, registrations, the beginning of a member's own report.</summary>
    Prompt,

    /// <summary>Receipts.</summary>
    Report,

    /// <summary>What callers could do on their own machines.</summary>
    Convenience,
}
