using System.Text.Json;
using System.Text.Json.Serialization;
using Pbts.Api.Http;
using Pbts.GrainInterfaces.Ledger;
using Pbts.Protocol.Receipts;
using Pbts.Protocol.Vouchers;

namespace Pbts.Api.Members;

/// <summary>Body of <c>POST /report</c>.</summary>
internal sealed record ReportRequest(UserId UserId, MemberKey? PublicKey = null, long UploadedDelta = 0, long DownloadedDelta = 0, string? Passkey = null) : IBody<ReportRequest>
{
    public IReadOnlyList<ReportedReceipt> Receipts { get; init; } = [];

    public IReadOnlyList<ReportedVoucher> Vouchers { get; init; } = [];

    /// <summary>What is wrong with <see cref="PublicKey"/>, which matters where signatures are verified.</summary>
    [JsonIgnore]
    public string? KeyFault { get; private init; }

    public static int Most => JsonBody.Large;

    public static ReportRequest Read(JsonFields fields)
    {
        var key = fields.Apart();
        var report = new ReportRequest(
            fields.UserId("user_id"), key.OptionalKey("public_key"), (long)(fields.OptionalUnsigned("uploaded_delta", long.MaxValue) ?? 0),
            (long)(fields.OptionalUnsigned("downloaded_delta", long.MaxValue) ?? 0), fields.OptionalText("passkey")) { KeyFault = key.Error };
        var (receipts, vouchers) = (fields.OptionalArray("receipts", ReceiptReport.MaxReceipts), fields.OptionalArray("vouchers", ReceiptReport.MaxReceipts));
        if (receipts.Count + vouchers.Count > ReceiptReport.MaxReceipts)
            fields.Wrong("vouchers", $"and receipts are more than {ReceiptReport.MaxReceipts} together", 0);
        return fields.Error is not null ? report
            : report with { Receipts = [.. receipts.Select(ReportedReceipt.Read)], Vouchers = [.. vouchers.Select(voucher => ReportedVoucher.Read(new JsonFields(voucher)))] };
    }
}

/// <summary>A receipt in a report, in either dialect.</summary>
/// <param name="Timestamp">The signed time in Unix seconds; it or <paramref name="TEpoch"/>.</param>
/// <param name="TEpoch">The signed time in hours since 1970.</param>
/// <param name="ReceiverPublicKey">The receiver's key; it or <paramref name="ReceiverPk"/>.</param>
/// <param name="SenderPk">The sender's key; the reporter's when absent.</param>
internal sealed record ReportedReceipt(
    InfoHash Infohash, PieceHash PieceHash, uint PieceIndex, ReceiptSignature Signature, ulong? Timestamp = null, ulong? TEpoch = null,
    MemberKey? ReceiverPublicKey = null, MemberKey? ReceiverPk = null, MemberKey? SenderPk = null, long PieceSize = Receipt.DefaultPieceSize)
{
    /// <summary>What is wrong with it; null: it is a receipt.</summary>
    [JsonIgnore]
    public string? Fault { get; private init; }

    /// <summary>The same where neither keys nor signature matter.</summary>
    [JsonIgnore]
    public string? UnsignedFault { get; private init; }

    [JsonIgnore]
    public ReceiptTime Time => TimeOf(Timestamp, TEpoch);

    /// <summary>The signed time: <c>timestamp</c> (seconds) or <c>t_epoch</c> (hours), one of them.</summary>
    public static (ulong? Timestamp, ulong? TEpoch) ReadTime(JsonFields fields)
    {
        if (fields.Has("timestamp") && fields.Has("t_epoch"))
            fields.Wrong("timestamp", "and t_epoch are both given: a receipt is signed over one of them", 0);
        return fields.Has("t_epoch") ? (null, fields.Unsigned("t_epoch")) : (fields.Unsigned("timestamp"), null);
    }

    public static ReceiptTime TimeOf(ulong? timestamp, ulong? epoch) => epoch is { } hours ? ReceiptTime.FromEpoch(hours) : ReceiptTime.FromTimestamp(timestamp ?? 0);

    public static ReportedReceipt Read(JsonElement receipt)
    {
        var (fields, last) = (new JsonFields(receipt), new JsonFields(receipt));
        var (infoHash, pieceHash, index) = (fields.InfoHash("infohash"), fields.PieceHash("piece_hash"), (uint)fields.Unsigned("piece_index", uint.MaxValue));
        var (timestamp, epoch) = ReadTime(fields);
        var size = (long)(last.OptionalUnsigned("piece_size", long.MaxValue) ?? (ulong)Receipt.DefaultPieceSize);
        var unsignedFault = fields.Error ?? last.Error;
        var receiver = fields.Key(fields.Has("receiver_pk") && !fields.Has("receiver_public_key") ? "receiver_pk" : "receiver_public_key");
        var (sender, signature) = (fields.OptionalKey("sender_pk"), fields.Signature("signature"));
        fields.TakeError(last);
        // On the BEP 10 wire a piece hash is always SHA-256.
        if (epoch is not null && pieceHash.Length == PieceHash.Sha1Length)
            fields.Wrong("piece_hash", "must be 64 hexadecimal digits in a receipt with t_epoch", 0);
        return new(infoHash, pieceHash, index, signature, timestamp, epoch, receiver, SenderPk: sender, PieceSize: size) { Fault = fields.Error, UnsignedFault = unsignedFault };
    }

    /// <param name="reporter">The sender where the receipt does not name one.</param>
    public Receipt ToReceipt(MemberKey reporter) => new()
    {
        InfoHash = Infohash,
        PieceHash = PieceHash,
        PieceIndex = PieceIndex,
        Time = Time,
        Receiver = ReceiverPublicKey ?? ReceiverPk ?? default,
        Sender = SenderPk ?? reporter,
        Signature = Signature,
        PieceSize = PieceSize,
    };
}

