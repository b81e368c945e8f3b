using System.Text;
using Pbts.Protocol.Bep10;
using Pbts.Protocol.Receipts;
using Pbts.Protocol.Vouchers;

namespace Pbts.Protocol.Tests.Vouchers;

/// <summary>What of a peer's handshake and messages is understood as being about vouchers, and what is not.</summary>
public class VoucherStrictnessTests
{
    private const string Flat = "12:pbts_receipti1e18:pbts_receipt_batchi2e20:pbts_request_receipti3e";
    private const string Ids = "20:pbts_request_voucheri7e12:pbts_voucheri5e16:pbts_voucher_acki6e";

    private static readonly InstanceId s_instance = InstanceId.From(Filled(32));
    private static readonly MemberKey s_key = MemberKey.From(Filled(48));
    private static readonly string s_ours = $"13:pbts_instance32:{new string('a', 32)}";
    private static readonly string s_pk = $"7:pbts_pk48:{new string('a', 48)}";

    public static TheoryData<string, bool, string> Handshakes => new()
    {
        { Handshake(Ids, s_ours, s_pk), true, "as it should be" },
        { Handshake(Ids, s_ours, s_pk).Replace("1:m", "1:ai1e1:m", StringComparison.Ordinal), true, "an unknown key" },
        { Handshake(Ids.Replace("i7e", "i0e", StringComparison.Ordinal), s_ours, s_pk), true, "no requests wanted" },
        { Handshake("12:pbts_voucheri5e16:pbts_voucher_acki6e", s_ours, s_pk), true, "requests not named" },
        { Handshake("20:pbts_request_voucheri7e16:pbts_voucher_acki6e", s_ours, s_pk), false, "no vouchers" },
        { Handshake("20:pbts_request_voucheri7e12:pbts_voucheri5e", s_ours, s_pk), false, "no acknowledgements" },
        { Handshake(Ids.Replace("i5e", "i0e", StringComparison.Ordinal), s_ours, s_pk), false, "vouchers not wanted" },
        { Handshake(Ids, "", s_pk), false, "no tracker" },
        { Handshake(Ids, s_ours, ""), false, "no key" },
        { Handshake(Ids, s_ours, $"7:pbts_pk47:{new string('a', 47)}"), false, "a short key" },
        { Handshake(Ids, $"13:pbts_instance31:{new string('a', 31)}", s_pk), false, "a short tracker" },
        { Handshake(Ids, $"13:pbts_instance33:{new string('a', 33)}", s_pk), false, "a long tracker" },
        { Handshake(Ids, $"13:pbts_instance64:{new string('6', 64)}", s_pk), false, "a tracker as text" },
        { Handshake(Ids, "13:pbts_instancei1e", s_pk), false, "a number for a tracker" },
        { Handshake(Ids, $"13:pbts_instance32:{new string('b', 32)}", s_pk), false, "another tracker" },
    };

    public static TheoryData<string, string> Refused => new()
    {
        { Handshake(Ids.Replace("i5e", "i256e", StringComparison.Ordinal), s_ours, s_pk), "an id beyond a byte" },
        { Handshake(Ids.Replace("i6e", "i-1e", StringComparison.Ordinal), s_ours, s_pk), "a negative id" },
        { Handshake(Ids.Replace("i7e", "1:7", StringComparison.Ordinal), s_ours, s_pk), "an id as text" },
        { Handshake(Ids.Replace("i5e", "i05e", StringComparison.Ordinal), s_ours, s_pk), "a leading zero" },
        { Handshake(Ids, s_pk, s_ours), "keys out of order" },
        { Handshake(Ids, s_ours + s_ours, s_pk), "a key twice" },
        { Handshake(Ids, s_ours, s_pk) + "e", "bytes behind" },
    };

    [Theory]
    [MemberData(nameof(Handshakes))]
    public void A_handshake_leads_to_vouchers_with_ids_a_key_and_our_tracker_and_to_receipts_otherwise(string payload, bool vouchers, string what)
    {
        var extension = Ours();
        Assert.True(extension.ParseHandshake(Bytes(payload)), what);
        Assert.True(vouchers == (extension.Vouchers == s_instance), what);
        Assert.Equal(1, extension.RemoteIds.Receipt);
    }

    [Theory]
    [MemberData(nameof(Refused))]
    public void A_handshake_that_is_not_canonical_is_none(string payload, string what)
    {
        var extension = Ours();
        Assert.False(extension.ParseHandshake(Bytes(payload)), what);
        Assert.Null(extension.Remote);
    }

