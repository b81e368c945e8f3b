namespace Pbts.Protocol.Ethereum;

/// <summary>What a migration is at; its text in SQL and JSON is that of <see cref="EnumText"/>.</summary>
public enum MigrationPhase
{
    /// <summary>The new contract is made.</summary>
    Deploy,

    /// <summary>The users are looked for.</summary>
    Discover,

    /// <summary>The users are moved.</summary>
    Migrate,

    /// <summary>The new contract becomes the active one, and the old one is ended where that was asked for.</summary>
    Retire,

    /// <summary>Nothing is left to do.</summary>
    Done,
}
