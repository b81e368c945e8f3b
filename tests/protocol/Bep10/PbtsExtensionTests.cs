using System.Buffers.Binary;
using System.Text;
using Pbts.Protocol.Bep10;
using Pbts.Protocol.Receipts;

namespace Pbts.Protocol.Tests.Bep10;

public class PbtsExtensionTests
{
    [Fact]
    public void Handshake_frame_has_length_prefix_and_ids()
    {
        var frame = new PbtsExtension().CreateHandshake(6881);
        Assert.True(frame.Length > 20);
        Assert.Equal(frame.Length - 4, BinaryPrimitives.ReadInt32BigEndian(frame));
        Assert.Equal(20, frame[4]);
        Assert.Equal(0, frame[5]);
    }

    [Fact]
    public void Two_extensions_understand_each_other_in_both_forms()
    {
        foreach (var nestedOnly in new[] { true, false })
        {
            var (alice, bob) = (new PbtsExtension { LocalIds = new Bep10Ids(7, 8, 9) }, new PbtsExtension());
            Assert.True(bob.ParseHandshake(alice.CreateHandshake(6881, nestedOnly: nestedOnly).AsMemory(6)));
            Assert.True(alice.ParseHandshake(bob.CreateHandshake(nestedOnly: nestedOnly).AsMemory(6)));
            Assert.True(alice.PeerSupportsPbts && bob.PeerSupportsPbts);
            Assert.Equal(new Bep10Ids(1, 2, 3), alice.RemoteIds);
            Assert.Equal(new Bep10Ids(7, 8, 9), bob.RemoteIds);
            Assert.Equal(6881, bob.Remote!.Port);
            Assert.Null(alice.Remote!.Port);
        }
    }

    [Fact]
    public void Default_handshake_carries_flat_integer_names_and_the_nested_dictionary()
    {
        var text = Encoding.Latin1.GetString(new PbtsExtension().CreateHandshake().AsSpan(6));
        Assert.Equal("d1:md4:pbtsd7:receipti1e13:receipt_batchi2e15:request_receipti3ee12:pbts_receipti1e16:pbts_receipt_acki4e"
            + "18:pbts_receipt_batchi2e20:pbts_request_receipti3ee1:v10:PBTS 0.1.0e", text);
    }

    [Theory]
    [InlineData("d1:md11:ut_metadatai3eee")]
    [InlineData("d1:md11:ut_metadatad8:metadatai3eeee")]
    public void Handshake_without_pbts_leaves_the_flag_unset(string payload)
    {
        var extension = new PbtsExtension();
        Assert.False(extension.ParseHandshake(Encoding.ASCII.GetBytes(payload)));
        Assert.False(extension.PeerSupportsPbts);
        Assert.NotNull(extension.Remote);
    }

    [Fact]
    public void Garbage_handshake_is_no_support()
    {
        var extension = new PbtsExtension();
        Assert.False(extension.ParseHandshake("invalid bencode data"u8.ToArray()));
        Assert.False(extension.PeerSupportsPbts);
    }

    [Fact]
    public void A_later_handshake_that_leaves_pbts_out_keeps_the_ids()
    {
        var extension = new PbtsExtension();
        Assert.True(extension.ParseHandshake("d1:md4:pbtsd7:receipti9eeee"u8.ToArray()));
        Assert.True(extension.ParseHandshake("d1:md6:ut_pexi1eee"u8.ToArray()));
        Assert.Equal(9, extension.RemoteIds.Receipt);
    }

    [Fact]
    public void Messages_before_negotiation_are_not_built()
    {
        var extension = new PbtsExtension();
        Assert.False(extension.TryCreateReceipt(SampleReceipts.Wire(), out _));
        Assert.False(extension.TryCreateReceiptBatch([SampleReceipts.Wire()], out _));
        Assert.False(extension.TryCreateRequest(new ReceiptRequest(default, default, 0), out _));
    }

    [Theory]
    [InlineData("d1:md11:ut_metadatai3eee")]
    [InlineData("d1:md4:pbtsdeee")]
    [InlineData("d1:md4:pbtsd7:receipti0eeee")]
    [InlineData("no handshake")]
    public void Messages_to_a_peer_without_pbts_are_not_built(string payload)
    {
        var extension = new PbtsExtension();
        extension.ParseHandshake(Encoding.ASCII.GetBytes(payload));
        Assert.False(extension.TryCreateReceipt(SampleReceipts.Wire(), out _));
        Assert.False(extension.TryCreateReceiptBatch([SampleReceipts.Wire()], out _));
        Assert.False(extension.TryCreateRequest(new ReceiptRequest(default, default, 0), out _));
        Assert.False(extension.TryCreateAck(1, out _));
    }

    [Fact]
    public void Messages_the_peer_did_not_offer_are_not_built()
    {
        var extension = new PbtsExtension();
        Assert.True(extension.ParseHandshake("d1:md4:pbtsd7:receipti5eeee"u8.ToArray()));
        Assert.True(extension.TryCreateReceipt(SampleReceipts.Wire(), out var frame));
        Assert.Equal(5, frame[5]);
        Assert.False(extension.TryCreateReceiptBatch([SampleReceipts.Wire()], out _));
    }

