using System.Buffers.Binary;

namespace Pbts.GrainInterfaces.Swarms;

/// <summary>The 20 bytes a client calls itself by (BEP 3 <c>peer_id</c>); not necessarily text.</summary>
[GenerateSerializer, Immutable, Alias("pbts.PeerId")]
public readonly record struct PeerId([property: Id(0)] ulong First, [property: Id(1)] ulong Second, [property: Id(2)] uint Third)
{
    public const int Length = 20;

    /// <summary>Reads <see cref="Length"/> bytes.</summary>
    public static PeerId Read(ReadOnlySpan<byte> bytes) => new(
        BinaryPrimitives.ReadUInt64BigEndian(bytes),
        BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]),
        BinaryPrimitives.ReadUInt32BigEndian(bytes[16..]));

    /// <summary>Writes <see cref="Length"/> bytes.</summary>
    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination, First);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], Second);
        BinaryPrimitives.WriteUInt32BigEndian(destination[16..], Third);
    }
}
