using System.Text;
using Pbts.Protocol.Bencode;

namespace Pbts.Protocol.Tests.Bencode;

/// <summary>What other programs write although it is not canonical: read where strangers are listened to, refused where PBTS itself signs.</summary>
public sealed class LenientTests
{
    [Theory]
    [InlineData("d8:intervali5e8:completei7ee")]
    [InlineData("d8:completei7e8:intervali5ee\n")]
    [InlineData("d8:completei7e8:intervali5eed1:ai1ee")]
    [InlineData("d8:completei007e8:intervali5ee")]
    [InlineData("d08:completei7e8:intervali5ee")]
    [InlineData("d8:completei7e8:completei9e8:intervali5ee")]
    [InlineData("d8:completei7e8:intervali5e1:xi-0ee")]
    [InlineData("d8:completei7e8:intervali5e1:xi18446744073709551616ee")]
    public void What_is_not_canonical_is_read_where_it_may_be_and_refused_elsewhere(string text)
    {
        var bytes = Encoding.Latin1.GetBytes(text);
        Assert.NotEqual(BencodeError.None, BencodeDocument.TryParse(bytes, BencodeLimits.Message, out _));
        Assert.Equal(BencodeError.None, BencodeDocument.TryParse(bytes, BencodeLimits.Reply, out var document));
        Assert.True(document!.Root.TryGetNumber("complete"u8, out var complete) & document.Root.TryGetNumber("interval"u8, out var interval));
        Assert.Equal((7, 5), (complete, interval));
    }

    [Theory]
    [InlineData("i9223372036854775807e", long.MaxValue)]
    [InlineData("i9223372036854775808e", long.MaxValue)]
    [InlineData("i18446744073709551615e", long.MaxValue)]
    [InlineData("i18446744073709551617e", long.MaxValue)]
    [InlineData("i184467440737095516170000000000000001e", long.MaxValue)]
    [InlineData("i-9223372036854775808e", long.MinValue)]
    [InlineData("i-9223372036854775809e", long.MinValue)]
    [InlineData("i-99999999999999999999999999e", long.MinValue)]
    public void A_number_beyond_64_bits_is_the_nearest_that_fits(string text, long expected)
    {
        Assert.Equal(BencodeError.None, BencodeDocument.TryParse(Encoding.Latin1.GetBytes(text), BencodeLimits.Reply, out var document));
        Assert.True(document!.Root.TryGetNumber(out var number));
        Assert.Equal(expected, number);
    }

    [Theory]
    [InlineData("", BencodeError.UnexpectedEnd)]
    [InlineData("ie", BencodeError.BadNumber)]
    [InlineData("i-e", BencodeError.BadNumber)]
    [InlineData("i1.5e", BencodeError.BadNumber)]
    [InlineData("i5", BencodeError.UnexpectedEnd)]
    [InlineData("d1:ae", BencodeError.MissingValue)]
    [InlineData("di1ei1ee", BencodeError.KeyNotString)]
    [InlineData("99:abc", BencodeError.UnexpectedEnd)]
    [InlineData("00000000005:hello", BencodeError.BadLength)]
    [InlineData("\nde", BencodeError.UnexpectedByte)]
    public void What_is_no_bencode_at_all_is_refused_everywhere(string text, BencodeError expected) =>
        Assert.Equal(expected, BencodeDocument.TryParse(Encoding.Latin1.GetBytes(text), BencodeLimits.Reply, out _));
}
