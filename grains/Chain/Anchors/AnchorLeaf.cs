using System.Buffers.Binary;
using Pbts.Protocol.Proofs;

namespace Pbts.Grains.Chain.Anchors;

/// <summary>A member's leaf as it is kept.</summary>
/// <param name="Member">Row id.</param>
/// <param name="Commitment">32 bytes.</param>
/// <param name="Up">Bytes given.</param>
/// <param name="Down">Bytes taken.</param>
internal readonly record struct AnchorLeaf(long Member, byte[] Commitment, ulong Up, ulong Down)
{
    /// <summary>Leaves of a chunk, but for the last one.</summary>
    public const int ChunkLength = 1 << ChunkLevel;

    /// <summary>The level of a chunk's node above its leaves.</summary>
    public const int ChunkLevel = 10;

    /// <summary>Bytes of a leaf.</summary>
    public const int Size = 8 + SumNode.HashSize + 8 + 8;

    public SumNode Node => SumNode.Leaf(Commitment, Up, Down);

    public void Write(Span<byte> bytes)
    {
        BinaryPrimitives.WriteInt64BigEndian(bytes, Member);
        Commitment.CopyTo(bytes[8..]);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[40..], Up);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[48..], Down);
    }

    /// <summary>The leaves of a chunk.</summary>
    public static AnchorLeaf[] ReadAll(ReadOnlySpan<byte> bytes)
    {
        var leaves = new AnchorLeaf[bytes.Length / Size];
        for (var i = 0; i < leaves.Length; i++)
        {
            var leaf = bytes.Slice(i * Size, Size);
            leaves[i] = new(
                BinaryPrimitives.ReadInt64BigEndian(leaf), leaf[8..40].ToArray(), BinaryPrimitives.ReadUInt64BigEndian(leaf[40..]), BinaryPrimitives.ReadUInt64BigEndian(leaf[48..]));
        }
        return leaves;
    }
}
