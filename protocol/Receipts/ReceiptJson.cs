using System.Text.Json.Nodes;
using Pbts.Protocol.Vouchers;

namespace Pbts.Protocol.Receipts;

/// <summary>Receipts and vouchers as <c>POST /report</c> takes them.</summary>
public static class ReceiptJson
{
    public static JsonObject ToJson(Voucher voucher) => new()
    {
        ["infohash"] = voucher.InfoHash.ToString(),
        ["sender_pk"] = Convert.ToBase64String(voucher.Sender.Span),
        ["receiver_pk"] = Convert.ToBase64String(voucher.Receiver.Span),
        ["session"] = voucher.Session.ToString(),
        ["bytes"] = voucher.Bytes,
        ["opened"] = voucher.Opened,
        ["signed_at"] = voucher.SignedAt,
        ["signature"] = Convert.ToBase64String(voucher.Signature.Span),
    };

    public static JsonObject ToJson(Receipt receipt) => new()
    {
        ["infohash"] = receipt.InfoHash.ToString(),
        ["sender_pk"] = Convert.ToBase64String(receipt.Sender.Span),
        ["receiver_public_key"] = Convert.ToBase64String(receipt.Receiver.Span),
        ["piece_hash"] = receipt.PieceHash.ToString(),
        ["piece_index"] = receipt.PieceIndex,
        [receipt.Time.Kind == ReceiptTimeKind.Epoch ? "t_epoch" : "timestamp"] = receipt.Time.Value,
        ["signature"] = Convert.ToBase64String(receipt.Signature.Span),
        ["piece_size"] = receipt.PieceSize,
    };
}
