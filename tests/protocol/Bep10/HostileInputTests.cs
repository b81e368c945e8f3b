using Pbts.Protocol.Bencode;
using Pbts.Protocol.Bep10;
using Pbts.Protocol.Vouchers;

namespace Pbts.Protocol.Tests.Bep10;

/// <summary>200,000 seeded inputs: random bytes, bencode-like bytes and damaged real messages. Nothing may throw, hang or accept what does not re-encode to itself.</summary>
public class HostileInputTests
{
    private const int Inputs = 200_000;

    private static readonly Voucher Voucher = new()
    {
        Instance = InstanceId.From([.. Enumerable.Repeat((byte)9, InstanceId.Length)]), InfoHash = SampleReceipts.Make().InfoHash,
        Sender = SampleReceipts.Make().Sender, Receiver = SampleReceipts.Make().Receiver, Session = SessionId.From([.. Enumerable.Repeat((byte)8, SessionId.Length)]),
        Bytes = 1 << 20, Opened = 1_700_000_000, SignedAt = 1_700_000_005, Signature = SampleReceipts.Make().Signature,
    };

    [Fact]
    public void Two_hundred_thousand_hostile_inputs_never_throw_and_only_canonical_ones_pass()
    {
        var random = new Random(20261122);
        byte[][] seeds =
        [
            ReceiptCodec.EncodeReceipt(SampleReceipts.Wire(7)),
            ReceiptCodec.EncodeBatch([SampleReceipts.Wire(1), SampleReceipts.Wire(2)]),
            ReceiptCodec.EncodeAck(17),
            ReceiptCodec.EncodeRequest(new ReceiptRequest(SampleReceipts.Make().InfoHash, SampleReceipts.Make().PieceHash, 3)),
            new PbtsExtension().CreateHandshake(6881).AsSpan(6).ToArray(),
            VoucherCodec.EncodeVoucher(Voucher),
            VoucherCodec.EncodeAck(new VoucherAck(Voucher.Session, Voucher.Bytes)),
            VoucherCodec.EncodeRequest(),
            new PbtsExtension().CreateHandshake(6881, publicKey: Voucher.Sender, instance: Voucher.Instance).AsSpan(6).ToArray(),
        ];
        var exchange = new PbtsExtension();
        exchange.CreateHandshake(publicKey: Voucher.Receiver, instance: Voucher.Instance);
        Assert.True(exchange.ParseHandshake(seeds[^1]));
        Assert.Equal(Voucher.Instance, exchange.Vouchers);
        var (vouchers, agreed) = (0, 0);
        var (valid, parsed) = (0, 0);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < Inputs; i++)
        {
            var input = Next(random, seeds);
            if (BencodeDocument.TryParse(input, BencodeLimits.Message, out var document) == BencodeError.None)
            {
                valid++;
                Assert.Equal(input, Rebuild(document!.Root).Encode());
            }
            var extension = new PbtsExtension();
            extension.ParseHandshake(input);
            for (byte id = 1; id <= 4; id++)
                if (extension.Parse(id, input, out var message) == PbtsParseResult.Parsed)
                {
                    Assert.NotNull(message);
                    Assert.NotNull(document);
                    parsed++;
                }
            for (byte id = 5; id <= 7; id++)
            {
                // Without a tracker in common there are no vouchers.
                Assert.Equal(PbtsParseResult.UnknownId, extension.Parse(id, input, out _));
                if (exchange.Parse(id, input, out var message) != PbtsParseResult.Parsed)
                    continue;
                Assert.NotNull(message);
                Assert.Equal(BencodeKind.Dictionary, document!.Root.Kind);
                Assert.InRange(input.Length, 2, 2048);
                Assert.Null((message as PbtsMessage.NewVoucher)?.Voucher.Fault);
                vouchers++;
            }
            if (extension.Remote is { Instance: not null, VoucherIds.Suffice: true, PublicKey: not null })
                agreed++;
        }
        // The generator must reach the accepting paths too, or it proves nothing.
        Assert.True(valid > Inputs / 50, $"{valid} valid");
        Assert.True(parsed > Inputs / 100, $"{parsed} parsed");
        Assert.True(vouchers > Inputs / 100, $"{vouchers} of vouchers");
        Assert.True(agreed > Inputs / 1000, $"{agreed} handshakes");
        var perInput = (GC.GetAllocatedBytesForCurrentThread() - before) / Inputs;
        Assert.True(perInput < 64 * 1024, $"{perInput} bytes an input");
    }

    private static byte[] Next(Random random, byte[][] seeds)
    {
        switch (random.Next(3))
        {
            case 0:
                var bytes = new byte[random.Next(64)];
                random.NextBytes(bytes);
                return bytes;
            case 1:
                var alphabet = "dle0123456789:i-eed1:ai1e"u8;
                var text = new byte[random.Next(1, 24)];
                for (var i = 0; i < text.Length; i++)
                    text[i] = alphabet[random.Next(alphabet.Length)];
                return text;
            default:
                var damaged = seeds[random.Next(seeds.Length)].ToList();
                for (var n = random.Next(4); n > 0 && damaged.Count > 0; n--)
                {
                    var at = random.Next(damaged.Count);
                    switch (random.Next(4))
                    {
                        case 0: damaged[at] = (byte)random.Next(256); break;
                        case 1: damaged.RemoveAt(at); break;
                        case 2: damaged.Insert(at, (byte)"0123456789:dlie"[random.Next(15)]); break;
                        default: damaged.RemoveRange(at, damaged.Count - at); damaged.Add((byte)'e'); break;
                    }
                }
                return [.. damaged];
        }
    }

    private static BencodeValue Rebuild(BencodeElement element) => element.Kind switch
    {
        BencodeKind.Number => BencodeValue.Of(element.TryGetNumber(out var number) ? number : 0),
        BencodeKind.Bytes => BencodeValue.Of(element.TryGetBytes(out var bytes) ? bytes.ToArray() : []),
        BencodeKind.List => BencodeValue.List(element.Items().Select(Rebuild)),
        _ => BencodeValue.Dictionary(element.Entries().Select(e => (e.Key, Rebuild(e.Value)))),
    };
}
