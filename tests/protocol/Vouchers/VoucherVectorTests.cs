using System.Globalization;
using System.Text.Json;
using Pbts.Protocol.Bep10;
using Pbts.Protocol.Bls;
using Pbts.Protocol.Receipts;
using Pbts.Protocol.Vouchers;

namespace Pbts.Protocol.Tests.Vouchers;

public class VoucherVectorTests
{
    private static readonly JsonElement File = Vectors.Load("pbts_vouchers.json");

    [Fact]
    public void Messages_identities_and_signatures_have_the_exact_bytes()
    {
        var items = new List<BlsBatchItem>();
        foreach (var vector in File.GetProperty("valid").EnumerateArray())
        {
            var voucher = Read(vector);
            Assert.Null(voucher.Fault);
            Assert.Equal(vector.Text("message"), Convert.ToHexStringLower(voucher.SignedMessage()));
            Assert.Equal(VoucherMessage.Length, voucher.SignedMessage().Length);
            Assert.Equal(vector.Text("voucher_id"), voucher.Id.ToString());
            Assert.True(BlsSecretKey.TryParse(vector.Hex("receiver_sk"), out var secret));
            Assert.Equal(vector.Text("signature"), Convert.ToHexStringLower(Protocol.Bls.Bls.Sign(secret, voucher.SignedMessage()).ToArray()));
            items.Add(Item(voucher));
        }

        Assert.Equal(8, items.Count);
        Assert.All(Protocol.Bls.Bls.BatchVerify(items.ToArray()), Assert.True);
    }

    [Fact]
    public void What_was_signed_otherwise_is_refused_alone_and_among_good_ones()
    {
        var good = File.GetProperty("valid").EnumerateArray().Select(Read).Select(Item).ToArray();
        var bad = File.GetProperty("invalid").EnumerateArray().Select(vector => (Reason: vector.Text("reason"), Item: Item(Read(vector)))).ToArray();
        Assert.Equal(17, bad.Length);
        foreach (var (reason, item) in bad)
        {
            Assert.False(BlsPublicKey.TryParse(item.PublicKey.ToArray(), out var key) && Protocol.Bls.Bls.Verify(key, item.Message.Span, item.Signature), reason);
            Assert.Equal([.. Enumerable.Repeat(true, good.Length), false], Protocol.Bls.Bls.BatchVerify([.. good, item]));
        }
    }

    [Fact]
    public void Wire_messages_have_the_exact_bytes()
    {
        var vouchers = File.GetProperty("valid").EnumerateArray().Select(Read).ToArray();
        foreach (var vector in File.GetProperty("wire").EnumerateArray())
        {
            var frame = vector.Hex("frame");
            Assert.True(Bep10Frame.TryParse(frame, out var subId, out var payload));
            Assert.Equal(vector.GetProperty("sub_id").GetByte(), subId);
            byte[] built;
            switch (vector.Text("kind"))
            {
                case "pbts_voucher":
                    var expected = vouchers[vector.GetProperty("voucher").GetInt32()];
                    Assert.True(VoucherCodec.TryParseVoucher(payload, expected.Instance, out var voucher));
                    Assert.Equal(expected, voucher);
                    built = VoucherCodec.EncodeVoucher(expected);
                    break;
                case "pbts_voucher_ack":
                    Assert.True(VoucherCodec.TryParseAck(payload, out var ack));
                    Assert.Equal((vector.Text("session"), vector.Text("bytes")), (ack!.Session.ToString(), ack.Bytes.ToString(CultureInfo.InvariantCulture)));
                    built = VoucherCodec.EncodeAck(ack);
                    break;
                default:
                    Assert.True(VoucherCodec.TryParseRequest(payload));
                    built = VoucherCodec.EncodeRequest();
                    break;
            }

            Assert.Equal(frame, Bep10Frame.Build(subId, built));
        }
    }

    [Fact]
    public void No_other_message_of_this_project_can_be_read_as_a_voucher()
    {
        var voucher = Read(File.GetProperty("valid")[0]).SignedMessage();
        Assert.Equal("pbts-voucher-v1\0"u8, voucher.AsSpan(0, 16));
        // Receipts have 100 or 112 bytes; registrations and rotations begin with their own word.
        Assert.True(ReceiptMessage.MaxLength < VoucherMessage.Length);
        var text = new string('0', RegistrationMessage.InstanceIdLength);
        Assert.NotEqual(voucher[0], RegistrationMessage.Build(text, "pbts")[0]);
    }

    // Wrong points are kept as they are: it is for the verifier to refuse them.
    private static BlsBatchItem Item(Voucher voucher) => new(voucher.Receiver.ToBls(), voucher.SignedMessage(), voucher.Signature.ToBls());

    private static Voucher Read(JsonElement vector) => new()
    {
        Instance = InstanceId.From(vector.Hex("instance_id")),
        InfoHash = InfoHash.From(vector.Hex("infohash")),
        Sender = MemberKey.From(vector.Hex("sender_pk")),
        Receiver = MemberKey.From(vector.Hex("receiver_pk")),
        Session = SessionId.From(vector.Hex("session")),
        Bytes = long.Parse(vector.Text("bytes"), CultureInfo.InvariantCulture),
        Opened = long.Parse(vector.Text("opened"), CultureInfo.InvariantCulture),
        SignedAt = long.Parse(vector.Text("signed_at"), CultureInfo.InvariantCulture),
        Signature = ReceiptSignature.From(vector.Hex("signature")),
    };
}
