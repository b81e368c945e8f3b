namespace Pbts.Protocol;

/// <summary>Sorts of problems.</summary>
public enum ProblemKind
{
    /// <summary>No connection, or it broke.</summary>
    Unreachable,

    /// <summary>No whole answer within the time limit. Whoever was asked may or may not have acted.</summary>
    Timeout,

    /// <summary>An HTTP status other than success.</summary>
    Http,

    /// <summary>The answer is larger than is read.</summary>
    TooLarge,

    /// <summary>The answer is not what it should be, or cannot be true.</summary>
    Malformed,

    /// <summary>An Ethereum node answered with an error object.</summary>
    Node,

    /// <summary>An Ethereum node answered that the call reverts; <see cref="Problem.RevertReason"/> may say why.</summary>
    Reverted,

    /// <summary>What it takes is missing from the configuration.</summary>
    NotConfigured,

    /// <summary>There is no active contract yet.</summary>
    NotInitialised,

    /// <summary>The request makes no sense.</summary>
    Invalid,

    /// <summary>What the request is about does not exist.</summary>
    NotFound,

    /// <summary>The state of things does not allow it.</summary>
    Refused,

    /// <summary>It has to wait: for somebody else, or for better times.</summary>
    Unavailable,
}
