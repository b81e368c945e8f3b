using Pbts.Api.Http;
using Pbts.Protocol.Receipts;

namespace Pbts.Api.Members;

/// <summary>Reads one receipt of a report, in either dialect.</summary>
internal static class ReceiptReader
{
    /// <summary>The receipt, or null with the reason in <see cref="JsonFields.Error"/>.</summary>
    /// <param name="fields">The receipt's JSON object.</param>
    /// <param name="reporter">The sender's key where the receipt does not name one.</param>
    public static Receipt? Read(JsonFields fields, MemberKey reporter)
    {
        var infoHash = fields.Hex("infohash", InfoHash.Length);
        var pieceHash = fields.Hex("piece_hash", PieceHash.Sha1Length, PieceHash.Sha256Length);
        var index = fields.Unsigned("piece_index", uint.MaxValue);
        var time = ReadTime(fields);
        var receiver = fields.Base64(fields.Has("receiver_public_key") ? "receiver_public_key" : fields.Has("receiver_pk") ? "receiver_pk" : "receiver_public_key", MemberKey.Length);
        var sender = fields.OptionalBase64("sender_pk", MemberKey.Length);
        var signature = fields.Base64("signature", ReceiptSignature.Length);
        var size = fields.OptionalUnsigned("piece_size", long.MaxValue) ?? (ulong)Receipt.DefaultPieceSize;
        // On the BEP 10 wire a piece hash is always SHA-256.
        if (time.Kind == ReceiptTimeKind.Epoch && pieceHash.Length == PieceHash.Sha1Length)
            fields.Wrong("piece_hash", "must be 64 hexadecimal digits in a receipt with t_epoch", 0);
        return fields.Error is not null ? null : new Receipt
        {
            InfoHash = InfoHash.From(infoHash),
            PieceHash = PieceHash.From(pieceHash),
            PieceIndex = (uint)index,
            Time = time,
            Receiver = MemberKey.From(receiver),
            Sender = sender is null ? reporter : MemberKey.From(sender),
            Signature = ReceiptSignature.From(signature),
            PieceSize = (long)size,
        };
    }

    /// <summary>The signed time: <c>timestamp</c> (seconds) or <c>t_epoch</c> (hours), one of them.</summary>
    public static ReceiptTime ReadTime(JsonFields fields)
    {
        if (fields.Has("timestamp") && fields.Has("t_epoch"))
            fields.Wrong("timestamp", "and t_epoch are both given: a receipt is signed over one of them", 0);
        return fields.Has("t_epoch") ? ReceiptTime.FromEpoch(fields.Unsigned("t_epoch")) : ReceiptTime.FromTimestamp(fields.Unsigned("timestamp"));
    }
}
