using Pbts.Protocol;

namespace Pbts.GrainInterfaces.Chain;

/// <summary>What a contract request gave, or the problem in its place: an <see cref="Outcome{T}"/> as it travels.</summary>
/// <typeparam name="T">The type of the answer.</typeparam>
[GenerateSerializer, Immutable, Alias("pbts.ContractResult`1")]
public sealed record ContractResult<T>([property: Id(0)] T? Value, [property: Id(1)] ContractProblem? Problem)
    where T : class
{
    /// <summary>An answer.</summary>
    public static implicit operator ContractResult<T>(T value) => new(value, null);

    /// <summary>A problem.</summary>
    public static implicit operator ContractResult<T>(Problem problem) => new(null, ContractProblem.From(problem));
}
