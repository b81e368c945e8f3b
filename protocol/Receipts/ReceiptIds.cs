using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Pbts.Protocol.Receipts;

/// <summary>
/// Computes the canonical receipt identity: SHA-256 over a fixed-width record of 177 bytes, so that no two different
/// receipts share their bytes, and both dialects of one piece in one hour are one receipt.
/// </summary>
/// <remarks>
/// Record, big endian: tag <c>pbts-receipt-v1</c> and a NUL (16), infohash (20), sender (48), receiver (48),
/// kind of the piece hash (1: its length, 20 or 32), piece hash left-padded with zeros (32), index u32 (4), epoch u64 (8).
/// </remarks>
public static class ReceiptIds
{
    /// <summary>Length of the hashed record in bytes.</summary>
    public const int RecordLength = 177;

    private static ReadOnlySpan<byte> Tag => "pbts-receipt-v1\0"u8;

    /// <summary>The identity of a receipt, whatever its signature.</summary>
    public static ReceiptId Compute(Receipt receipt)
    {
        ArgumentNullException.ThrowIfNull(receipt);
        return Compute(receipt.InfoHash, receipt.Sender, receipt.Receiver, receipt.PieceHash, receipt.PieceIndex, receipt.Time.Epoch);
    }

    /// <summary>The identity from the parts.</summary>
    public static ReceiptId Compute(InfoHash infoHash, MemberKey sender, MemberKey receiver, PieceHash pieceHash, uint pieceIndex, ulong epoch)
    {
        Span<byte> record = stackalloc byte[RecordLength];
        record.Clear();
        Tag.CopyTo(record);
        infoHash.Span.CopyTo(record[16..]);
        sender.Span.CopyTo(record[36..]);
        receiver.Span.CopyTo(record[84..]);
        record[132] = pieceHash.Length;
        pieceHash.Span.CopyTo(record[(165 - pieceHash.Length)..]);
        BinaryPrimitives.WriteUInt32BigEndian(record[165..], pieceIndex);
        BinaryPrimitives.WriteUInt64BigEndian(record[169..], epoch);
        Span<byte> id = stackalloc byte[ReceiptId.Length];
        SHA256.HashData(record, id);
        return ReceiptId.From(id);
    }
}
