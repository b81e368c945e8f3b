using System.Text.Json.Serialization;

namespace Pbts.Api.Members;

/// <summary>Body of <c>POST /report</c>.</summary>
internal sealed record ReportRequest(
    string UserId, string? PublicKey, long? UploadedDelta, long? DownloadedDelta, string? Passkey, IReadOnlyList<ReportedReceipt>? Receipts,
    IReadOnlyList<ReportedVoucher>? Vouchers);

/// <summary>A receipt in a report: hashes in hex, keys and signature in base64, and one of the two times.</summary>
internal sealed record ReportedReceipt(
    string Infohash, string PieceHash, uint PieceIndex, ulong? Timestamp, ulong? TEpoch, string? ReceiverPublicKey, string? ReceiverPk,
    string? SenderPk, string Signature, long? PieceSize);

/// <summary>A voucher in a report: hash and session in hex, keys and signature in base64, times in Unix seconds.</summary>
internal sealed record ReportedVoucher(
    string Infohash, string? ReceiverPk, string? ReceiverPublicKey, string? SenderPk, string Session, long Bytes, long Opened, long SignedAt, string Signature);

/// <summary>What became of the voucher at <paramref name="Index"/>.</summary>
/// <param name="Credited">Bytes that this report added.</param>
/// <param name="Total">Bytes that the session has been credited with so far.</param>
/// <param name="Reason">Of what was credited in part: which limit.</param>
/// <param name="Error">Of what is malformed: which field, and why.</param>
internal sealed record VoucherResult(
    int Index, string Status, long Credited = 0, long Total = 0, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Reason = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Error = null);

/// <summary>What became of the receipt at <paramref name="Index"/>.</summary>
internal sealed record ReceiptResult(int Index, string Status, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Error = null);

/// <summary>Answer to <c>POST /report</c>.</summary>
internal sealed record ReportAnswer(
    bool Success, long TotalUploaded, long TotalDownloaded, double? Ratio, bool RatioInfinite, int VerifiedReceipts, bool StatsUpdated, bool Verified,
    IReadOnlyList<ReceiptResult> Results, IReadOnlyList<VoucherResult> VoucherResults, int VerifiedVouchers, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Warning = null);
