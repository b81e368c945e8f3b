using System.Buffers.Binary;
using Pbts.Protocol.Receipts;

namespace Pbts.GrainInterfaces.Ledger;

/// <summary>How a <see cref="Receipt"/> travels between processes: its fields one after another, big endian.</summary>
[GenerateSerializer, Immutable, Alias("pbts.Receipt")]
public struct ReceiptSurrogate
{
    [Id(0)]
    public byte[] Packed { get; set; }
}

/// <summary>Packs and unpacks receipts for Orleans; the protocol library knows nothing of Orleans.</summary>
[RegisterConverter]
public sealed class ReceiptConverter : IConverter<Receipt, ReceiptSurrogate>
{
    private const int Fixed = InfoHash.Length + (2 * MemberKey.Length) + ReceiptSignature.Length + sizeof(uint) + sizeof(byte) + sizeof(ulong) + sizeof(long);

    public Receipt ConvertFromSurrogate(in ReceiptSurrogate surrogate)
    {
        ReadOnlySpan<byte> rest = surrogate.Packed;
        return new Receipt
        {
            InfoHash = InfoHash.From(Take(ref rest, InfoHash.Length)),
            Sender = MemberKey.From(Take(ref rest, MemberKey.Length)),
            Receiver = MemberKey.From(Take(ref rest, MemberKey.Length)),
            Signature = ReceiptSignature.From(Take(ref rest, ReceiptSignature.Length)),
            PieceIndex = BinaryPrimitives.ReadUInt32BigEndian(Take(ref rest, sizeof(uint))),
            Time = new ReceiptTime((ReceiptTimeKind)Take(ref rest, 1)[0], BinaryPrimitives.ReadUInt64BigEndian(Take(ref rest, sizeof(ulong)))),
            PieceSize = BinaryPrimitives.ReadInt64BigEndian(Take(ref rest, sizeof(long))),
            PieceHash = PieceHash.From(rest),
        };
    }

    public ReceiptSurrogate ConvertToSurrogate(in Receipt value)
    {
        ArgumentNullException.ThrowIfNull(value);
        var packed = new byte[Fixed + value.PieceHash.Length];
        var rest = packed.AsSpan();
        Put(ref rest, value.InfoHash.Span);
        Put(ref rest, value.Sender.Span);
        Put(ref rest, value.Receiver.Span);
        Put(ref rest, value.Signature.Span);
        BinaryPrimitives.WriteUInt32BigEndian(rest, value.PieceIndex);
        rest[sizeof(uint)] = (byte)value.Time.Kind;
        BinaryPrimitives.WriteUInt64BigEndian(rest[5..], value.Time.Value);
        BinaryPrimitives.WriteInt64BigEndian(rest[13..], value.PieceSize);
        value.PieceHash.Span.CopyTo(rest[21..]);
        return new ReceiptSurrogate { Packed = packed };
    }

    private static ReadOnlySpan<byte> Take(ref ReadOnlySpan<byte> rest, int count)
    {
        var taken = rest[..count];
        rest = rest[count..];
        return taken;
    }

    private static void Put(ref Span<byte> rest, scoped ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(rest);
        rest = rest[bytes.Length..];
    }
}
