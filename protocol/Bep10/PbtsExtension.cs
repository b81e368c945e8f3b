using System.Diagnostics;
using Pbts.Protocol.Receipts;
using Pbts.Protocol.Vouchers;

namespace Pbts.Protocol.Bep10;

/// <summary>
/// The PBTS side of one connection: our handshake, the peer's, and the messages. Not for concurrent use.
/// Outgoing messages use the ids the peer asked for, incoming ones are looked up in the ids we offered.
/// </summary>
/// <param name="statistics">Shared counters; a set of its own when omitted.</param>
public sealed class PbtsExtension(Bep10Statistics? statistics = null)
{
    private InstanceId? _instance;

    /// <summary>The counters.</summary>
    public Bep10Statistics Statistics { get; } = statistics ?? new Bep10Statistics();

    /// <summary>The ids offered to the peer.</summary>
    public Bep10Ids LocalIds { get; init; } = Bep10Ids.Local;

    /// <summary>The id offered for acknowledgements.</summary>
    public byte LocalAckId { get; init; } = 4;

    /// <summary>The ids offered for vouchers.</summary>
    public VoucherIds LocalVoucherIds { get; init; } = VoucherIds.Local;

    /// <summary>What the peer said; <c>null</c> before a valid handshake.</summary>
    public ExtensionHandshake? Remote { get; private set; }

    /// <summary>Whether the peer announced PBTS.</summary>
    public bool PeerSupportsPbts => Remote?.SupportsPbts ?? false;

    /// <summary>Ids to send under; all 0 before negotiation.</summary>
    public Bep10Ids RemoteIds => Remote?.Ids ?? default;

    /// <summary>Whether the peer says which receipts it has kept.</summary>
    public bool PeerAcknowledges => Remote is { AckId: not 0 };

    /// <summary>
    /// The tracker that vouchers on this connection are for; null while receipts are used. Both sides have to offer vouchers,
    /// name their keys and name the same tracker.
    /// </summary>
    public InstanceId? Vouchers =>
        _instance is { } ours && Remote is { VoucherIds.Suffice: true, PublicKey: not null, Instance: { } theirs } && ours == theirs ? ours : null;

    /// <summary>Builds our handshake frame.</summary>
    /// <param name="port">Listening port; left out when 0.</param>
    /// <param name="version">Client text.</param>
    /// <param name="metadataSize">Size of the info dictionary; left out when <c>null</c>.</param>
    /// <param name="nestedOnly">The exact bytes of the older form, without flat names.</param>
    /// <param name="publicKey">Our key, for what we upload.</param>
    /// <param name="instance">The tracker our vouchers would be for; without it, or a key, none are offered.</param>
    /// <param name="requestQueue">Requests we let wait; left out when <c>null</c>.</param>
    public byte[] CreateHandshake(
        int port = 0, string version = ExtensionHandshake.DefaultVersion, long? metadataSize = null, bool nestedOnly = false, MemberKey? publicKey = null,
        InstanceId? instance = null, int? requestQueue = null)
    {
        var started = Stopwatch.GetTimestamp();
        _instance = nestedOnly || publicKey is null ? null : instance;
        var handshake = new ExtensionHandshake
        {
            SupportsPbts = true, Ids = LocalIds, AckId = LocalAckId, Port = port, Version = version, MetadataSize = metadataSize, PublicKey = publicKey,
            RequestQueue = requestQueue,
            Instance = _instance, VoucherIds = _instance is null ? default : LocalVoucherIds,
        };
        var frame = Bep10Frame.Build(Bep10Frame.HandshakeId, handshake.Encode(nestedOnly));
        Statistics.Add(Bep10Operation.HandshakeCreated, Stopwatch.GetElapsedTime(started));
        return frame;
    }

    /// <summary>Vouchers for a tracker are offered in a handshake that was made elsewhere.</summary>
    public void Offer(InstanceId instance) => _instance = instance;

    /// <summary>
    /// Reads the peer's handshake payload; <c>true</c> when the peer supports PBTS. A later handshake updates an earlier
    /// one, and what it leaves out stays as it was (BEP 10).
    /// </summary>
    public bool ParseHandshake(ReadOnlyMemory<byte> payload)
    {
        var started = Stopwatch.GetTimestamp();
        if (ExtensionHandshake.TryParse(payload, out var handshake))
            Remote = PeerSupportsPbts && !handshake.SupportsPbts ? handshake with
                {
                    SupportsPbts = true, Ids = RemoteIds, AckId = Remote!.AckId, PublicKey = Remote.PublicKey, VoucherIds = Remote.VoucherIds, Instance = Remote.Instance,
                } : handshake;
        Statistics.Add(Bep10Operation.HandshakeParsed, Stopwatch.GetElapsedTime(started));
        return PeerSupportsPbts;
    }

    /// <summary>Builds a receipt frame; <c>false</c> when the peer takes none.</summary>
    public bool TryCreateReceipt(WireReceipt receipt, out byte[] frame) =>
        TryCreate(RemoteIds.Receipt, Bep10Operation.ReceiptCreated, () => ReceiptCodec.EncodeReceipt(receipt), out frame);

