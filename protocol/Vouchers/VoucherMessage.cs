using System.Buffers.Binary;
using System.Security.Cryptography;
using Pbts.Protocol.Receipts;

namespace Pbts.Protocol.Vouchers;

/// <summary>
/// The 204 bytes a receiver signs, big endian: tag <c>pbts-voucher-v1</c> and a NUL (16), instance (32), infohash (20),
/// sender (48), receiver (48), session (16), bytes u64, opened u64, signed_at u64. No other message of PBTS has this
/// length and beginning.
/// </summary>
public static class VoucherMessage
{
    /// <summary>Length in bytes.</summary>
    public const int Length = 204;

    /// <summary>Bytes from the beginning that all vouchers of a session share and that are hashed for its identity.</summary>
    public const int IdentityLength = 180;

    private static ReadOnlySpan<byte> Tag => "pbts-voucher-v1\0"u8;

    /// <summary>Writes the message.</summary>
    /// <param name="destination">At least <see cref="Length"/> bytes.</param>
    /// <param name="voucher">What to sign; its signature plays no part.</param>
    public static void Write(Span<byte> destination, Voucher voucher)
    {
        ArgumentNullException.ThrowIfNull(voucher);
        Tag.CopyTo(destination);
        voucher.Instance.Span.CopyTo(destination[16..]);
        voucher.InfoHash.Span.CopyTo(destination[48..]);
        voucher.Sender.Span.CopyTo(destination[68..]);
        voucher.Receiver.Span.CopyTo(destination[116..]);
        voucher.Session.Span.CopyTo(destination[164..]);
        BinaryPrimitives.WriteInt64BigEndian(destination[180..], voucher.Bytes);
        BinaryPrimitives.WriteInt64BigEndian(destination[188..], voucher.Opened);
        BinaryPrimitives.WriteInt64BigEndian(destination[196..], voucher.SignedAt);
    }

    /// <summary>Reads a message back; <c>null</c> when it is none.</summary>
    /// <param name="message">At least <see cref="Length"/> bytes.</param>
    /// <param name="signature">The voucher's signature.</param>
    public static Voucher? Read(ReadOnlySpan<byte> message, ReceiptSignature signature)
    {
        if (!message.StartsWith(Tag))
            return null;
        var voucher = new Voucher
        {
            Instance = InstanceId.From(message.Slice(16, InstanceId.Length)),
            InfoHash = InfoHash.From(message.Slice(48, InfoHash.Length)),
            Sender = MemberKey.From(message.Slice(68, MemberKey.Length)),
            Receiver = MemberKey.From(message.Slice(116, MemberKey.Length)),
            Session = SessionId.From(message.Slice(164, SessionId.Length)),
            Bytes = BinaryPrimitives.ReadInt64BigEndian(message[180..]),
            Opened = BinaryPrimitives.ReadInt64BigEndian(message[188..]),
            SignedAt = BinaryPrimitives.ReadInt64BigEndian(message[196..]),
            Signature = signature,
        };
        return voucher.Fault is null ? voucher : null;
    }

    /// <summary>SHA-256 of all but the numbers.</summary>
    public static VoucherId Identify(Voucher voucher)
    {
        Span<byte> message = stackalloc byte[Length];
        Write(message, voucher);
        Span<byte> hash = stackalloc byte[VoucherId.Length];
        SHA256.HashData(message[..IdentityLength], hash);
        return VoucherId.From(hash);
    }
}