/// <summary>A voucher in a report. Times in Unix seconds.</summary>
/// <param name="ReceiverPk">The receiver's key; it or <paramref name="ReceiverPublicKey"/>.</param>
/// <param name="SenderPk">The sender's key; the reporter's when absent.</param>
internal sealed record ReportedVoucher(
    InfoHash Infohash, SessionId Session, long Bytes, long Opened, long SignedAt, ReceiptSignature Signature, MemberKey? ReceiverPk = null,
    MemberKey? ReceiverPublicKey = null, MemberKey? SenderPk = null)
{
    /// <summary>What is wrong with it; null: it is a voucher.</summary>
    [JsonIgnore]
    public string? Fault { get; private init; }

    /// <param name="fields">The voucher's JSON object.</param>
    /// <param name="namesSender">Whether it has to.</param>
    public static ReportedVoucher Read(JsonFields fields, bool namesSender = false)
    {
        var receiver = fields.Key(fields.Has("receiver_public_key") ? "receiver_public_key" : "receiver_pk");
        var (opened, signedAt, signature) = ((long)fields.Unsigned("opened", long.MaxValue), (long)fields.Unsigned("signed_at", long.MaxValue), fields.Signature("signature"));
        var infoHash = fields.InfoHash("infohash");
        var sender = namesSender ? fields.Key("sender_pk") : fields.OptionalKey("sender_pk");
        var voucher = new ReportedVoucher(infoHash, fields.Session("session"), (long)fields.Unsigned("bytes", Voucher.MaxBytes), opened, signedAt, signature, receiver, SenderPk: sender);
        if (voucher.ToVoucher(default, default).Fault is { } fault)
            fields.Refuse(fault);
        return voucher with { Fault = fields.Error };
    }

    /// <param name="instance">This tracker: one that is for another has another message, and so a bad signature.</param>
    /// <param name="reporter">The sender where the voucher does not name one.</param>
    public Voucher ToVoucher(InstanceId instance, MemberKey reporter) => new()
    {
        Instance = instance,
        InfoHash = Infohash,
        Sender = SenderPk ?? reporter,
        Receiver = ReceiverPk ?? ReceiverPublicKey ?? default,
        Session = Session,
        Bytes = Bytes,
        Opened = Opened,
        SignedAt = SignedAt,
        Signature = Signature,
    };
}

/// <summary>What became of the voucher at <paramref name="Index"/>.</summary>
/// <param name="Credited">Bytes that this report added.</param>
/// <param name="Total">Bytes that the session has been credited with so far.</param>
/// <param name="Reason">Of what was credited in part: which limit.</param>
/// <param name="Error">Of what is malformed: which field, and why.</param>
internal sealed record VoucherResult(
    int Index, string Status, long Credited = 0, long Total = 0, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Reason = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Error = null)
{
    public static VoucherResult Of(int index, VoucherOutcome outcome) => new(
        index, outcome.Status.ToWire(), outcome.Credited, outcome.Total, outcome.Status == VoucherStatus.Partial ? outcome.Reason : null,
        outcome.Status == VoucherStatus.Malformed ? outcome.Reason : null);
}

/// <summary>What became of the receipt at <paramref name="Index"/>.</summary>
internal sealed record ReceiptResult(int Index, string Status, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Error = null);

/// <summary>Answer to <c>POST /report</c>.</summary>
internal sealed record ReportAnswer(
    bool Success, long TotalUploaded, long TotalDownloaded, double? Ratio, bool RatioInfinite, int VerifiedReceipts, bool StatsUpdated, bool Verified,
    IReadOnlyList<ReceiptResult> Results, IReadOnlyList<VoucherResult> VoucherResults, int VerifiedVouchers, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Warning = null);
