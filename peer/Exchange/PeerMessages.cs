using System.Buffers.Binary;

namespace Pbts.Peer.Exchange;

/// <summary>Ids and frames of the peer wire messages of BEP 3.</summary>
internal static class PeerMessages
{
    public const byte Choke = 0;
    public const byte Unchoke = 1;
    public const byte Interested = 2;
    public const byte NotInterested = 3;
    public const byte Have = 4;
    public const byte BitfieldId = 5;
    public const byte Request = 6;
    public const byte Piece = 7;
    public const byte Cancel = 8;

    /// <summary>Of BEP 6, which we do not speak ourselves.</summary>
    public const byte HaveAll = 14;

    /// <inheritdoc cref="HaveAll"/>
    public const byte HaveNone = 15;

    /// <inheritdoc cref="HaveAll"/>
    public const byte Reject = 16;

    public const byte Extended = 20;

    /// <summary>Bytes asked for at a time; every client serves these.</summary>
    public const int BlockLength = 16384;

    /// <summary>The largest block we serve.</summary>
    public const int MaxBlockLength = 128 * 1024;

    public static byte[] KeepAlive { get; } = new byte[4];

    public static byte[] Simple(byte id) => [0, 0, 0, 1, id];

    public static byte[] WithPayload(byte id, ReadOnlySpan<byte> payload)
    {
        var frame = new byte[5 + payload.Length];
        BinaryPrimitives.WriteUInt32BigEndian(frame, (uint)payload.Length + 1);
        frame[4] = id;
        payload.CopyTo(frame.AsSpan(5));
        return frame;
    }

    public static byte[] Numbers(byte id, params ReadOnlySpan<int> numbers)
    {
        var frame = new byte[5 + numbers.Length * 4];
        BinaryPrimitives.WriteUInt32BigEndian(frame, (uint)frame.Length - 4);
        frame[4] = id;
        for (var i = 0; i < numbers.Length; i++)
            BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5 + i * 4), numbers[i]);
        return frame;
    }

    /// <summary>A piece message's header and room for its block.</summary>
    public static byte[] PieceFrame(BlockRequest block)
    {
        var frame = new byte[13 + block.Length];
        BinaryPrimitives.WriteUInt32BigEndian(frame, (uint)block.Length + 9);
        frame[4] = Piece;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), block.Piece);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(9), block.Begin);
        return frame;
    }
}
