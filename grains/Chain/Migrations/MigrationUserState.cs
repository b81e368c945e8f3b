namespace Pbts.Grains.Chain.Migrations;

/// <summary>How a user of a migration stands.</summary>
internal enum MigrationUserState
{
    /// <summary>Perhaps a user, to be looked up.</summary>
    Candidate,

    /// <summary>To be moved.</summary>
    Pending,

    /// <summary>In a batch that is under way.</summary>
    Sent,

    Migrated,

    Failed,

    /// <summary>No contract has it.</summary>
    Absent,
}
