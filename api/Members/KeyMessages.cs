using System.Security.Cryptography;
using System.Text.Json.Serialization;
using Pbts.Api.Http;
using Pbts.Protocol.Bls;
using Pbts.Protocol.Receipts;
using Pbts.Protocol.Vouchers;

namespace Pbts.Api.Members;

/// <summary>Answer to <c>POST /keygen</c>; keys in base64.</summary>
internal sealed record KeygenAnswer(bool Success, string PrivateKey, string PublicKey, string KeyType, int PrivateKeySize, int PublicKeySize, string Warning);

/// <summary>Body of <c>POST /attest</c>: of a receipt its piece, of a voucher its session and bytes.</summary>
/// <param name="SenderPublicKey">The uploader's key for a receipt.</param>
/// <param name="SenderPk">The uploader's key for a voucher.</param>
/// <param name="Timestamp">Of a receipt, in Unix seconds; it or <paramref name="TEpoch"/>, now when both are absent.</param>
/// <param name="TEpoch">Of a receipt, in hours since 1970.</param>
/// <param name="Opened">Of a voucher; now when absent.</param>
/// <param name="SignedAt">Of a voucher; now when absent.</param>
internal sealed record AttestRequest(
    byte[] ReceiverPrivateKey, InfoHash Infohash, MemberKey? SenderPublicKey = null, PieceHash? PieceHash = null, uint? PieceIndex = null, ulong? Timestamp = null,
    ulong? TEpoch = null, MemberKey? SenderPk = null, SessionId? Session = null, long? Bytes = null, long? Opened = null, long? SignedAt = null) : IBody<AttestRequest>
{
    [JsonIgnore]
    public bool IsVoucher => Session is not null;

    public static AttestRequest Read(JsonFields fields)
    {
        var isVoucher = NamesVoucher(fields);
        var secret = fields.Base64("receiver_private_key", BlsSecretKey.Size);
        var request = isVoucher ? ReadVoucher(fields, secret) : ReadReceipt(fields, secret);
        if (fields.Error is not null)
            CryptographicOperations.ZeroMemory(secret);
        return request;
    }

    /// <summary>One of the two that make a voucher is enough to say what was meant: the other is missing then.</summary>
    public static bool NamesVoucher(JsonFields fields)
    {
        var isVoucher = fields.Has("session") || fields.Has("bytes");
        foreach (var field in (ReadOnlySpan<string>)["piece_hash", "piece_index", "receipt"])
        {
            if (isVoucher && fields.Has(field))
                fields.Wrong(field, "is a receipt's, session and bytes are a voucher's: give one of the two", 0);
        }

        return isVoucher;
    }

    /// <summary>The time that is signed for a receipt.</summary>
    /// <param name="now">Unix seconds.</param>
    public ReceiptTime TimeOr(long now) => ReportedReceipt.TimeOf(Timestamp ?? (ulong)now, TEpoch);

    public byte[] Message(ReceiptTime time) => ReceiptMessage.Build(Infohash, SenderPublicKey!.Value, PieceHash!.Value, PieceIndex!.Value, time);

    /// <summary>A voucher that is to be signed: its receiver is whoever signs.</summary>
    /// <param name="instance">This tracker.</param>
    /// <param name="now">Unix seconds.</param>
    public Voucher ToVoucher(InstanceId instance, long now) => new()
    {
        Instance = instance,
        InfoHash = Infohash,
        Sender = SenderPk!.Value,
        Receiver = default,
        Session = Session!.Value,
        Bytes = Bytes!.Value,
        Opened = Opened ?? Math.Min(now, SignedAt ?? now),
        SignedAt = SignedAt ?? now,
    };

    private static AttestRequest ReadVoucher(JsonFields fields, byte[] secret)
    {
        var (signedAt, opened) = ((long?)fields.OptionalUnsigned("signed_at", long.MaxValue), (long?)fields.OptionalUnsigned("opened", long.MaxValue));
        return new(
            secret, fields.InfoHash("infohash"), SenderPk: fields.Key("sender_pk"), Session: fields.Session("session"), Bytes: (long)fields.Unsigned("bytes", Voucher.MaxBytes),
            Opened: opened, SignedAt: signedAt);
    }

    private static AttestRequest ReadReceipt(JsonFields fields, byte[] secret)
    {
        var request = new AttestRequest(
            secret, fields.InfoHash("infohash"), fields.Key("sender_public_key"), fields.PieceHash("piece_hash"), (uint)fields.Unsigned("piece_index", uint.MaxValue));
        var (timestamp, epoch) = fields.Has("timestamp") || fields.Has("t_epoch") ? ReportedReceipt.ReadTime(fields) : default;
        return request with { Timestamp = timestamp, TEpoch = epoch };
    }
}

