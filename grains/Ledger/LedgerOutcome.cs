namespace Pbts.Grains.Ledger;

/// <summary>What the ledger did with one entry.</summary>
internal enum LedgerOutcome
{
    /// <summary>New: sender credited and receiver debited, durably.</summary>
    Credited,

    /// <summary>Spent before.</summary>
    Duplicate,

    /// <summary>Its epoch has been dropped, or is older than the window by the database's clock.</summary>
    Expired,

    /// <summary>Its epoch has not begun by the database's clock.</summary>
    Future,
}
