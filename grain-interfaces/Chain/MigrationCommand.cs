namespace Pbts.GrainInterfaces.Chain;

/// <summary>What an operator may tell a migration.</summary>
public enum MigrationCommand
{
    /// <summary>Send nothing new; what is under way is finished.</summary>
    Pause,

    /// <summary>Go on after a pause.</summary>
    Resume,

    /// <summary>Stop for good. Users that have moved stay moved; the active contract stays what it was.</summary>
    Cancel,
}
