using CsCheck;
using Pbts.Protocol.Proofs;

namespace Pbts.Protocol.Tests.Proofs;

public class SumTreeTests
{
    private static readonly Gen<SumNode> Leaves = Gen.Select(Gen.Byte.Array[32], Gen.ULong[0, ulong.MaxValue >> 12], Gen.ULong[0, ulong.MaxValue >> 12]).Select((commitment, up, down) => SumNode.Leaf(commitment, up, down));

    [Fact]
    public void A_tree_of_one_member_is_its_leaf()
    {
        var leaf = SumNode.Leaf(new byte[32], 7, 9);
        Assert.Equal(leaf, RootOf([leaf]));
        Assert.Equal(0, SumTree.DepthOf(1));
        Assert.Empty(SumTree.PathOf([leaf], 0));
    }

    [Fact]
    public void Padding_is_a_hash_of_its_own_and_adds_nothing()
    {
        // keccak-256 of the byte 02, as any other program gives it.
        Assert.Equal("0xf2ee15ea639b73fa3db9b34a245bdfa015c260c598b211bf05a1ecc4b3e3b4f2", SumNode.Padding.HashText);
        SumNode[] three = [.. Enumerable.Range(1, 3).Select(i => SumNode.Leaf(new byte[32], (ulong)i, (ulong)(10 * i)))];
        var root = RootOf(three);
        Assert.Equal(SumNode.Join(SumNode.Join(three[0], three[1])!.Value, SumNode.Join(three[2], SumNode.Padding)!.Value), root);
        Assert.Equal((6UL, 60UL), (root.Up, root.Down));
    }

    [Fact]
    public void Every_path_leads_to_the_root_whatever_the_number_of_members() =>
        Gen.Int[1, 70].SelectMany(count => Leaves.Array[count]).Sample(leaves =>
        {
            var root = RootOf(leaves);
            for (var index = 0; index < leaves.Length; index++)
            {
                var path = SumTree.PathOf(leaves, index);
                var node = leaves[index];
                for (var level = 0; level < path.Count; level++)
                    node = ((index >> level & 1) != 0 ? SumNode.Join(path[level], node) : SumNode.Join(node, path[level]))!.Value;
                Assert.Equal(root, node);
                Assert.Equal(SumTree.DepthOf(leaves.Length), path.Count);
            }
        }, iter: 50);

    [Fact]
    public void A_tree_of_subtrees_has_the_root_of_the_tree_of_their_leaves() =>
        Gen.Int[1, 200].SelectMany(count => Leaves.Array[count]).Sample(leaves =>
        {
            const int Level = 3;
            var top = new SumTree();
            foreach (var part in leaves.Chunk(1 << Level))
            {
                var tree = new SumTree();
                foreach (var leaf in part)
                    tree.Add(leaf);
                for (var i = part.Length; leaves.Length > 1 << Level && i < 1 << Level; i++)
                    tree.Add(SumNode.Padding);
                top.Add(tree.Finish());
            }
            Assert.Equal(RootOf(leaves), top.Finish(Level));
        }, iter: 100);

    [Fact]
    public void A_sum_beyond_64_bits_is_refused()
    {
        var (large, one) = (SumNode.Leaf(new byte[32], ulong.MaxValue, 0), SumNode.Leaf(new byte[32], 1, 0));
        Assert.Null(SumNode.Join(large, one));
        var tree = new SumTree();
        tree.Add(large);
        Assert.Throws<OverflowException>(() => tree.Add(one));
    }

    [Fact]
    public void The_hash_of_a_parent_binds_the_sums_of_both_children()
    {
        var (left, right) = (SumNode.Leaf(new byte[32], 5, 5), SumNode.Leaf(new byte[32], 7, 7));
        var parent = SumNode.Join(left, right)!.Value;
        // The same total, otherwise divided.
        var other = SumNode.Join(new(left.ToHash(), 4, 5), new(right.ToHash(), 8, 7))!.Value;
        Assert.Equal((parent.Up, parent.Down), (other.Up, other.Down));
        Assert.NotEqual(parent.HashText, other.HashText);
    }

    private static SumNode RootOf(IEnumerable<SumNode> leaves)
    {
        var tree = new SumTree();
        foreach (var leaf in leaves)
            tree.Add(leaf);
        return tree.Finish();
    }
}
