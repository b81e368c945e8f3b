using Pbts.Protocol;

namespace Pbts.GrainInterfaces.Chain;

/// <summary>Why a contract request was not done: a <see cref="Problem"/> as it travels between processes, of one version or two.</summary>
/// <param name="Kind">Which sort of problem.</param>
/// <param name="Text">One line for the caller.</param>
/// <param name="Transaction">The transaction that failed, if there was one.</param>
[GenerateSerializer, Immutable, Alias("pbts.ContractProblem")]
public sealed record ContractProblem(
    [property: Id(0)] ContractProblemKind Kind,
    [property: Id(1)] string Text,
    [property: Id(2)] ChainTransaction? Transaction = null)
{
    /// <summary>Whatever is wrong between the tracker and its node is one kind for callers.</summary>
    public static ContractProblem From(Problem problem)
    {
        ArgumentNullException.ThrowIfNull(problem);
        return new(problem.Kind switch
        {
            ProblemKind.NotConfigured => ContractProblemKind.NotConfigured,
            ProblemKind.NotInitialised => ContractProblemKind.NotInitialised,
            ProblemKind.Invalid => ContractProblemKind.Invalid,
            ProblemKind.NotFound => ContractProblemKind.NotFound,
            ProblemKind.Refused => ContractProblemKind.Reverted,
            _ => ContractProblemKind.Unavailable,
        }, problem.Text);
    }
}
