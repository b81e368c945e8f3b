namespace Pbts.Peer.Gate;

/// <summary>What is done with a message.</summary>
internal enum WireVerdict
{
    /// <summary>It goes on as it is.</summary>
    Pass,

    /// <summary>It goes no further, and something else may go in its place.</summary>
    Drop,

    /// <summary>Nothing goes on for now: the message is shown again.</summary>
    Wait,
}
