namespace Pbts.Api.Connections;

/// <summary>Why a connection ended.</summary>
internal enum CloseReason
{
    /// <summary>It has not.</summary>
    None,

    /// <summary>The client closed or broke it, or asked for it to be closed.</summary>
    Client,

    /// <summary>It did not send a whole request in time.</summary>
    Silent,

    /// <summary>It was kept without a request, or without taking its answers, for too long.</summary>
    Idle,

    /// <summary>It had been silent longest when there was no room for another.</summary>
    Displaced,

    /// <summary>There was no room for it.</summary>
    Full,

    /// <summary>Its address has as many as it may.</summary>
    Address,

    /// <summary>Its request was longer than is read.</summary>
    TooLarge,

    /// <summary>The tracker stops.</summary>
    Stopping,

    /// <summary>A fault of the tracker, which is in the log.</summary>
    Failed,
}
