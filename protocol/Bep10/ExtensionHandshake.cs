using System.Buffers;
using System.Text;
using Pbts.Protocol.Bencode;
using Pbts.Protocol.Receipts;
using Pbts.Protocol.Vouchers;

namespace Pbts.Protocol.Bep10;

/// <summary>
/// The extension handshake (BEP 10) as far as PBTS needs it. PBTS ids travel twice: as the integers BEP 10 prescribes
/// (<c>pbts_receipt</c>, <c>pbts_receipt_batch</c>, <c>pbts_request_receipt</c>) and as a dictionary under <c>pbts</c>,
/// the older form. Either is understood; the dictionary wins.
/// </summary>
public sealed record ExtensionHandshake
{
    /// <summary>The version text this implementation sends.</summary>
    public const string DefaultVersion = "PBTS 0.1.0";

    /// <summary>Whether the peer knows PBTS at all.</summary>
    public bool SupportsPbts { get; init; }

    /// <summary>Ids to use when sending to this peer.</summary>
    public Bep10Ids Ids { get; init; }

    /// <summary>
    /// Id to send acknowledgements of receipts under (<c>pbts_receipt_ack</c>, flat form only); 0 when the peer takes none.
    /// </summary>
    public byte AckId { get; init; }

    /// <summary>Ids for vouchers (flat form only); all 0 when the peer takes none.</summary>
    public VoucherIds VoucherIds { get; init; }

    /// <summary>The tracker the peer's vouchers would be for (<c>pbts_instance</c>).</summary>
    public InstanceId? Instance { get; init; }

    /// <summary>The peer's listening port, when it says a valid one.</summary>
    public int? Port { get; init; }

    /// <summary>
    /// The peer's public key (<c>pbts_pk</c>): the sender key to put into receipts for what it uploads. Without it a
    /// peer cannot be given receipts, because a receipt is signed over the sender's key.
    /// </summary>
    public MemberKey? PublicKey { get; init; }

    /// <summary>Client name and version.</summary>
    public string? Version { get; init; }

    /// <summary>Size of the info dictionary in bytes (BEP 9).</summary>
    public long? MetadataSize { get; init; }

    /// <summary>Requests the peer keeps in its queue.</summary>
    public int? RequestQueue { get; init; }

