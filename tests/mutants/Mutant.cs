namespace Pbts.Mutants;

/// <summary>One change of the code that a test ought to notice.</summary>
/// <param name="File">Path within the clone.</param>
/// <param name="Start">Where in the file what changes begins, in characters.</param>
/// <param name="Before">What is written before the original to choose between the two; <c>#</c> stands for the mutant's number.</param>
/// <param name="After">What is written behind it.</param>
/// <param name="Change">What it does, for people.</param>
internal sealed record Mutant(string File, int Start, int Length, int Line, string Before, string After, string Change)
{
    /// <summary>By which the change is chosen; 0 is none.</summary>
    public int Number { get; init; }

    public int End => Start + Length;

    public override string ToString() => $"{File}:{Line}  {Change}";
}
