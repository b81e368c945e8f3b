using System.Text;
using CsCheck;
using Pbts.Protocol.Bencode;
using Pbts.Protocol.Bep10;
using Pbts.Protocol.Receipts;
using Pbts.Protocol.Vouchers;

namespace Pbts.Protocol.Tests.Vouchers;

public class VoucherExchangeTests
{
    private static readonly InstanceId s_instance = InstanceId.From(Filled(32, 1));
    private static readonly Voucher s_voucher = new()
    {
        Instance = s_instance, InfoHash = InfoHash.From(Filled(20, 2)), Sender = MemberKey.From(Filled(48, 3)), Receiver = MemberKey.From(Filled(48, 4)),
        Session = SessionId.From(Filled(16, 5)), Bytes = 1 << 20, Opened = 1_700_000_000, SignedAt = 1_700_000_005, Signature = ReceiptSignature.From(Filled(96, 6)),
    };

    [Fact]
    public void Two_that_name_the_same_tracker_and_their_keys_exchange_vouchers()
    {
        var (receiver, sender) = Pair(s_instance, s_instance);
        Assert.Equal(s_instance, receiver.Vouchers);
        Assert.True(receiver.TryCreateVoucher(s_voucher, out var frame));
        Assert.Equal(s_voucher, Assert.IsType<PbtsMessage.NewVoucher>(Read(sender, frame)).Voucher);
        Assert.True(sender.TryCreateVoucherAck(new(s_voucher.Session, s_voucher.Bytes), out frame));
        Assert.Equal(new VoucherAck(s_voucher.Session, s_voucher.Bytes), Assert.IsType<PbtsMessage.VoucherKept>(Read(receiver, frame)).Ack);
        Assert.True(sender.TryCreateVoucherRequest(out frame));
        Assert.IsType<PbtsMessage.RequestVoucher>(Read(receiver, frame));
    }

    [Fact]
    public void Others_go_on_with_receipts()
    {
        foreach (var (ours, theirs) in (ReadOnlySpan<(InstanceId?, InstanceId?)>)[(s_instance, InstanceId.From(Filled(32, 9))), (s_instance, null), (null, s_instance), (null, null)])
        {
            var (receiver, sender) = Pair(ours, theirs);
            Assert.Null(receiver.Vouchers);
            Assert.Null(sender.Vouchers);
            Assert.False(receiver.TryCreateVoucher(s_voucher, out _));
            Assert.Equal(PbtsParseResult.UnknownId, sender.Parse(VoucherIds.Local.Voucher, VoucherCodec.EncodeVoucher(s_voucher), out _));
            Assert.True(receiver.PeerSupportsPbts && receiver.PeerAcknowledges);
        }
    }

    [Fact]
    public void A_later_handshake_that_leaves_pbts_out_changes_nothing()
    {
        var (receiver, _) = Pair(s_instance, s_instance);
        receiver.ParseHandshake("d1:mdee"u8.ToArray());
        Assert.Equal(s_instance, receiver.Vouchers);
        Assert.True(receiver.TryCreateVoucher(s_voucher, out _));
    }

    [Theory]
    [InlineData("bytes", "i0e")]
    [InlineData("bytes", "i-1e")]
    [InlineData("bytes", "i9007199254740992e")]
    [InlineData("opened", "i-1e")]
    [InlineData("opened", "i1700000006e")]
    [InlineData("session", "15:aaaaaaaaaaaaaaa")]
    [InlineData("session", "17:aaaaaaaaaaaaaaaaa")]
    [InlineData("infohash", "19:aaaaaaaaaaaaaaaaaaa")]
    [InlineData("receiver_pk", "1:a")]
    [InlineData("sender_pk", "i1e")]
    [InlineData("signature", "0:")]
    [InlineData("signed_at", "1:a")]
    public void A_field_out_of_range_refuses_the_message(string field, string value)
    {
        var text = Encoding.Latin1.GetString(VoucherCodec.EncodeVoucher(s_voucher));
        var start = text.IndexOf($"{field.Length}:{field}", StringComparison.Ordinal) + $"{field.Length}:{field}".Length;
        var end = text[start] == 'i' ? text.IndexOf('e', start) + 1
            : text.IndexOf(':', start) + 1 + int.Parse(text[start..text.IndexOf(':', start)], System.Globalization.CultureInfo.InvariantCulture);
        var payload = Encoding.Latin1.GetBytes(text[..start] + value + text[end..]);
        Assert.Equal(BencodeError.None, BencodeDocument.TryParse(payload, BencodeLimits.Message, out _));
        Assert.False(VoucherCodec.TryParseVoucher(payload, s_instance, out _));
    }

