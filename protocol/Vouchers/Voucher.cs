using System.Text.Json.Nodes;
using Pbts.Protocol.Receipts;

namespace Pbts.Protocol.Vouchers;

/// <summary>
/// A downloader's statement "in this session I have got so many bytes of this torrent from you, all verified". It is
/// cumulative: of one session the newest replaces all before it. The receiver signs; whoever hands it in, the sender is
/// credited. Every field has its right length; whether the signature holds is for the verifier.
/// </summary>
public sealed record Voucher
{
    /// <summary>Most bytes a session can have: 2^53−1, what every JSON reader can hold.</summary>
    public const long MaxBytes = (1L << 53) - 1;

    /// <summary>The tracker it is for.</summary>
    public required InstanceId Instance { get; init; }

    /// <summary>The torrent, as it is announced.</summary>
    public required InfoHash InfoHash { get; init; }

    /// <summary>The uploader's key.</summary>
    public required MemberKey Sender { get; init; }

    /// <summary>The downloader's key: the one that signs.</summary>
    public required MemberKey Receiver { get; init; }

    /// <summary>Which of the sessions between the two.</summary>
    public required SessionId Session { get; init; }

    /// <summary>Verified bytes of this session so far, from 1 to <see cref="MaxBytes"/>.</summary>
    public required long Bytes { get; init; }

    /// <summary>Unix seconds when the session began, not negative.</summary>
    public required long Opened { get; init; }

    /// <summary>Unix seconds of this voucher, not before <see cref="Opened"/>.</summary>
    public required long SignedAt { get; init; }

    /// <summary>The receiver's signature over <see cref="VoucherMessage"/>.</summary>
    public ReceiptSignature Signature { get; init; }

    /// <summary>The identity of the session, the same for all its vouchers.</summary>
    public VoucherId Id => VoucherMessage.Identify(this);

    /// <summary>What is wrong with the numbers, with the field's name as it is on the wire; <c>null</c> when nothing is.</summary>
    public string? Fault =>
        Bytes is < 1 or > MaxBytes ? "bytes is out of range"
        : Opened < 0 ? "opened is out of range"
        : SignedAt < Opened ? "signed_at is before opened"
        : null;

    /// <summary>The bytes the receiver signs.</summary>
    public byte[] SignedMessage()
    {
        var message = new byte[VoucherMessage.Length];
        VoucherMessage.Write(message, this);
        return message;
    }

    /// <summary>What the receiver is said to have signed.</summary>
    public SignedStatement Statement() => new(Receiver, SignedMessage(), Signature);

    /// <summary>As an entry of <c>vouchers</c> in <c>POST /report</c>; the tracker it is for is the one it is reported to.</summary>
    public JsonObject ToJson() => new()
    {
        ["infohash"] = InfoHash.ToString(),
        ["sender_pk"] = Convert.ToBase64String(Sender.Span),
        ["receiver_pk"] = Convert.ToBase64String(Receiver.Span),
        ["session"] = Session.ToString(),
        ["bytes"] = Bytes,
        ["opened"] = Opened,
        ["signed_at"] = SignedAt,
        ["signature"] = Convert.ToBase64String(Signature.Span),
    };
}
