using System.Diagnostics;
using System.Text.Json;
using Pbts.Protocol.Bep10;
using Pbts.Protocol.Receipts;

namespace Pbts.Protocol.Tests.Bep10;

public class Bep10VectorTests
{
    private static readonly JsonElement File = Vectors.Load("pbts_bep10.json");

    [Fact]
    public void Handshakes_have_the_exact_bytes()
    {
        foreach (var vector in File.GetProperty("handshakes").EnumerateArray())
        {
            var extension = new PbtsExtension { LocalIds = Ids(vector.GetProperty("ids")) };
            var port = vector.Has("listening_port") ? vector.GetProperty("listening_port").GetInt32() : 0;
            long? size = vector.Has("metadata_size") ? vector.GetProperty("metadata_size").GetInt64() : null;
            var frame = extension.CreateHandshake(port, vector.Text("client_version"), size, nestedOnly: true);
            Assert.Equal(vector.Text("frame"), Convert.ToHexStringLower(frame));

            var other = new PbtsExtension();
            Assert.True(Bep10Frame.TryParse(frame, out var subId, out var payload));
            Assert.Equal(0, subId);
            Assert.True(other.ParseHandshake(payload));
            Assert.Equal(extension.LocalIds, other.RemoteIds);
            Assert.Equal(vector.Text("client_version"), other.Remote!.Version);
            Assert.Equal(size, other.Remote.MetadataSize);
        }
    }

    [Fact]
    public void Foreign_and_bad_handshakes_are_read_as_they_should()
    {
        var seen = 0;
        foreach (var vector in File.GetProperty("handshakes_parse").EnumerateArray())
        {
            var extension = new PbtsExtension();
            var id = vector.Text("id");
            var supports = Bep10Frame.TryParse(vector.HexOrSegments("frame"), out var subId, out var payload)
                && subId == 0 && extension.ParseHandshake(payload);
            if (vector.Has("supports_pbts"))
                Assert.True(vector.GetProperty("supports_pbts").GetBoolean() == supports, id);
            else
                Assert.True(supports && extension.RemoteIds == Bep10Ids.Local, id);
            if (vector.Text("expected") == "rejected")
                Assert.True(extension.Remote is null, id);
            if (supports && vector.Has("ids"))
                Assert.Equal(Ids(vector.GetProperty("ids")), extension.RemoteIds);
            seen++;
        }
        Assert.Equal(34, seen);
    }

    [Fact]
    public void Receipts_batches_and_requests_have_the_exact_bytes()
    {
        foreach (var vector in File.GetProperty("receipts").EnumerateArray())
        {
            var receipt = Read(vector.GetProperty("receipt"));
            Assert.Equal(vector.Hex("signed_message"), receipt.Receipt.SignedMessage());
            Assert.True(Negotiated(vector).TryCreateReceipt(receipt, out var frame));
            Assert.Equal(vector.Text("frame"), Convert.ToHexStringLower(frame));
            Assert.Equal([receipt], Parse(frame, vector));
        }
        foreach (var vector in File.GetProperty("receipt_batches").EnumerateArray())
        {
            var receipts = vector.GetProperty("receipts").EnumerateArray().Select(Read).ToArray();
            Assert.Equal(vector.GetProperty("n").GetInt32(), receipts.Length);
            Assert.True(Negotiated(vector).TryCreateReceiptBatch(receipts, out var frame));
            Assert.Equal(vector.Text("frame"), Convert.ToHexStringLower(frame));
            Assert.Equal(receipts, Parse(frame, vector));
        }
        foreach (var vector in File.GetProperty("request_receipts").EnumerateArray())
        {
            var request = new ReceiptRequest(InfoHash.From(vector.Hex("infohash")), PieceHash.From(vector.Hex("piece_hash")),
                vector.GetProperty("piece_index").GetUInt32());
            Assert.True(Negotiated(vector).TryCreateRequest(request, out var frame));
            Assert.Equal(vector.Text("frame"), Convert.ToHexStringLower(frame));
            Assert.True(Bep10Frame.TryParse(frame, out _, out var payload));
            Assert.Equal(PbtsParseResult.Parsed, new PbtsExtension { LocalIds = PeerIds(vector) }.Parse(frame[5], payload, out var message));
            Assert.Equal(request, Assert.IsType<PbtsMessage.RequestReceipt>(message).Request);
        }
    }

    [Fact]
    public void Messages_are_parsed_or_rejected_as_listed_and_quickly()
    {
        var clock = Stopwatch.StartNew();
        var seen = 0;
        foreach (var vector in File.GetProperty("messages").EnumerateArray())
        {
            PbtsMessage? message = null;
            var parsed = Bep10Frame.TryParse(vector.HexOrSegments("frame"), out var subId, out var payload)
                && new PbtsExtension().Parse(subId, payload, out message) == PbtsParseResult.Parsed;
            Assert.True(parsed == (vector.Text("expected") == "parsed"), vector.Text("id"));
            Assert.Equal(parsed, message is not null);
            seen++;
        }
        Assert.Equal(175, seen);
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(5), $"took {clock.Elapsed}");
    }

    [Fact]
    public void Piece_hashes_and_epochs_match()
    {
        foreach (var vector in File.GetProperty("piece_hashes").EnumerateArray())
            Assert.Equal(vector.Text("piece_hash"), PieceHash.OfPiece(vector.Hex("data")).ToString());
        foreach (var vector in File.GetProperty("epochs").EnumerateArray())
            Assert.Equal(vector.GetProperty("t_epoch").GetUInt64(),
                ReceiptTime.EpochOf(vector.GetProperty("timestamp").GetUInt64(), vector.GetProperty("window").GetUInt64()));
    }

    private static Bep10Ids Ids(JsonElement ids) =>
        new(ids.GetProperty("receipt").GetByte(), ids.GetProperty("receipt_batch").GetByte(), ids.GetProperty("request_receipt").GetByte());

    private static Bep10Ids PeerIds(JsonElement vector) =>
        vector.Has("peer_ids") ? Ids(vector.GetProperty("peer_ids")) : Bep10Ids.Local;

    private static PbtsExtension Negotiated(JsonElement vector)
    {
        var extension = new PbtsExtension();
        var peer = new ExtensionHandshake { SupportsPbts = true, Ids = PeerIds(vector) };
        Assert.True(extension.ParseHandshake(peer.Encode()));
        return extension;
    }

    private static IReadOnlyList<WireReceipt> Parse(byte[] frame, JsonElement vector)
    {
        var receiving = new PbtsExtension { LocalIds = PeerIds(vector) };
        Assert.True(Bep10Frame.TryParse(frame, out var subId, out var payload));
        Assert.Equal(PbtsParseResult.Parsed, receiving.Parse(subId, payload, out var message));
        return message is PbtsMessage.SingleReceipt single ? [single.Receipt] : Assert.IsType<PbtsMessage.ReceiptBatch>(message).Receipts;
    }

    private static WireReceipt Read(JsonElement item) => new(
        new Receipt
        {
            InfoHash = InfoHash.From(item.Hex("infohash")),
            Sender = MemberKey.From(item.Hex("sender_pk")),
            Receiver = MemberKey.From(item.Hex("receiver_pk")),
            PieceHash = PieceHash.From(item.Hex("piece_hash")),
            PieceIndex = item.GetProperty("piece_index").GetUInt32(),
            Time = ReceiptTime.FromEpoch(item.GetProperty("t_epoch").GetUInt64()),
            Signature = ReceiptSignature.From(item.Hex("signature")),
        },
        item.GetProperty("timestamp").GetUInt64());
}
