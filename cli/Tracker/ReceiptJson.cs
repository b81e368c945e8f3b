using System.Text.Json.Nodes;
using Pbts.Protocol.Receipts;

namespace Pbts.Cli.Tracker;

/// <summary>A receipt as <c>POST /report</c> takes it.</summary>
internal static class ReceiptJson
{
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
