namespace Pbts.Protocol.Proofs;

/// <summary>A step from a leaf up: the sibling, and on which side it is.</summary>
/// <param name="Sibling">The other child of the parent.</param>
/// <param name="IsLeft">Whether the sibling is the left one.</param>
public readonly record struct PathStep(SumNode Sibling, bool IsLeft);
