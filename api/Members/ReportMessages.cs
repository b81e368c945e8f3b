using System.Text.Json.Serialization;

namespace Pbts.Api.Members;

/// <summary>Body of <c>POST /report</c>.</summary>
internal sealed record ReportRequest(
    string UserId, string? PublicKey, long? UploadedDelta, long? DownloadedDelta, string? Passkey, IReadOnlyList<ReportedReceipt>? Receipts);

/// <summary>A receipt in a report: hashes in hex, keys and signature in base64, and one of the two times.</summary>
internal sealed record ReportedReceipt(
    string Infohash, string PieceHash, uint PieceIndex, ulong? Timestamp, ulong? TEpoch, string? ReceiverPublicKey, string? ReceiverPk,
    string? SenderPk, string Signature, long? PieceSize);

/// <summary>What became of the receipt at <paramref name="Index"/>.</summary>
internal sealed record ReceiptResult(int Index, string Status, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Error = null);

/// <summary>Answer to <c>POST /report</c>.</summary>
internal sealed record ReportAnswer(
    bool Success, long TotalUploaded, long TotalDownloaded, double? Ratio, bool RatioInfinite, int VerifiedReceipts, bool StatsUpdated, bool Verified,
    IReadOnlyList<ReceiptResult> Results, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Warning = null);
