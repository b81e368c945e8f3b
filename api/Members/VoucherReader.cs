using Pbts.Api.Http;
using Pbts.Protocol.Receipts;
using Pbts.Protocol.Vouchers;

namespace Pbts.Api.Members;

/// <summary>Reads one voucher.</summary>
internal static class VoucherReader
{
    /// <summary>The voucher, or null with the reason in <see cref="JsonFields.Error"/>.</summary>
    /// <param name="fields">The voucher's JSON object.</param>
    /// <param name="instance">This tracker: one that is for another has another message, and so a bad signature.</param>
    /// <param name="reporter">The sender's key where the voucher does not name one; null: it has to.</param>
    public static Voucher? Read(JsonFields fields, InstanceId instance, MemberKey? reporter)
    {
        var receiver = fields.Base64(fields.Has("receiver_public_key") ? "receiver_public_key" : "receiver_pk", MemberKey.Length);
        var opened = fields.Unsigned("opened", long.MaxValue);
        var signedAt = fields.Unsigned("signed_at", long.MaxValue);
        var signature = fields.Base64("signature", ReceiptSignature.Length);
        return Read(fields, instance, reporter, opened, signedAt) is not { } voucher ? null
            : voucher with { Receiver = MemberKey.From(receiver), Signature = ReceiptSignature.From(signature) };
    }

    /// <summary>A voucher that is to be signed: its receiver is whoever signs, its times are the present where they are not given.</summary>
    /// <param name="fields">What is given of it.</param>
    /// <param name="instance">This tracker.</param>
    /// <param name="now">Unix seconds.</param>
    public static Voucher? ReadToSign(JsonFields fields, InstanceId instance, ulong now)
    {
        var signedAt = fields.OptionalUnsigned("signed_at", long.MaxValue) ?? now;
        return Read(fields, instance, reporter: null, fields.OptionalUnsigned("opened", long.MaxValue) ?? Math.Min(now, signedAt), signedAt);
    }

    private static Voucher? Read(JsonFields fields, InstanceId instance, MemberKey? reporter, ulong opened, ulong signedAt)
    {
        var infoHash = fields.Hex("infohash", InfoHash.Length);
        var sender = reporter is null ? fields.Base64("sender_pk", MemberKey.Length) : fields.OptionalBase64("sender_pk", MemberKey.Length);
        var session = fields.Hex("session", SessionId.Length);
        var bytes = fields.Unsigned("bytes", Voucher.MaxBytes);
        if (fields.Error is not null)
            return null;
        var voucher = new Voucher
        {
            Instance = instance,
            InfoHash = InfoHash.From(infoHash),
            Sender = sender is null ? reporter!.Value : MemberKey.From(sender),
            Receiver = default,
            Session = SessionId.From(session),
            Bytes = (long)bytes,
            Opened = (long)opened,
            SignedAt = (long)signedAt,
        };
        if (voucher.Fault is { } fault)
            fields.Wrong(fault[..fault.IndexOf(' ', StringComparison.Ordinal)], fault[(fault.IndexOf(' ', StringComparison.Ordinal) + 1)..], 0);
        return fields.Error is null ? voucher : null;
    }
}