    /// <summary>Builds a batch frame; <c>false</c> when the peer takes none or it has too many receipts.</summary>
    public bool TryCreateReceiptBatch(IReadOnlyCollection<WireReceipt> receipts, out byte[] frame)
    {
        ArgumentNullException.ThrowIfNull(receipts);
        frame = [];
        return receipts.Count <= Bep10Limits.MaxReceiptsPerBatch
            && TryCreate(RemoteIds.ReceiptBatch, Bep10Operation.BatchCreated, () => ReceiptCodec.EncodeBatch(receipts), out frame);
    }

    /// <summary>Builds a request frame; <c>false</c> when the peer takes none.</summary>
    public bool TryCreateRequest(ReceiptRequest request, out byte[] frame) =>
        TryCreate(RemoteIds.RequestReceipt, null, () => ReceiptCodec.EncodeRequest(request), out frame);

    /// <summary>Builds an acknowledgement frame; <c>false</c> when the peer takes none.</summary>
    /// <param name="count">Receipts of this connection dealt with since it began.</param>
    /// <param name="frame">The frame.</param>
    public bool TryCreateAck(long count, out byte[] frame) => TryCreate(Remote?.AckId ?? 0, null, () => ReceiptCodec.EncodeAck(count), out frame);

    /// <summary>Builds a voucher frame; <c>false</c> when no vouchers are used on this connection.</summary>
    public bool TryCreateVoucher(Voucher voucher, out byte[] frame) =>
        TryCreate(RemoteVoucherIds.Voucher, null, () => VoucherCodec.EncodeVoucher(voucher), out frame);

    /// <summary>Builds the acknowledgement of a voucher; <c>false</c> when no vouchers are used on this connection.</summary>
    public bool TryCreateVoucherAck(VoucherAck ack, out byte[] frame) => TryCreate(RemoteVoucherIds.Ack, null, () => VoucherCodec.EncodeAck(ack), out frame);

    /// <summary>Builds a request for a voucher; <c>false</c> when the peer takes none.</summary>
    public bool TryCreateVoucherRequest(out byte[] frame) => TryCreate(RemoteVoucherIds.Request, null, VoucherCodec.EncodeRequest, out frame);

    private VoucherIds RemoteVoucherIds => Vouchers is null ? default : Remote!.VoucherIds;

    /// <summary>Reads an incoming extended message other than the handshake.</summary>
    /// <param name="subId">Its sub-id, as received.</param>
    /// <param name="payload">What follows the sub-id.</param>
    /// <param name="message">The message, when <see cref="PbtsParseResult.Parsed"/>.</param>
    public PbtsParseResult Parse(byte subId, ReadOnlyMemory<byte> payload, out PbtsMessage? message)
    {
        message = null;
        if (subId == 0)
            return PbtsParseResult.UnknownId;
        var started = Stopwatch.GetTimestamp();
        if (subId == LocalIds.Receipt)
        {
            if (!ReceiptCodec.TryParseReceipt(payload, out var receipt))
                return PbtsParseResult.Malformed;
            message = new PbtsMessage.SingleReceipt(receipt!);
            Statistics.Add(Bep10Operation.ReceiptParsed, Stopwatch.GetElapsedTime(started));
        }
        else if (subId == LocalIds.ReceiptBatch)
        {
            if (!ReceiptCodec.TryParseBatch(payload, out var receipts))
                return PbtsParseResult.Malformed;
            message = new PbtsMessage.ReceiptBatch(receipts);
            Statistics.Add(Bep10Operation.BatchParsed, Stopwatch.GetElapsedTime(started));
        }
        else if (subId == LocalIds.RequestReceipt)
        {
            if (!ReceiptCodec.TryParseRequest(payload, out var request))
                return PbtsParseResult.Malformed;
            message = new PbtsMessage.RequestReceipt(request!);
        }
        else if (subId == LocalAckId)
        {
            if (!ReceiptCodec.TryParseAck(payload, out var count))
                return PbtsParseResult.Malformed;
            message = new PbtsMessage.ReceiptAck(count);
        }
        else if (Vouchers is { } instance)
        {
            return ParseVoucher(subId, payload, instance, out message);
        }
        return message is null ? PbtsParseResult.UnknownId : PbtsParseResult.Parsed;
    }

    private PbtsParseResult ParseVoucher(byte subId, ReadOnlyMemory<byte> payload, InstanceId instance, out PbtsMessage? message)
    {
        message = null;
        if (subId == LocalVoucherIds.Voucher)
        {
            if (VoucherCodec.TryParseVoucher(payload, instance, out var voucher))
                message = new PbtsMessage.NewVoucher(voucher!);
        }
        else if (subId == LocalVoucherIds.Ack)
        {
            if (VoucherCodec.TryParseAck(payload, out var ack))
                message = new PbtsMessage.VoucherKept(ack!);
        }
        else if (subId == LocalVoucherIds.Request)
        {
            if (VoucherCodec.TryParseRequest(payload))
                message = new PbtsMessage.RequestVoucher();
        }
        else
        {
            return PbtsParseResult.UnknownId;
        }

        return message is null ? PbtsParseResult.Malformed : PbtsParseResult.Parsed;
    }

    private bool TryCreate(byte remoteId, Bep10Operation? operation, Func<byte[]> encode, out byte[] frame)
    {
        frame = [];
        if (remoteId == 0)
            return false;
        var started = Stopwatch.GetTimestamp();
        frame = Bep10Frame.Build(remoteId, encode());
        if (operation is { } counted)
            Statistics.Add(counted, Stopwatch.GetElapsedTime(started));
        return true;
    }
}
