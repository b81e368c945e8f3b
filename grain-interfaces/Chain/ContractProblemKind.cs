namespace Pbts.GrainInterfaces.Chain;

/// <summary>Why a contract request was not done.</summary>
public enum ContractProblemKind
{
    /// <summary>The node, the key or the factory is missing from the configuration.</summary>
    NotConfigured,

    /// <summary>There is no active contract yet.</summary>
    NotInitialised,

    /// <summary>The request makes no sense.</summary>
    Invalid,

    /// <summary>The contract does not have the user.</summary>
    NotFound,

    /// <summary>The contract refuses.</summary>
    Reverted,

    /// <summary>The node does not answer, or is one of another chain.</summary>
    Unavailable,
}