    [Fact]
    public void Ten_receipts_keep_their_order_through_a_batch()
    {
        var (alice, bob) = Pair();
        var sent = Enumerable.Range(0, 10).Select(i => SampleReceipts.Wire((uint)i)).ToArray();
        Assert.True(bob.TryCreateReceiptBatch(sent, out var frame));
        Assert.Equal(2, frame[5]);
        Assert.Equal(PbtsParseResult.Parsed, alice.Parse(frame[5], frame.AsMemory(6), out var message));
        var received = Assert.IsType<PbtsMessage.ReceiptBatch>(message).Receipts;
        Assert.Equal(sent, received);
        Assert.Equal(sent.Select(r => r.Receipt.Id), received.Select(r => r.Receipt.Id));
    }

    [Fact]
    public void Acknowledgements_go_to_peers_that_take_them_under_their_id()
    {
        var (alice, bob) = (new PbtsExtension { LocalAckId = 77 }, new PbtsExtension());
        Assert.False(alice.TryCreateAck(1, out _));
        Assert.True(bob.ParseHandshake(alice.CreateHandshake().AsMemory(6)));
        Assert.True(alice.ParseHandshake(bob.CreateHandshake(nestedOnly: true).AsMemory(6)));
        Assert.False(alice.TryCreateAck(1, out _));
        Assert.False(alice.PeerAcknowledges);
        Assert.True(bob.PeerAcknowledges);
        Assert.True(bob.TryCreateAck(12, out var frame));
        Assert.Equal(77, frame[5]);
        Assert.Equal(PbtsParseResult.Parsed, alice.Parse(77, frame.AsMemory(6), out var message));
        Assert.Equal(12, Assert.IsType<PbtsMessage.ReceiptAck>(message).Count);
        Assert.Equal(PbtsParseResult.Malformed, alice.Parse(77, "d5:counti-1ee"u8.ToArray(), out _));
        // A later handshake that leaves it out changes nothing.
        Assert.True(bob.ParseHandshake("d1:md6:ut_pexi1eee"u8.ToArray()));
        Assert.True(bob.PeerAcknowledges);
        Assert.False(ExtensionHandshake.TryParse("d1:md12:pbts_receipti1e16:pbts_receipt_acki256eee"u8.ToArray(), out _));
    }

    [Fact]
    public void A_batch_above_the_limit_is_neither_built_nor_read()
    {
        var (alice, bob) = Pair();
        var many = Enumerable.Range(0, Bep10Limits.MaxReceiptsPerBatch + 1).Select(i => SampleReceipts.Wire((uint)i)).ToArray();
        Assert.False(bob.TryCreateReceiptBatch(many, out _));
        Assert.Equal(PbtsParseResult.Malformed, alice.Parse(2, ReceiptCodec.EncodeBatch(many), out _));
        Assert.Equal(PbtsParseResult.Parsed, alice.Parse(2, ReceiptCodec.EncodeBatch(many[1..]), out _));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    [InlineData(99)]
    [InlineData(255)]
    public void Unknown_ids_are_ignored(byte id)
    {
        foreach (var payload in new[] { "de"u8.ToArray(), ReceiptCodec.EncodeReceipt(SampleReceipts.Wire()) })
        {
            Assert.Equal(PbtsParseResult.UnknownId, Pair().Alice.Parse(id, payload, out var message));
            Assert.Null(message);
        }
    }

    [Fact]
    public void Statistics_count_and_reset()
    {
        var statistics = new Bep10Statistics();
        var (alice, bob) = (new PbtsExtension(statistics), new PbtsExtension(statistics));
        bob.ParseHandshake(alice.CreateHandshake().AsMemory(6));
        bob.TryCreateReceipt(SampleReceipts.Wire(), out var frame);
        alice.Parse(frame[5], frame.AsMemory(6), out _);
        var values = statistics.Snapshot();
        Assert.Equal(18, values.Count);
        foreach (var name in new[] { "handshakes_created", "handshakes_parsed", "receipts_created", "receipts_parsed" })
            Assert.Equal(1, values[name]);
        Assert.Equal(0, values["batches_parsed"]);
        Assert.Equal(0, values["avg_batch_parse_time_ms"]);
        Assert.True(values["total_receipt_parse_time_ms"] > 0);
        Assert.Equal(values["total_receipt_parse_time_ms"], values["avg_receipt_parse_time_ms"]);
        statistics.Reset();
        Assert.All(statistics.Snapshot().Values, value => Assert.Equal(0, value));
    }

    private static (PbtsExtension Alice, PbtsExtension Bob) Pair()
    {
        var (alice, bob) = (new PbtsExtension(), new PbtsExtension());
        Assert.True(bob.ParseHandshake(alice.CreateHandshake().AsMemory(6)));
        Assert.True(alice.ParseHandshake(bob.CreateHandshake().AsMemory(6)));
        return (alice, bob);
    }
}
