namespace Pbts.Grains.Ledger;

/// <summary>What the ledger did with one entry.</summary>
internal enum LedgerOutcome
{
    /// <summary>New: sender credited and receiver debited, durably.</summary>
    Credited,

    /// <summary>Spent before.</summary>
    Duplicate,

    /// <summary>Its epoch has been dropped.</summary>
    Expired,
}
