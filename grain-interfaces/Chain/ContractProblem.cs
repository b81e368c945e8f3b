namespace Pbts.GrainInterfaces.Chain;

/// <summary>Why a contract request was not done.</summary>
/// <param name="Kind">Which sort of problem.</param>
/// <param name="Text">One line for the caller.</param>
/// <param name="Transaction">The transaction that failed, if there was one.</param>
[GenerateSerializer, Immutable, Alias("pbts.ContractProblem")]
public sealed record ContractProblem(
    [property: Id(0)] ContractProblemKind Kind,
    [property: Id(1)] string Text,
    [property: Id(2)] ChainTransaction? Transaction = null);
