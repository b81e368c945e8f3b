using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Pbts.Protocol.Bencode;

namespace Pbts.Protocol.Tests.Bencode;

public class BencodeVectorTests
{
    private static readonly JsonElement File = Vectors.Load("bencode.json");

    [Fact]
    public void Valid_values_decode_and_encode()
    {
        var seen = 0;
        foreach (var vector in File.GetProperty("valid").EnumerateArray())
        {
            var encoded = vector.Hex("encoded");
            Assert.Equal(BencodeError.None, BencodeDocument.TryParse(encoded, BencodeLimits.Message, out var document));
            AssertSame(vector.GetProperty("value"), document!.Root);
            Assert.Equal(encoded, document.Root.Encoded.ToArray());
            Assert.Equal(encoded, Build(vector.GetProperty("value")).Encode());
            seen++;
        }
        Assert.Equal(58, seen);
    }

    [Fact]
    public void Encoder_sorts_keys()
    {
        foreach (var vector in File.GetProperty("encode_sorts").EnumerateArray())
            Assert.Equal(vector.Hex("encoded"), Build(vector.GetProperty("value")).Encode());
    }

    [Fact]
    public void Invalid_input_is_refused_quickly()
    {
        var seen = 0;
        var clock = Stopwatch.StartNew();
        foreach (var vector in File.GetProperty("invalid").EnumerateArray())
        {
            var error = BencodeDocument.TryParse(vector.HexOrSegments("encoded"), BencodeLimits.Message, out var document);
            Assert.True(error != BencodeError.None, vector.Text("id"));
            Assert.Null(document);
            seen++;
        }
        Assert.Equal(112, seen);
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(5), $"took {clock.Elapsed}");
    }

    [Theory]
    [InlineData("i9223372036854775808e", BencodeError.NumberRange)]
    [InlineData("i-0e", BencodeError.BadNumber)]
    [InlineData("d1:ai1e1:ai1ee", BencodeError.DuplicateKey)]
    [InlineData("d1:bi1e1:ai1ee", BencodeError.KeyOrder)]
    [InlineData("d1:ae", BencodeError.MissingValue)]
    [InlineData("di1ei1ee", BencodeError.KeyNotString)]
    [InlineData("i1ei2e", BencodeError.TrailingBytes)]
    [InlineData("4294967299:abc", BencodeError.UnexpectedEnd)]
    [InlineData("", BencodeError.UnexpectedEnd)]
    public void Errors_say_what_is_wrong(string text, BencodeError expected) =>
        Assert.Equal(expected, BencodeDocument.TryParse(System.Text.Encoding.Latin1.GetBytes(text), BencodeLimits.Message, out _));

    [Fact]
    public void Limits_are_exact()
    {
        var limits = new BencodeLimits { MaxDepth = 3, MaxValues = 6, MaxLength = 6 };
        Assert.Equal(BencodeError.None, Parse("llleee", limits));
        Assert.Equal(BencodeError.TooDeep, Parse("lllleeee", limits with { MaxLength = 8 }));
        Assert.Equal(BencodeError.TooManyValues, Parse("llleee", limits with { MaxValues = 5 }));
        Assert.Equal(BencodeError.TooLong, Parse("llleee", limits with { MaxLength = 5 }));
    }

    private static BencodeError Parse(string text, BencodeLimits limits) =>
        BencodeDocument.TryParse(System.Text.Encoding.Latin1.GetBytes(text), limits, out _);

    private static void AssertSame(JsonElement expected, BencodeElement actual)
    {
        switch (expected.Text("type"))
        {
            case "int":
                Assert.True(actual.TryGetNumber(out var number));
                Assert.Equal(long.Parse(expected.Text("value"), CultureInfo.InvariantCulture), number);
                break;
            case "bytes":
                Assert.True(actual.TryGetBytes(out var bytes));
                Assert.Equal(expected.Hex("hex"), bytes.ToArray());
                break;
            case "list":
                var items = expected.GetProperty("items").EnumerateArray().ToArray();
                Assert.Equal(BencodeKind.List, actual.Kind);
                Assert.Equal(items.Length, actual.Items().Count());
                foreach (var (item, index) in actual.Items().Select((x, i) => (x, i)))
                    AssertSame(items[index], item);
                break;
            default:
                var entries = expected.GetProperty("entries").EnumerateArray().ToArray();
                Assert.Equal(BencodeKind.Dictionary, actual.Kind);
                Assert.Equal(entries.Length, actual.Entries().Count());
                foreach (var (entry, index) in actual.Entries().Select((x, i) => (x, i)))
                {
                    Assert.Equal(Convert.FromHexString(entries[index][0].GetString()!), entry.Key.ToArray());
                    AssertSame(entries[index][1], entry.Value);
                    Assert.True(actual.TryGet(entry.Key.Span, out _));
                }
                break;
        }
    }

    private static BencodeValue Build(JsonElement node) => node.Text("type") switch
    {
        "int" => BencodeValue.Of(long.Parse(node.Text("value"), CultureInfo.InvariantCulture)),
        "bytes" => BencodeValue.Of(node.Hex("hex")),
        "list" => BencodeValue.List(node.GetProperty("items").EnumerateArray().Select(Build)),
        _ => BencodeValue.Dictionary(node.GetProperty("entries").EnumerateArray()
            .Select(e => ((ReadOnlyMemory<byte>)Convert.FromHexString(e[0].GetString()!), Build(e[1])))),
    };
}
