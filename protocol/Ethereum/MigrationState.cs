namespace Pbts.Protocol.Ethereum;

/// <summary>How a migration stands; its text in SQL and JSON is that of <see cref="EnumText"/>.</summary>
public enum MigrationState
{
    /// <summary>On record, not begun.</summary>
    Pending,

    /// <summary>Under way.</summary>
    Running,

    /// <summary>An operator has stopped it for now.</summary>
    Paused,

    /// <summary>Whoever could be moved has moved.</summary>
    Completed,

    /// <summary>The new contract could not be made.</summary>
    Failed,

    /// <summary>An operator has stopped it for good.</summary>
    Cancelled,
}
