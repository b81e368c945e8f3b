using System.Text.Json.Nodes;

namespace Pbts.Protocol.Receipts;

/// <summary>
/// A downloader's statement "this sender gave me this piece". The receiver signs; the sender reports it and is credited.
/// Every field has its right length; whether the signature holds is for the verifier.
/// </summary>
public sealed record Receipt
{
    /// <summary>Bytes credited when a report does not say the piece's size.</summary>
    public const long DefaultPieceSize = 16384;

    /// <summary>The torrent.</summary>
    public required InfoHash InfoHash { get; init; }

    /// <summary>The uploader's key: signed.</summary>
    public required MemberKey Sender { get; init; }

    /// <summary>The downloader's key: the one that signed, itself not part of the message.</summary>
    public required MemberKey Receiver { get; init; }

    /// <summary>Hash of the piece; 32 bytes in the BEP 10 dialect.</summary>
    public required PieceHash PieceHash { get; init; }

    /// <summary>Number of the piece, from 0.</summary>
    public required uint PieceIndex { get; init; }

    /// <summary>The signed time.</summary>
    public required ReceiptTime Time { get; init; }

    /// <summary>The receiver's signature over <see cref="ReceiptMessage"/>.</summary>
    public required ReceiptSignature Signature { get; init; }

    /// <summary>Bytes of the piece, as the reporter says: not signed, so the tracker bounds it.</summary>
    public long PieceSize { get; init; } = DefaultPieceSize;

    /// <summary>The identity under which this receipt can be spent once.</summary>
    public ReceiptId Id => ReceiptIds.Compute(this);

    /// <summary>The bytes the receiver signed.</summary>
    public byte[] SignedMessage() => ReceiptMessage.Build(InfoHash, Sender, PieceHash, PieceIndex, Time);

    /// <summary>What the receiver is said to have signed.</summary>
    public SignedStatement Statement() => new(Receiver, SignedMessage(), Signature);

    /// <summary>As an entry of <c>receipts</c> in <c>POST /report</c>, with <c>timestamp</c> or <c>t_epoch</c> by the kind of its time.</summary>
    public JsonObject ToJson() => new()
    {
        ["infohash"] = InfoHash.ToString(),
        ["sender_pk"] = Convert.ToBase64String(Sender.Span),
        ["receiver_public_key"] = Convert.ToBase64String(Receiver.Span),
        ["piece_hash"] = PieceHash.ToString(),
        ["piece_index"] = PieceIndex,
        [Time.Kind == ReceiptTimeKind.Epoch ? "t_epoch" : "timestamp"] = Time.Value,
        ["signature"] = Convert.ToBase64String(Signature.Span),
        ["piece_size"] = PieceSize,
    };
}
