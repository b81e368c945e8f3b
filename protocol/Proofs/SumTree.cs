using System.Numerics;

namespace Pbts.Protocol.Proofs;

/// <summary>
/// A binary tree over leaves that come one by one, padded to a power of two. It keeps one node a level, however many leaves
/// there are.
/// </summary>
public sealed class SumTree
{
    /// <summary>Levels of a tree of the most members, 2^32.</summary>
    public const int MaxDepth = 32;

    private static readonly SumNode[] PaddingLevels = MakePadding();

    /// <summary>By level: the node of a whole subtree that waits for its right sibling, where the bit of <see cref="Count"/> is set.</summary>
    private readonly SumNode[] _waiting = new SumNode[MaxDepth + 1];

    /// <summary>Leaves so far.</summary>
    public long Count { get; private set; }

    /// <summary>Levels above the leaves of a tree of so many members.</summary>
    public static int DepthOf(long members) => members <= 1 ? 0 : 64 - BitOperations.LeadingZeroCount((ulong)members - 1);

    /// <summary>The root of a subtree of padding alone.</summary>
    public static SumNode PaddingAt(int level) => PaddingLevels[level];

    /// <summary>Adds the next leaf, or the root of the next whole subtree where all are of that size.</summary>
    /// <exception cref="OverflowException">The sums do not fit into 64 bits.</exception>
    public void Add(SumNode leaf)
    {
        var level = 0;
        for (var bits = Count; (bits & 1) != 0; bits >>= 1)
            leaf = Join(_waiting[level++], leaf);
        _waiting[level] = leaf;
        Count++;
    }

    /// <summary>The root of what was added, with padding behind it; the tree is used up by it.</summary>
    /// <param name="level">The level of what was added: 0 for leaves.</param>
    /// <exception cref="InvalidOperationException">Nothing was added.</exception>
    /// <exception cref="OverflowException">The sums do not fit into 64 bits.</exception>
    public SumNode Finish(int level = 0)
    {
        if (Count == 0)
            throw new InvalidOperationException("A tree needs a member.");
        SumNode? node = null;
        var depth = DepthOf(Count);
        for (var at = 0; at < depth; at++)
        {
            if ((Count >> at & 1) != 0)
                node = Join(_waiting[at], node ?? PaddingAt(level + at));
            else if (node is { } left)
                node = Join(left, PaddingAt(level + at));
        }
        return node ?? _waiting[depth];
    }

    /// <summary>The siblings from a leaf up to the root of the tree over <paramref name="leaves"/>.</summary>
    /// <param name="leaves">All leaves without padding, or roots of subtrees.</param>
    /// <param name="index">Which of them.</param>
    /// <param name="level">Their level: 0 for leaves.</param>
    /// <param name="depth">Levels to go up; by default to the root.</param>
    /// <exception cref="OverflowException">The sums do not fit into 64 bits.</exception>
    public static List<SumNode> PathOf(IReadOnlyList<SumNode> leaves, int index, int level = 0, int? depth = null)
    {
        var path = new List<SumNode>();
        var nodes = leaves;
        for (var (at, end) = (level, level + (depth ?? DepthOf(leaves.Count))); at < end; at++, index >>= 1)
        {
            path.Add((index ^ 1) < nodes.Count ? nodes[index ^ 1] : PaddingAt(at));
            var parents = new SumNode[(nodes.Count + 1) / 2];
            for (var i = 0; i < parents.Length; i++)
                parents[i] = Join(nodes[2 * i], (2 * i) + 1 < nodes.Count ? nodes[(2 * i) + 1] : PaddingAt(at));
            nodes = parents;
        }
        return path;
    }

    private static SumNode Join(in SumNode left, in SumNode right) =>
        SumNode.Join(left, right) ?? throw new OverflowException("The members' totals do not fit into 64 bits.");

    private static SumNode[] MakePadding()
    {
        var levels = new SumNode[MaxDepth + 1];
        levels[0] = SumNode.Padding;
        for (var i = 1; i < levels.Length; i++)
            levels[i] = Join(levels[i - 1], levels[i - 1]);
        return levels;
    }
}
