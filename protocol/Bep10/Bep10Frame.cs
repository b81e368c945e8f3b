using System.Buffers.Binary;

namespace Pbts.Protocol.Bep10;

/// <summary>The frame of an extended message (BEP 10): u32 length of what follows, byte 20, sub-id, payload.</summary>
public static class Bep10Frame
{
    /// <summary>Message id of every extended message.</summary>
    public const byte ExtendedMessageId = 20;

    /// <summary>Sub-id of the handshake.</summary>
    public const byte HandshakeId = 0;

    /// <summary>Bytes before the payload.</summary>
    public const int HeaderLength = 6;

    /// <summary>Builds a frame.</summary>
    public static byte[] Build(byte subId, ReadOnlySpan<byte> payload)
    {
        var frame = new byte[HeaderLength + payload.Length];
        BinaryPrimitives.WriteUInt32BigEndian(frame, (uint)payload.Length + 2);
        frame[4] = ExtendedMessageId;
        frame[5] = subId;
        payload.CopyTo(frame.AsSpan(HeaderLength));
        return frame;
    }

    /// <summary>Takes exactly one whole frame apart; <c>false</c> when it is anything else, or above <see cref="Bep10Limits.MaxPayload"/>.</summary>
    public static bool TryParse(ReadOnlyMemory<byte> frame, out byte subId, out ReadOnlyMemory<byte> payload)
    {
        subId = 0;
        payload = default;
        var span = frame.Span;
        if (span.Length < HeaderLength || span.Length > HeaderLength + Bep10Limits.MaxPayload || span[4] != ExtendedMessageId
            || BinaryPrimitives.ReadUInt32BigEndian(span) != (uint)span.Length - 4)
            return false;
        subId = span[5];
        payload = frame[HeaderLength..];
        return true;
    }
}
