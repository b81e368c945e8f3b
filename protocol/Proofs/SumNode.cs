using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Org.BouncyCastle.Crypto.Digests;

namespace Pbts.Protocol.Proofs;

/// <summary>
/// A node of a Merkle sum tree: the keccak-256 of what is below it, and what that adds up to. A parent hashes the sums of both
/// of its children: with only their total in the hash, one child's sum could be left out of it.
/// </summary>
public readonly struct SumNode : IEquatable<SumNode>
{
    /// <summary>Bytes of a hash.</summary>
    public const int HashSize = 32;

    /// <summary>Bytes of a node as it travels: hash, given, taken.</summary>
    public const int Size = HashSize + 8 + 8;

    private const byte LeafTag = 0;
    private const byte NodeTag = 1;
    private const byte PaddingTag = 2;

    [ThreadStatic]
    private static KeccakDigest? s_keccak;

    private readonly Digest _hash;

    /// <summary>Takes a node as it is.</summary>
    /// <exception cref="ArgumentException">The hash is not 32 bytes long.</exception>
    public SumNode(ReadOnlySpan<byte> hash, ulong up, ulong down)
    {
        if (hash.Length != HashSize)
            throw new ArgumentException($"A hash has {HashSize} bytes.", nameof(hash));
        hash.CopyTo(_hash);
        (Up, Down) = (up, down);
    }

    /// <summary>Fills a tree up to a power of two: <c>keccak(0x02)</c>, sums 0.</summary>
    public static SumNode Padding { get; } = Hash([PaddingTag], 0, 0);

    /// <summary>Bytes given by the members below.</summary>
    public ulong Up { get; }

    /// <summary>Bytes taken by the members below.</summary>
    public ulong Down { get; }

    /// <summary>The 32 bytes of the hash, in a new array.</summary>
    public byte[] ToHash() => ((ReadOnlySpan<byte>)_hash).ToArray();

    /// <summary><c>0x</c> and 64 digits of lower case.</summary>
    public string HashText => "0x" + Convert.ToHexStringLower(_hash);

    /// <summary>A member's leaf: <c>keccak(0x00 || commitment || up u64 || down u64)</c>, big endian.</summary>
    public static SumNode Leaf(ReadOnlySpan<byte> commitment, ulong up, ulong down)
    {
        Span<byte> bytes = stackalloc byte[1 + HashSize + 16];
        bytes[0] = LeafTag;
        commitment.CopyTo(bytes[1..]);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[(1 + HashSize)..], up);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[(1 + HashSize + 8)..], down);
        return Hash(bytes, up, down);
    }

    /// <summary>The parent: <c>keccak(0x01 || left || right)</c>, each as <see cref="Write"/> gives it; null when a sum does not fit into 64 bits.</summary>
    public static SumNode? Join(in SumNode left, in SumNode right)
    {
        if (left.Up > ulong.MaxValue - right.Up || left.Down > ulong.MaxValue - right.Down)
            return null;
        Span<byte> bytes = stackalloc byte[1 + (2 * Size)];
        bytes[0] = NodeTag;
        left.Write(bytes[1..]);
        right.Write(bytes[(1 + Size)..]);
        return Hash(bytes, left.Up + right.Up, left.Down + right.Down);
    }

    /// <summary>Writes <see cref="Size"/> bytes: hash, up, down, big endian.</summary>
    public void Write(Span<byte> bytes)
    {
        ((ReadOnlySpan<byte>)_hash).CopyTo(bytes);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[HashSize..], Up);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[(HashSize + 8)..], Down);
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    public static SumNode Read(ReadOnlySpan<byte> bytes) => new(
        bytes[..HashSize], BinaryPrimitives.ReadUInt64BigEndian(bytes[HashSize..]), BinaryPrimitives.ReadUInt64BigEndian(bytes[(HashSize + 8)..]));

    /// <inheritdoc/>
    public bool Equals(SumNode other) => Up == other.Up && Down == other.Down && ((ReadOnlySpan<byte>)_hash).SequenceEqual(other._hash);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is SumNode other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => BinaryPrimitives.ReadInt32LittleEndian(_hash);

    /// <summary>Whether hash and sums are the same.</summary>
    public static bool operator ==(SumNode left, SumNode right) => left.Equals(right);

    /// <summary>Whether anything differs.</summary>
    public static bool operator !=(SumNode left, SumNode right) => !left.Equals(right);

    private static SumNode Hash(ReadOnlySpan<byte> bytes, ulong up, ulong down)
    {
        Span<byte> hash = stackalloc byte[HashSize];
        Keccak(bytes, hash);
        return new(hash, up, down);
    }

    /// <summary>keccak-256 as Ethereum has it, which is not SHA3-256.</summary>
    internal static void Keccak(ReadOnlySpan<byte> bytes, Span<byte> hash)
    {
        var keccak = s_keccak ??= new KeccakDigest(256);
        keccak.BlockUpdate(bytes);
        keccak.DoFinal(hash);
    }

    [InlineArray(HashSize)]
    private struct Digest
    {
        private byte _first;
    }
}
