using System.Buffers;
using Pbts.Protocol.Bencode;
using Pbts.Protocol.Receipts;
using Pbts.Protocol.Vouchers;

namespace Pbts.Protocol.Bep10;

/// <summary>
/// The payloads of the voucher messages. Reading is strict: canonical bencode of at most 2 KiB, every field present with
/// its exact length and range, unknown keys ignored. Nothing here verifies a signature.
/// </summary>
public static class VoucherCodec
{
    private static readonly BencodeLimits Limits = new() { MaxDepth = 4, MaxValues = 64, MaxLength = 2048 };

    /// <summary>Encodes a voucher. The tracker it is for was agreed on in the handshake.</summary>
    public static byte[] EncodeVoucher(Voucher voucher)
    {
        ArgumentNullException.ThrowIfNull(voucher);
        var buffer = new ArrayBufferWriter<byte>(512);
        var writer = new BencodeWriter(buffer);
        writer.Dictionary();
        writer.Entry("bytes"u8, voucher.Bytes);
        writer.Entry("infohash"u8, voucher.InfoHash.Span);
        writer.Entry("opened"u8, voucher.Opened);
        writer.Entry("receiver_pk"u8, voucher.Receiver.Span);
        writer.Entry("sender_pk"u8, voucher.Sender.Span);
        writer.Entry("session"u8, voucher.Session.Span);
        writer.Entry("signature"u8, voucher.Signature.Span);
        writer.Entry("signed_at"u8, voucher.SignedAt);
        writer.End();
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Encodes an acknowledgement.</summary>
    public static byte[] EncodeAck(VoucherAck ack)
    {
        ArgumentNullException.ThrowIfNull(ack);
        var buffer = new ArrayBufferWriter<byte>(64);
        var writer = new BencodeWriter(buffer);
        writer.Dictionary();
        writer.Entry("bytes"u8, ack.Bytes);
        writer.Entry("session"u8, ack.Session.Span);
        writer.End();
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Encodes a request: an empty dictionary.</summary>
    public static byte[] EncodeRequest() => "de"u8.ToArray();

    /// <summary>Reads a voucher.</summary>
    /// <param name="payload">What follows the sub-id.</param>
    /// <param name="instance">The tracker that both sides named.</param>
    /// <param name="voucher">The voucher, when <c>true</c>.</param>
    public static bool TryParseVoucher(ReadOnlyMemory<byte> payload, InstanceId instance, out Voucher? voucher)
    {
        voucher = null;
        if (!TryRoot(payload, out var root)
            || !root.TryGetNumber("bytes"u8, out var bytes)
            || !root.TryGetBytes("infohash"u8, out var infoHashBytes) || !InfoHash.TryFrom(infoHashBytes, out var infoHash)
            || !root.TryGetNumber("opened"u8, out var opened)
            || !root.TryGetBytes("receiver_pk"u8, out var receiverBytes) || !MemberKey.TryFrom(receiverBytes, out var receiver)
            || !root.TryGetBytes("sender_pk"u8, out var senderBytes) || !MemberKey.TryFrom(senderBytes, out var sender)
            || !root.TryGetBytes("session"u8, out var sessionBytes) || !SessionId.TryFrom(sessionBytes, out var session)
            || !root.TryGetBytes("signature"u8, out var signatureBytes) || !ReceiptSignature.TryFrom(signatureBytes, out var signature)
            || !root.TryGetNumber("signed_at"u8, out var signedAt))
            return false;
        var read = new Voucher
        {
            Instance = instance, InfoHash = infoHash, Sender = sender, Receiver = receiver, Session = session,
            Bytes = bytes, Opened = opened, SignedAt = signedAt, Signature = signature,
        };
        voucher = read.Fault is null ? read : null;
        return voucher is not null;
    }

    /// <summary>Reads an acknowledgement.</summary>
    public static bool TryParseAck(ReadOnlyMemory<byte> payload, out VoucherAck? ack)
    {
        ack = null;
        if (!TryRoot(payload, out var root)
            || !root.TryGetNumber("bytes"u8, out var bytes) || bytes is < 1 or > Voucher.MaxBytes
            || !root.TryGetBytes("session"u8, out var sessionBytes) || !SessionId.TryFrom(sessionBytes, out var session))
            return false;
        ack = new VoucherAck(session, bytes);
        return true;
    }

    /// <summary>Reads a request; any dictionary is one.</summary>
    public static bool TryParseRequest(ReadOnlyMemory<byte> payload) => TryRoot(payload, out _);

    private static bool TryRoot(ReadOnlyMemory<byte> payload, out BencodeElement root)
    {
        root = default;
        if (BencodeDocument.TryParse(payload, Limits, out var document) != BencodeError.None) return false;
        root = document!.Root;
        return root.Kind == BencodeKind.Dictionary;
    }
}
