namespace Pbts.GrainInterfaces.Chain;

/// <summary>How a claim stands; its text in SQL and JSON is that of <see cref="Protocol.EnumText"/>.</summary>
public enum ClaimState
{
    /// <summary>Its transaction is not in a block yet, or waits for gas.</summary>
    Open,

    /// <summary>The contract has the member, and the member its totals.</summary>
    Credited,

    /// <summary>The contract did not take it.</summary>
    Refused,
}
