using System.Buffers;
using System.Text.Json;
using Pbts.Protocol.Receipts;
using Pbts.Protocol.Vouchers;

namespace Pbts.Protocol.Evidence;

/// <summary>A line of evidence: the newest voucher of a session as it was signed, and what has been credited of it.</summary>
/// <param name="Id">The session's identity as the line states it.</param>
/// <param name="Voucher">The voucher.</param>
/// <param name="Credited">Bytes credited.</param>
/// <param name="FirstReport">Unix seconds when the session was first reported.</param>
/// <param name="LastReport">Unix seconds when it last rose.</param>
public sealed record EvidenceVoucher(VoucherId Id, Voucher Voucher, long Credited, long FirstReport, long LastReport)
{
    /// <summary>What <c>type</c> says.</summary>
    public const string Type = "voucher";

    /// <summary>What is wrong with the numbers; <c>null</c> when nothing is.</summary>
    public string? Fault => Voucher.Fault ?? (Credited < 0 || Credited > Voucher.Bytes ? "credited is out of range" : null);

    /// <summary>Writes the line.</summary>
    public void Write(IBufferWriter<byte> output) => SealedLine.Write(output, json =>
    {
        json.WriteString("type", Type);
        json.WriteString("id", Id.ToString());
        json.WriteString("infohash", Voucher.InfoHash.ToString());
        json.WriteBase64String("sender_pk", Voucher.Sender.Span);
        json.WriteBase64String("receiver_pk", Voucher.Receiver.Span);
        json.WriteString("session", Voucher.Session.ToString());
        json.WriteNumber("bytes", Voucher.Bytes);
        json.WriteNumber("opened", Voucher.Opened);
        json.WriteNumber("signed_at", Voucher.SignedAt);
        json.WriteBase64String("signature", Voucher.Signature.Span);
        json.WriteNumber("credited", Credited);
        json.WriteNumber("first_report", FirstReport);
        json.WriteNumber("last_report", LastReport);
    });

    /// <summary>Reads the line.</summary>
    /// <param name="line">The line's JSON.</param>
    /// <param name="instance">The tracker, as the header names it: the lines do not repeat it.</param>
    /// <exception cref="FormatException">A field is missing or wrong; the message names it.</exception>
    public static EvidenceVoucher Read(JsonElement line, InstanceId instance)
    {
        var fields = new StrictFields(line);
        return new(VoucherId.From(fields.Hex("id", VoucherId.Length)), new Voucher
        {
            Instance = instance,
            InfoHash = InfoHash.From(fields.Hex("infohash", InfoHash.Length)),
            Sender = MemberKey.From(fields.Base64("sender_pk", MemberKey.Length)),
            Receiver = MemberKey.From(fields.Base64("receiver_pk", MemberKey.Length)),
            Session = SessionId.From(fields.Hex("session", SessionId.Length)),
            Bytes = fields.Integer("bytes"),
            Opened = fields.Integer("opened"),
            SignedAt = fields.Integer("signed_at"),
            Signature = ReceiptSignature.From(fields.Base64("signature", ReceiptSignature.Length)),
        }, fields.Integer("credited"), fields.Integer("first_report"), fields.Integer("last_report"));
    }
}
