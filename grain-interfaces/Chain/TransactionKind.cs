namespace Pbts.GrainInterfaces.Chain;

/// <summary>What a transaction of the outbox is for; its text in SQL and JSON is that of <see cref="Protocol.EnumText"/>.</summary>
public enum TransactionKind
{
    /// <summary>Makes a contract, which becomes the active one.</summary>
    Init,

    /// <summary>Adds a user.</summary>
    Register,

    /// <summary>Sets a user's totals.</summary>
    Update,

    /// <summary>Takes one user over from the referrer.</summary>
    Migrate,

    /// <summary>Tells the contract the members' totals.</summary>
    Sync,

    /// <summary>Keeps the root of all members' totals.</summary>
    Anchor,

    /// <summary>Takes a member over by its proof.</summary>
    Claim,

    /// <summary>Makes the contract of a migration.</summary>
    MigrationDeploy,

    /// <summary>Moves users.</summary>
    MigrationBatch,

    /// <summary>Ends the contract that was moved from.</summary>
    MigrationRetire,

    /// <summary>An empty transaction to oneself whose only purpose is its nonce.</summary>
    Filler,
}
