using System.Buffers.Binary;

namespace Pbts.Protocol.Receipts;

/// <summary>
/// The bytes a receiver signs: infohash 20, sender key 48, piece hash 20 or 32, piece index u32, time u64, all big endian.
/// Both dialects have this layout; the HTTP dialect signs a timestamp, the BEP 10 dialect an epoch.
/// </summary>
public static class ReceiptMessage
{
    /// <summary>Length with a 32-byte piece hash; 12 less with a 20-byte one.</summary>
    public const int MaxLength = InfoHash.Length + MemberKey.Length + PieceHash.Sha256Length + sizeof(uint) + sizeof(ulong);

    /// <summary>Builds the message: 100 or 112 bytes.</summary>
    public static byte[] Build(InfoHash infoHash, MemberKey sender, PieceHash pieceHash, uint pieceIndex, ReceiptTime time)
    {
        Span<byte> buffer = stackalloc byte[MaxLength];
        return buffer[..Write(buffer, infoHash, sender, pieceHash, pieceIndex, time)].ToArray();
    }

    /// <summary>Writes the message and gives its length.</summary>
    /// <param name="destination">At least <see cref="MaxLength"/> bytes.</param>
    /// <param name="infoHash">The torrent.</param>
    /// <param name="sender">The uploader's key.</param>
    /// <param name="pieceHash">The piece's hash.</param>
    /// <param name="pieceIndex">The piece's number.</param>
    /// <param name="time">The signed time.</param>
    public static int Write(Span<byte> destination, InfoHash infoHash, MemberKey sender, PieceHash pieceHash, uint pieceIndex, ReceiptTime time)
    {
        infoHash.Span.CopyTo(destination);
        sender.Span.CopyTo(destination[20..]);
        pieceHash.Span.CopyTo(destination[68..]);
        var end = 68 + pieceHash.Length;
        BinaryPrimitives.WriteUInt32BigEndian(destination[end..], pieceIndex);
        BinaryPrimitives.WriteUInt64BigEndian(destination[(end + 4)..], time.Value);
        return end + 12;
    }
}
