namespace Pbts.Protocol.Proofs;

/// <summary>What a node says of the root that a proof rests on.</summary>
/// <param name="AnchoredAt">Time of its block.</param>
/// <param name="IsKept">Whether the contract keeps the root still, so that a successor takes claims against it.</param>
public sealed record AnchorFinding(DateTimeOffset AnchoredAt, bool IsKept);
