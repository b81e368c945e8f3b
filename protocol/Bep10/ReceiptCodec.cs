using System.Buffers;
using Pbts.Protocol.Bencode;
using Pbts.Protocol.Receipts;

namespace Pbts.Protocol.Bep10;

/// <summary>
/// The payloads of the PBTS messages. Reading is strict: canonical bencode, every field present with its exact
/// length and range, unknown keys ignored. Nothing here verifies a signature.
/// </summary>
public static class ReceiptCodec
{
    /// <summary>Encodes one receipt.</summary>
    public static byte[] EncodeReceipt(WireReceipt receipt)
    {
        ArgumentNullException.ThrowIfNull(receipt);
        var buffer = new ArrayBufferWriter<byte>(512);
        Write(new BencodeWriter(buffer), receipt);
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Encodes a batch, in the order given; an empty one is legal.</summary>
    public static byte[] EncodeBatch(IEnumerable<WireReceipt> receipts)
    {
        ArgumentNullException.ThrowIfNull(receipts);
        var buffer = new ArrayBufferWriter<byte>(4096);
        var writer = new BencodeWriter(buffer);
        writer.Dictionary();
        writer.Bytes("receipts"u8);
        writer.List();
        foreach (var receipt in receipts)
            Write(writer, receipt);
        writer.End();
        writer.End();
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Encodes a request.</summary>
    public static byte[] EncodeRequest(ReceiptRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var buffer = new ArrayBufferWriter<byte>(128);
        var writer = new BencodeWriter(buffer);
        writer.Dictionary();
        writer.Entry("infohash"u8, request.InfoHash.Span);
        writer.Entry("piece_hash"u8, request.PieceHash.Span);
        writer.Entry("piece_index"u8, request.PieceIndex);
        writer.End();
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Encodes an acknowledgement.</summary>
    public static byte[] EncodeAck(long count)
    {
        var buffer = new ArrayBufferWriter<byte>(32);
        var writer = new BencodeWriter(buffer);
        writer.Dictionary();
        writer.Entry("count"u8, count);
        writer.End();
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Reads an acknowledgement.</summary>
    public static bool TryParseAck(ReadOnlyMemory<byte> payload, out long count)
    {
        count = 0;
        return TryRoot(payload, out var root) && root.TryGetNumber("count"u8, out count) && count >= 0;
    }

    /// <summary>Reads one receipt.</summary>
    public static bool TryParseReceipt(ReadOnlyMemory<byte> payload, out WireReceipt? receipt)
    {
        receipt = null;
        return TryRoot(payload, out var root) && TryRead(root, out receipt);
    }

    /// <summary>Reads a batch of at most <see cref="Bep10Limits.MaxReceiptsPerBatch"/>; one bad receipt refuses the whole message.</summary>
    public static bool TryParseBatch(ReadOnlyMemory<byte> payload, out IReadOnlyList<WireReceipt> receipts)
    {
        receipts = [];
        if (!TryRoot(payload, out var root) || !root.TryGet("receipts"u8, out var list) || list.Kind != BencodeKind.List)
            return false;
        var found = new List<WireReceipt>();
        foreach (var item in list.Items())
        {
            if (found.Count == Bep10Limits.MaxReceiptsPerBatch || !TryRead(item, out var receipt))
                return false;
            found.Add(receipt!);
        }
        receipts = found;
        return true;
    }

    /// <summary>Reads a request.</summary>
    public static bool TryParseRequest(ReadOnlyMemory<byte> payload, out ReceiptRequest? request)
    {
        request = null;
        if (!TryRoot(payload, out var root) || !TryReadPiece(root, out var infoHash, out var pieceHash, out var index))
            return false;
        request = new ReceiptRequest(infoHash, pieceHash, index);
        return true;
    }

    private static void Write(BencodeWriter writer, WireReceipt wire)
    {
        var receipt = wire.Receipt;
        writer.Dictionary();
        writer.Entry("infohash"u8, receipt.InfoHash.Span);
        writer.Entry("piece_hash"u8, receipt.PieceHash.Span);
        writer.Entry("piece_index"u8, receipt.PieceIndex);
        writer.Entry("receiver_pk"u8, receipt.Receiver.Span);
        writer.Entry("sender_pk"u8, receipt.Sender.Span);
        writer.Entry("signature"u8, receipt.Signature.Span);
        writer.Entry("t_epoch"u8, checked((long)receipt.Time.Epoch));
        writer.Entry("timestamp"u8, checked((long)wire.Timestamp));
        writer.End();
    }

    private static bool TryRoot(ReadOnlyMemory<byte> payload, out BencodeElement root)
    {
        root = default;
        if (BencodeDocument.TryParse(payload, Bep10Limits.Bencode, out var document) != BencodeError.None)
            return false;
        root = document!.Root;
        return root.Kind == BencodeKind.Dictionary;
    }

    private static bool TryRead(BencodeElement item, out WireReceipt? receipt)
    {
        receipt = null;
        if (!TryReadPiece(item, out var infoHash, out var pieceHash, out var index)
            || !item.TryGetBytes("receiver_pk"u8, out var receiverBytes) || !MemberKey.TryFrom(receiverBytes, out var receiver)
            || !item.TryGetBytes("sender_pk"u8, out var senderBytes) || !MemberKey.TryFrom(senderBytes, out var sender)
            || !item.TryGetBytes("signature"u8, out var signatureBytes) || !ReceiptSignature.TryFrom(signatureBytes, out var signature)
            || !item.TryGetNumber("t_epoch"u8, out var epoch) || epoch < 0
            || !item.TryGetNumber("timestamp"u8, out var timestamp) || timestamp < 0)
            return false;
        receipt = new WireReceipt(
            new Receipt
            {
                InfoHash = infoHash, Sender = sender, Receiver = receiver, PieceHash = pieceHash, PieceIndex = index,
                Time = ReceiptTime.FromEpoch((ulong)epoch), Signature = signature,
            },
            (ulong)timestamp);
        return true;
    }

    private static bool TryReadPiece(BencodeElement item, out InfoHash infoHash, out PieceHash pieceHash, out uint index)
    {
        pieceHash = default;
        infoHash = default;
        index = 0;
        if (!item.TryGetBytes("infohash"u8, out var infoHashBytes) || !InfoHash.TryFrom(infoHashBytes, out infoHash)
            || !item.TryGetBytes("piece_hash"u8, out var pieceHashBytes) || !PieceHash.TryFrom(pieceHashBytes, out pieceHash)
            || pieceHash.Length != PieceHash.Sha256Length
            || !item.TryGetNumber("piece_index"u8, out var number) || number is < 0 or > uint.MaxValue)
            return false;
        index = (uint)number;
        return true;
    }
}
