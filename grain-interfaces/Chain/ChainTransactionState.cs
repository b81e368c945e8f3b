namespace Pbts.GrainInterfaces.Chain;

/// <summary>How far a transaction has come.</summary>
public enum ChainTransactionState
{
    /// <summary>On record, not signed yet.</summary>
    Queued,

    /// <summary>Signed and handed to the node, perhaps more than once.</summary>
    Sent,

    /// <summary>In a block that a reorganisation could still undo.</summary>
    Mined,

    /// <summary>Deep enough to be final.</summary>
    Confirmed,

    /// <summary>Never sent, because it would revert; <see cref="ChainTransaction.Error"/> says why.</summary>
    Failed,
}
