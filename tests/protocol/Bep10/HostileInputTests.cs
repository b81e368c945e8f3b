using Pbts.Protocol.Bencode;
using Pbts.Protocol.Bep10;

namespace Pbts.Protocol.Tests.Bep10;

/// <summary>200,000 seeded inputs: random bytes, bencode-like bytes and damaged real messages. Nothing may throw, hang or accept what does not re-encode to itself.</summary>
public class HostileInputTests
{
    private const int Inputs = 200_000;

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
        ];
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
        }
        // The generator must reach the accepting paths too, or it proves nothing.
        Assert.True(valid > Inputs / 50, $"{valid} valid");
        Assert.True(parsed > Inputs / 100, $"{parsed} parsed");
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