    /// <summary>Encodes the payload.</summary>
    /// <param name="nestedOnly">Leave the flat names out: the exact bytes of the older form.</param>
    public byte[] Encode(bool nestedOnly = false)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        var writer = new BencodeWriter(buffer);
        writer.Dictionary();
        writer.Bytes("m"u8);
        writer.Dictionary();
        if (SupportsPbts)
        {
            writer.Bytes("pbts"u8);
            writer.Dictionary();
            writer.Entry("receipt"u8, Ids.Receipt);
            writer.Entry("receipt_batch"u8, Ids.ReceiptBatch);
            writer.Entry("request_receipt"u8, Ids.RequestReceipt);
            writer.End();
            if (!nestedOnly)
            {
                writer.Entry("pbts_receipt"u8, Ids.Receipt);
                if (AckId != 0)
                    writer.Entry("pbts_receipt_ack"u8, AckId);
                writer.Entry("pbts_receipt_batch"u8, Ids.ReceiptBatch);
                writer.Entry("pbts_request_receipt"u8, Ids.RequestReceipt);
                if (VoucherIds.Suffice)
                {
                    writer.Entry("pbts_request_voucher"u8, VoucherIds.Request);
                    writer.Entry("pbts_voucher"u8, VoucherIds.Voucher);
                    writer.Entry("pbts_voucher_ack"u8, VoucherIds.Ack);
                }
            }
        }
        writer.End();
        if (MetadataSize is { } size)
            writer.Entry("metadata_size"u8, size);
        if (Port is > 0 and { } port)
            writer.Entry("p"u8, port);
        if (Instance is { } instance)
            writer.Entry("pbts_instance"u8, instance.Span);
        if (PublicKey is { } key)
            writer.Entry("pbts_pk"u8, key.Span);
        if (RequestQueue is { } queue)
            writer.Entry("reqq"u8, queue);
        if (Version is { } version)
            writer.Entry("v"u8, Encoding.UTF8.GetBytes(version));
        writer.End();
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Reads a payload. <c>false</c> for anything but a canonical handshake whose PBTS ids, if any, fit one byte.</summary>
    public static bool TryParse(ReadOnlyMemory<byte> payload, out ExtensionHandshake handshake)
    {
        handshake = new ExtensionHandshake();
        if (BencodeDocument.TryParse(payload, Bep10Limits.Bencode, out var document) != BencodeError.None
            || document!.Root.Kind != BencodeKind.Dictionary)
            return false;
        var root = document.Root;
        var supports = false;
        Bep10Ids ids = default;
        byte ack = 0;
        VoucherIds vouchers = default;
        if (root.TryGet("m"u8, out var messages)
            && (messages.Kind != BencodeKind.Dictionary || !TryReadIds(messages, out supports, out ids) || !TryReadId(messages, "pbts_receipt_ack"u8, out ack)
                || !TryReadVoucherIds(messages, out vouchers)))
            return false;
        handshake = new ExtensionHandshake
        {
            SupportsPbts = supports || vouchers.Suffice,
            Ids = ids,
            AckId = ack,
            VoucherIds = vouchers,
            Instance = root.TryGetBytes("pbts_instance"u8, out var instanceBytes) && InstanceId.TryFrom(instanceBytes, out var instance) ? instance : null,
            Port = root.TryGetNumber("p"u8, out var port) && port is > 0 and <= 65535 ? (int)port : null,
            PublicKey = root.TryGetBytes("pbts_pk"u8, out var keyBytes) && MemberKey.TryFrom(keyBytes, out var key) ? key : null,
            Version = root.TryGetBytes("v"u8, out var version) ? Encoding.UTF8.GetString(version[..Math.Min(version.Length, 128)]) : null,
            MetadataSize = root.TryGetNumber("metadata_size"u8, out var size) && size > 0 ? size : null,
            RequestQueue = root.TryGetNumber("reqq"u8, out var queue) && queue > 0 ? (int)Math.Min(queue, int.MaxValue) : null,
        };
        return true;
    }

    private static bool TryReadIds(BencodeElement messages, out bool supports, out Bep10Ids ids)
    {
        ids = default;
        supports = true;
        if (messages.TryGet("pbts"u8, out var nested) && nested.Kind != BencodeKind.Number)
            return nested.Kind == BencodeKind.Dictionary
                && TryReadIds(nested, "receipt"u8, "receipt_batch"u8, "request_receipt"u8, out ids);
        supports = messages.TryGet("pbts_receipt"u8, out _) || messages.TryGet("pbts_receipt_batch"u8, out _)
            || messages.TryGet("pbts_request_receipt"u8, out _);
        return TryReadIds(messages, "pbts_receipt"u8, "pbts_receipt_batch"u8, "pbts_request_receipt"u8, out ids);
    }

    private static bool TryReadIds(BencodeElement source, ReadOnlySpan<byte> receipt, ReadOnlySpan<byte> batch, ReadOnlySpan<byte> request, out Bep10Ids ids)
    {
        ids = default;
        if (!TryReadId(source, receipt, out var first) || !TryReadId(source, batch, out var second) || !TryReadId(source, request, out var third))
            return false;
        ids = new Bep10Ids(first, second, third);
        return true;
    }

    private static bool TryReadVoucherIds(BencodeElement messages, out VoucherIds ids)
    {
        ids = default;
        if (!TryReadId(messages, "pbts_voucher"u8, out var voucher) || !TryReadId(messages, "pbts_voucher_ack"u8, out var ack)
            || !TryReadId(messages, "pbts_request_voucher"u8, out var request))
            return false;
        ids = new VoucherIds(voucher, ack, request);
        return true;
    }

    private static bool TryReadId(BencodeElement source, ReadOnlySpan<byte> name, out byte id)
    {
        id = 0;
        if (!source.TryGet(name, out var item))
            return true;
        if (!item.TryGetNumber(out var value) || value is < 0 or > 255)
            return false;
        id = (byte)value;
        return true;
    }
}
