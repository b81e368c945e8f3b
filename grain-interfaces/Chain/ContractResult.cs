namespace Pbts.GrainInterfaces.Chain;

/// <summary>What a contract request gave, or the problem in its place.</summary>
/// <typeparam name="T">The type of the answer.</typeparam>
[GenerateSerializer, Immutable, Alias("pbts.ContractResult`1")]
public sealed record ContractResult<T>([property: Id(0)] T? Value, [property: Id(1)] ContractProblem? Problem)
    where T : class
{
    /// <summary>An answer.</summary>
    public ContractResult(T value)
        : this(value, null)
    {
    }

    /// <summary>A problem.</summary>
    public ContractResult(ContractProblemKind kind, string text)
        : this(null, new ContractProblem(kind, text))
    {
    }
}
