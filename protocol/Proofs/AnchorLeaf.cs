using System.Buffers.Binary;

namespace Pbts.Protocol.Proofs;

/// <summary>A member's leaf as a tracker keeps it (<c>anchor_leaves.leaves</c>): row id, commitment, given, taken, big endian.</summary>
/// <param name="Member">The member's row id in the tracker's database.</param>
/// <param name="Commitment">32 bytes, see <see cref="MemberCommitment"/>.</param>
/// <param name="Up">Bytes given.</param>
/// <param name="Down">Bytes taken.</param>
public readonly record struct AnchorLeaf(long Member, ReadOnlyMemory<byte> Commitment, ulong Up, ulong Down)
{
    /// <summary>Leaves of a chunk, but for the last one.</summary>
    public const int ChunkLength = 1 << ChunkLevel;

    /// <summary>The level of a chunk's node above its leaves.</summary>
    public const int ChunkLevel = 10;

    /// <summary>Bytes of a leaf.</summary>
    public const int Size = 8 + SumNode.HashSize + 8 + 8;

    /// <summary>The leaf in the tree.</summary>
    public SumNode Node => SumNode.Leaf(Commitment.Span, Up, Down);

    /// <summary>Writes <see cref="Size"/> bytes.</summary>
    public void Write(Span<byte> bytes)
    {
        BinaryPrimitives.WriteInt64BigEndian(bytes, Member);
        Commitment.Span.CopyTo(bytes[8..]);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[40..], Up);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[48..], Down);
    }

    /// <summary>The leaves of a chunk.</summary>
    public static AnchorLeaf[] ReadAll(ReadOnlyMemory<byte> bytes)
    {
        var leaves = new AnchorLeaf[bytes.Length / Size];
        for (var i = 0; i < leaves.Length; i++)
        {
            var leaf = bytes.Slice(i * Size, Size);
            leaves[i] = new(
                BinaryPrimitives.ReadInt64BigEndian(leaf.Span), leaf[8..40], BinaryPrimitives.ReadUInt64BigEndian(leaf.Span[40..]), BinaryPrimitives.ReadUInt64BigEndian(leaf.Span[48..]));
        }
        return leaves;
    }
}
