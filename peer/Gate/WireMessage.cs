using System.Buffers.Binary;
using Pbts.Peer.Exchange;

namespace Pbts.Peer.Gate;

/// <summary>The first bytes of a message, from its length on.</summary>
/// <param name="head">As many as there are.</param>
internal readonly ref struct WireMessage(ReadOnlySpan<byte> head)
{
    /// <summary>Length, id and sub-id of an extended message.</summary>
    public const int ExtendedHead = 6;

    private const int ShortMessage = 17;

    private readonly ReadOnlySpan<byte> _head = head;

    public byte Id => _head[4];

    public int Piece => BinaryPrimitives.ReadInt32BigEndian(_head[5..]);

    public int Begin => BinaryPrimitives.ReadInt32BigEndian(_head[9..]);

    public int Length => BinaryPrimitives.ReadInt32BigEndian(_head[13..]);

    /// <summary>What follows the id.</summary>
    public ReadOnlySpan<byte> Payload => _head[5..];

    public byte ExtendedId => _head.Length < ExtendedHead ? byte.MaxValue : _head[5];

    public bool IsExtendedHandshake => ExtendedId == 0;

    /// <summary>Whether it is sent with an id that the gate gave out.</summary>
    public bool IsPbts => ExtendedId == GateHandshake.Ids.Voucher || ExtendedId == GateHandshake.Ids.Ack || ExtendedId == GateHandshake.Ids.Request;

    /// <summary>Bytes of a message that decide what becomes of it.</summary>
    /// <param name="available">What has come.</param>
    /// <param name="total">Bytes of the whole message with its length.</param>
    /// <param name="seesBitfields">Whether a bitfield has to be there whole.</param>
    public static long HeadLength(ReadOnlySpan<byte> available, long total, bool seesBitfields)
    {
        if (available.Length <= 4)
            return 5;
        var isWhole = available[4] switch
        {
            PeerMessages.BitfieldId => seesBitfields,
            PeerMessages.Extended when available.Length < ExtendedHead => false,
            PeerMessages.Extended => new WireMessage(available) is { IsExtendedHandshake: true } or { IsPbts: true },
            _ => false,
        };
        return isWhole && total <= WirePump.MaxHead ? total
            : available[4] == PeerMessages.Extended ? ExtendedHead
            : ShortMessage;
    }
}
