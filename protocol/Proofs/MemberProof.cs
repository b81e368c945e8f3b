using Pbts.Protocol.Ethereum;
using Pbts.Protocol.Receipts;

namespace Pbts.Protocol.Proofs;

/// <summary>
/// That a member has these totals, in the tree of a root that a contract keeps. Whoever has it needs neither the tracker nor
/// anything of this program to check it: docs/proofs.md has the bytes.
/// </summary>
public sealed record MemberProof
{
    /// <summary>The member.</summary>
    public required string UserId { get; init; }

    /// <summary>The member's key when the tree was made.</summary>
    public required MemberKey PublicKey { get; init; }

    /// <summary>Proven bytes given.</summary>
    public required ulong Up { get; init; }

    /// <summary>Proven bytes taken.</summary>
    public required ulong Down { get; init; }

    /// <summary>The member's own 16 bytes, without which its leaf tells nobody whose it is.</summary>
    public required ReadOnlyMemory<byte> Salt { get; init; }

    /// <summary>The leaf's place, from 0.</summary>
    public required long Index { get; init; }

    /// <summary>From the leaf up.</summary>
    public required IReadOnlyList<PathStep> Path { get; init; }

    /// <summary>The root's hash and what all members' totals add up to.</summary>
    public required SumNode Root { get; init; }

    /// <summary>Members in the tree.</summary>
    public required long Members { get; init; }

    /// <summary>Which of the contract's anchors this is, from 1.</summary>
    public required long Sequence { get; init; }

    /// <summary>The contract that keeps the root.</summary>
    public required EthereumAddress Contract { get; init; }

    /// <summary>The contract's chain.</summary>
    public required ulong ChainId { get; init; }

    /// <summary>The block in which the root was anchored.</summary>
    public required ulong Block { get; init; }

    /// <summary>The transaction that did it: <c>0x</c> and 64 digits.</summary>
    public required string TxHash { get; init; }

    /// <summary>The member's leaf.</summary>
    public SumNode Leaf => SumNode.Leaf(MemberCommitment.Of(Salt.Span, UserId, PublicKey), Up, Down);

    /// <summary>
    /// What does not hold, or null: then the member has these totals, if the contract has anchored <see cref="Root"/>. Says
    /// nothing of <see cref="Sequence"/>, <see cref="Contract"/>, <see cref="ChainId"/>, <see cref="Block"/> and <see cref="TxHash"/>,
    /// which say where to look for it.
    /// </summary>
    public ProofFault? Verify()
    {
        if (Index >= Members)
            return new(ProofStep.Path, $"index is {Index}, of {Members} members");
        if (Path.Count != SumTree.DepthOf(Members))
            return new(ProofStep.Path, $"path has {Path.Count} steps; a tree of {Members} members has {SumTree.DepthOf(Members)}");
        var node = Leaf;
        for (var level = 0; level < Path.Count; level++)
        {
            var (sibling, isLeft) = Path[level];
            if (isLeft != ((Index >> level & 1) != 0))
                return new(ProofStep.Path, $"path[{level}].left is {(isLeft ? "true" : "false")}, which is not the way of index {Index}");
            if ((isLeft ? SumNode.Join(sibling, node) : SumNode.Join(node, sibling)) is not { } parent)
                return new(ProofStep.Sums, $"path[{level}]: the sums do not fit into 64 bits");
            node = parent;
        }
        if (!node.ToHash().AsSpan().SequenceEqual(Root.ToHash()))
            return new(ProofStep.Root, $"name, key, salt, totals and path lead to {node.HashText}, not to root");
        if (node.Up != Root.Up || node.Down != Root.Down)
            return new(ProofStep.Totals, $"the leaves add up to {node.Up} up and {node.Down} down, not to total_up and total_down");
        return null;
    }
}