    [Fact]
    public void Each_field_is_needed_and_unknown_ones_are_ignored_up_to_two_kibibytes()
    {
        var payload = Encoding.Latin1.GetString(VoucherCodec.EncodeVoucher(s_voucher));
        foreach (var field in new[] { "bytes", "infohash", "opened", "receiver_pk", "sender_pk", "session", "signature", "signed_at" })
        {
            // The same order, another name.
            var renamed = payload.Replace($"{field.Length}:{field}", $"{field.Length}:{field[..^1]}z", StringComparison.Ordinal);
            Assert.False(VoucherCodec.TryParseVoucher(Encoding.Latin1.GetBytes(renamed), s_instance, out _), field);
        }

        foreach (var (length, fits) in (ReadOnlySpan<(int, bool)>)[(1, true), (1600, true), (2048, false)])
            Assert.Equal(fits, VoucherCodec.TryParseVoucher(Encoding.Latin1.GetBytes($"{payload[..^1]}1:z{length}:{new string('x', length)}e"), s_instance, out _));
    }

    [Fact]
    public void Whatever_is_accepted_means_the_same_when_it_is_encoded_again()
    {
        var payload = VoucherCodec.EncodeVoucher(s_voucher);
        var accepted = 0;
        Gen.Select(Gen.Int[0, payload.Length - 1], Gen.Byte).Array[1, 3].Sample(
            changes =>
            {
                var input = payload.ToArray();
                foreach (var (at, value) in changes)
                    input[at] = value;
                if (!VoucherCodec.TryParseVoucher(input, s_instance, out var voucher))
                    return;
                Interlocked.Increment(ref accepted);
                Assert.Null(voucher!.Fault);
                Assert.Equal(input, VoucherCodec.EncodeVoucher(voucher));
            },
            iter: 20_000, seed: "0N0XIzNsQ0O2");
        Assert.InRange(accepted, 1000, 20_000);
    }

    [Fact]
    public void Every_field_but_the_numbers_and_the_signature_makes_another_session()
    {
        Assert.Equal(s_voucher.Id, (s_voucher with { Bytes = 1, Opened = 0, SignedAt = 9, Signature = default }).Id);
        Voucher[] others =
        [
            s_voucher with { Instance = InstanceId.From(Filled(32, 7)) }, s_voucher with { InfoHash = InfoHash.From(Filled(20, 7)) },
            s_voucher with { Sender = MemberKey.From(Filled(48, 7)) }, s_voucher with { Receiver = MemberKey.From(Filled(48, 7)) },
            s_voucher with { Session = SessionId.From(Filled(16, 7)) },
        ];
        Assert.Equal(6, others.Append(s_voucher).Select(voucher => voucher.Id).Distinct().Count());
    }

    private static (PbtsExtension Receiver, PbtsExtension Sender) Pair(InstanceId? receiver, InstanceId? sender)
    {
        var (one, other) = (new PbtsExtension(), new PbtsExtension());
        var (first, second) = (one.CreateHandshake(publicKey: s_voucher.Receiver, instance: receiver), other.CreateHandshake(publicKey: s_voucher.Sender, instance: sender));
        Assert.True(Bep10Frame.TryParse(first, out _, out var payload) && other.ParseHandshake(payload));
        Assert.True(Bep10Frame.TryParse(second, out _, out payload) && one.ParseHandshake(payload));
        return (one, other);
    }

    private static PbtsMessage? Read(PbtsExtension reader, byte[] frame)
    {
        Assert.True(Bep10Frame.TryParse(frame, out var subId, out var payload));
        Assert.Equal(PbtsParseResult.Parsed, reader.Parse(subId, payload, out var message));
        return message;
    }

    private static byte[] Filled(int length, byte value) => [.. Enumerable.Repeat(value, length)];
}