    [Fact]
    public void Without_an_id_for_requests_there_are_vouchers_but_no_requests()
    {
        var extension = Ours();
        extension.ParseHandshake(Bytes(Handshake("12:pbts_voucheri5e16:pbts_voucher_acki6e", s_ours, s_pk)));
        Assert.False(extension.TryCreateVoucherRequest(out _));
        Assert.True(extension.TryCreateVoucherAck(new(SessionId.From(Filled(16)), 1), out _));
    }

    [Theory]
    [InlineData("d5:bytesi1e7:session16:aaaaaaaaaaaaaaaae", true)]
    [InlineData("d5:bytesi9007199254740991e7:session16:aaaaaaaaaaaaaaaae", true)]
    [InlineData("d1:xle5:bytesi1e7:session16:aaaaaaaaaaaaaaaa1:zi1ee", false)]
    [InlineData("d1:ale5:bytesi1e7:session16:aaaaaaaaaaaaaaaa1:zi1ee", true)]
    [InlineData("d5:bytesi9007199254740992e7:session16:aaaaaaaaaaaaaaaae", false)]
    [InlineData("d5:bytesi0e7:session16:aaaaaaaaaaaaaaaae", false)]
    [InlineData("d5:bytesi01e7:session16:aaaaaaaaaaaaaaaae", false)]
    [InlineData("d5:bytesi-1e7:session16:aaaaaaaaaaaaaaaae", false)]
    [InlineData("d5:bytes1:17:session16:aaaaaaaaaaaaaaaae", false)]
    [InlineData("d5:bytesi1e7:session15:aaaaaaaaaaaaaaae", false)]
    [InlineData("d5:bytesi1e7:session17:aaaaaaaaaaaaaaaaae", false)]
    [InlineData("d5:bytesi1e7:sessioni1ee", false)]
    [InlineData("d7:session16:aaaaaaaaaaaaaaaae", false)]
    [InlineData("d5:bytesi1ee", false)]
    [InlineData("d7:session16:aaaaaaaaaaaaaaaa5:bytesi1ee", false)]
    [InlineData("d5:bytesi1e5:bytesi2e7:session16:aaaaaaaaaaaaaaaae", false)]
    [InlineData("d5:bytesi1e7:session16:aaaaaaaaaaaaaaaaee", false)]
    [InlineData("d5:bytesi1e7:session16:aaaaaaaaaaaaaaaa", false)]
    [InlineData("", false)]
    public void An_acknowledgement_is_read_strictly(string payload, bool good) => Assert.Equal(good, VoucherCodec.TryParseAck(Bytes(payload), out _));

    [Theory]
    [InlineData("de", true)]
    [InlineData("d1:ai1ee", true)]
    [InlineData("d1:bi1e1:ai1ee", false)]
    [InlineData("le", false)]
    [InlineData("0:", false)]
    [InlineData("i0e", false)]
    [InlineData("dee", false)]
    [InlineData("d", false)]
    [InlineData("", false)]
    public void A_request_is_any_dictionary(string payload, bool good) => Assert.Equal(good, VoucherCodec.TryParseRequest(Bytes(payload)));

    [Theory]
    [InlineData(2048, true)]
    [InlineData(2049, false)]
    public void Two_kibibytes_are_the_longest_payload_of_each_message(int length, bool good)
    {
        var voucher = new Voucher
        {
            Instance = s_instance, InfoHash = default, Sender = s_key, Receiver = s_key, Session = default, Bytes = 1, Opened = 1, SignedAt = 1,
        };
        foreach (var (name, payload, parse) in new (string, byte[], Func<byte[], bool>)[]
        {
            ("voucher", VoucherCodec.EncodeVoucher(voucher), bytes => VoucherCodec.TryParseVoucher(bytes, s_instance, out _)),
            ("ack", VoucherCodec.EncodeAck(new(default, 1)), bytes => VoucherCodec.TryParseAck(bytes, out _)),
            ("request", VoucherCodec.EncodeRequest(), bytes => VoucherCodec.TryParseRequest(bytes)),
        })
        {
            // An unknown key, sorted behind all others, fills it up.
            var rest = length - payload.Length - "1:z1000:".Length;
            byte[] longer = [.. payload[..^1], .. Bytes($"1:z{rest}:{new string('x', rest)}e")];
            Assert.Equal(length, longer.Length);
            Assert.True(good == parse(longer), name);
        }
    }

    private static string Handshake(string ids, string instance, string key) => $"d1:md{Flat}{ids}e{instance}{key}e";

    private static PbtsExtension Ours()
    {
        var extension = new PbtsExtension();
        extension.CreateHandshake(publicKey: s_key, instance: s_instance);
        return extension;
    }

    private static byte[] Bytes(string text) => Encoding.Latin1.GetBytes(text);

    private static byte[] Filled(int length) => [.. Enumerable.Repeat((byte)'a', length)];
}
