using System.Buffers.Binary;
using Pbts.Protocol.Torrents;

namespace Pbts.Peer.Exchange;

/// <summary>A part of a piece.</summary>
/// <param name="Piece">The piece.</param>
/// <param name="Begin">First byte in the piece.</param>
/// <param name="Length">Bytes.</param>
internal readonly record struct BlockRequest(int Piece, int Begin, int Length)
{
    /// <summary>Reads a request or cancel; <c>false</c> for anything outside the torrent, or above the largest block we serve.</summary>
    public static bool TryRead(ReadOnlySpan<byte> payload, TorrentMetadata torrent, out BlockRequest block)
    {
        block = default;
        if (payload.Length != 12)
            return false;
        var (piece, begin, length) = (BinaryPrimitives.ReadUInt32BigEndian(payload), BinaryPrimitives.ReadUInt32BigEndian(payload[4..]),
            BinaryPrimitives.ReadUInt32BigEndian(payload[8..]));
        if (piece >= (uint)torrent.PieceCount || length is 0 or > PeerMessages.MaxBlockLength
            || (ulong)begin + length > (ulong)torrent.PieceSize((int)piece))
            return false;
        block = new BlockRequest((int)piece, (int)begin, (int)length);
        return true;
    }
}
