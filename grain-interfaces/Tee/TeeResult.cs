using Pbts.Protocol;

namespace Pbts.GrainInterfaces.Tee;

/// <summary>What the trusted machine gave, or why it gave nothing: an <see cref="Outcome{T}"/> as it travels.</summary>
/// <typeparam name="T">The type of the answer.</typeparam>
/// <param name="Value">Null when there is a problem.</param>
/// <param name="Problem">One line for the caller.</param>
[GenerateSerializer, Immutable, Alias("pbts.TeeResult`1")]
public sealed record TeeResult<T>([property: Id(0)] T? Value, [property: Id(1)] string? Problem)
    where T : class
{
    /// <summary>An answer.</summary>
    public static implicit operator TeeResult<T>(T value) => new(value, null);

    /// <summary>A problem.</summary>
    public static implicit operator TeeResult<T>(Problem problem) => new(null, problem?.Text);
}
