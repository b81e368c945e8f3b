using System.Diagnostics.CodeAnalysis;

namespace Pbts.Protocol;

/// <summary>What something gave, or the problem in its place.</summary>
/// <typeparam name="T">The type of what it gives.</typeparam>
public readonly struct Outcome<T>
{
    private readonly T? _value;

    /// <summary>A value.</summary>
    public Outcome(T value) => _value = value;

    /// <summary>A problem.</summary>
    public Outcome(Problem problem) => Problem = problem;

    /// <summary>The problem, null when there is a value.</summary>
    public Problem? Problem { get; }

    /// <summary>A value.</summary>
    public static implicit operator Outcome<T>(T value) => new(value);

    /// <summary>A problem.</summary>
    public static implicit operator Outcome<T>(Problem problem) => new(problem);

    /// <summary>Gives the value, or the problem.</summary>
    public bool TryGet([MaybeNullWhen(false)] out T value, [NotNullWhen(false)] out Problem? problem)
    {
        value = _value;
        problem = Problem;
        return problem is null;
    }
}
