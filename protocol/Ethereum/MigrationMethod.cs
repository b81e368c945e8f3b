namespace Pbts.Protocol.Ethereum;

/// <summary>What a migration takes members over by; its text in SQL and JSON is that of <see cref="EnumText"/>.</summary>
public enum MigrationMethod
{
    /// <summary>The records of the contract before, each copied.</summary>
    Records,

    /// <summary>The root of all members' totals that the contract before anchored.</summary>
    Anchor,
}