/// <summary>Answer to <c>POST /attest</c>: a receipt's signature in base64 and the time it is over, or a voucher.</summary>
internal sealed record AttestAnswer(
    bool Success,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Receipt,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] ulong? Timestamp,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] SignedVoucher? Voucher,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? VoucherId,
    string Message);

/// <summary>A voucher for this tracker, as <c>POST /report</c> takes it.</summary>
internal sealed record SignedVoucher(string Infohash, string SenderPk, string ReceiverPk, string Session, long Bytes, long Opened, long SignedAt, string Signature)
{
    public static SignedVoucher Of(Voucher voucher) => new(
        voucher.InfoHash.ToString(), Convert.ToBase64String(voucher.Sender.Span), Convert.ToBase64String(voucher.Receiver.Span), voucher.Session.ToString(),
        voucher.Bytes, voucher.Opened, voucher.SignedAt, Convert.ToBase64String(voucher.Signature.Span));
}

/// <summary>Body of <c>POST /verify-receipt</c>: a receipt, or a voucher with the fields it is reported with.</summary>
/// <param name="Timestamp">Of a receipt, in Unix seconds; it or <paramref name="TEpoch"/>.</param>
/// <param name="TEpoch">Of a receipt, in hours since 1970.</param>
/// <param name="Receipt">A receipt's signature.</param>
/// <param name="Signature">A voucher's.</param>
internal sealed record VerifyReceiptRequest(
    InfoHash Infohash, MemberKey? ReceiverPublicKey = null, MemberKey? SenderPublicKey = null, PieceHash? PieceHash = null, uint? PieceIndex = null, ulong? Timestamp = null,
    ulong? TEpoch = null, byte[]? Receipt = null, MemberKey? ReceiverPk = null, MemberKey? SenderPk = null, SessionId? Session = null, long? Bytes = null, long? Opened = null,
    long? SignedAt = null, ReceiptSignature? Signature = null) : IBody<VerifyReceiptRequest>
{
    [JsonIgnore]
    public bool IsVoucher => Session is not null;

    [JsonIgnore]
    public MemberKey Signer => ReceiverPublicKey ?? ReceiverPk ?? default;

    /// <summary>96 bytes; of a receipt perhaps another number of them.</summary>
    [JsonIgnore]
    public byte[] SignatureBytes => Receipt ?? Signature!.Value.ToArray();

    public static VerifyReceiptRequest Read(JsonFields fields) => AttestRequest.NamesVoucher(fields) ? ReadVoucher(fields) : ReadReceipt(fields);

    public byte[] Message() => ReceiptMessage.Build(Infohash, SenderPublicKey!.Value, PieceHash!.Value, PieceIndex!.Value, ReportedReceipt.TimeOf(Timestamp, TEpoch));

    public Voucher ToVoucher(InstanceId instance) =>
        new ReportedVoucher(Infohash, Session!.Value, Bytes!.Value, Opened!.Value, SignedAt!.Value, Signature!.Value, Signer).ToVoucher(instance, SenderPk!.Value);

    private static VerifyReceiptRequest ReadVoucher(JsonFields fields)
    {
        var voucher = ReportedVoucher.Read(fields, namesSender: true);
        return new(
            voucher.Infohash, ReceiverPk: voucher.ReceiverPk, SenderPk: voucher.SenderPk, Session: voucher.Session, Bytes: voucher.Bytes, Opened: voucher.Opened,
            SignedAt: voucher.SignedAt, Signature: voucher.Signature);
    }

    private static VerifyReceiptRequest ReadReceipt(JsonFields fields)
    {
        var receiver = fields.Key("receiver_public_key");
        if (!fields.Has("timestamp") && !fields.Has("t_epoch"))
            fields.Wrong("timestamp", "is missing", 0);
        var request = new VerifyReceiptRequest(
            fields.InfoHash("infohash"), receiver, fields.Key("sender_public_key"), fields.PieceHash("piece_hash"), (uint)fields.Unsigned("piece_index", uint.MaxValue));
        var (timestamp, epoch) = ReportedReceipt.ReadTime(fields);
        var text = fields.Text("receipt");
        // A receipt of a wrong length is a receipt that does not hold; only text that is no base64 is the caller's mistake.
        var bytes = new byte[text.Length];
        if (!Convert.TryFromBase64String(text, bytes, out var length))
            fields.Wrong("receipt", "is not valid base64", 0);
        return request with { Timestamp = timestamp, TEpoch = epoch, Receipt = bytes[..length] };
    }
}

/// <summary>Answer to <c>POST /verify-receipt</c>.</summary>
internal sealed record VerifyReceiptAnswer(bool Success, bool Valid, string Message);
