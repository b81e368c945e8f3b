namespace Pbts.Hosting.Configuration;

/// <summary>How the contract is kept in step with the ledger; the text of each is its name in lower case.</summary>
public enum ChainSync
{
    /// <summary>By the root of all members' totals. A contract that keeps no roots is told the members' totals.</summary>
    Anchor,

    /// <summary>By each member's totals.</summary>
    Members,

    /// <summary>By both.</summary>
    Both,
}
