using CsCheck;
using Pbts.Protocol.Receipts;

namespace Pbts.Protocol.Tests.Receipts;

public class IdentityTests
{
    [Fact]
    public void Infohash_round_trips_through_hex() =>
        Gen.Byte.Array[20].Sample(bytes =>
        {
            var hash = InfoHash.From(bytes);
            return InfoHash.TryParse(hash.ToString().ToUpperInvariant(), out var back) && back == hash
                && back.GetHashCode() == hash.GetHashCode() && back.Span.SequenceEqual(bytes);
        });

    [Theory]
    [InlineData(0)]
    [InlineData(19)]
    [InlineData(21)]
    public void Other_lengths_are_refused(int length)
    {
        Assert.False(InfoHash.TryFrom(new byte[length], out _));
        Assert.False(InfoHash.TryParse(new string('0', length * 2), out _));
        Assert.Equal(length == 20, PieceHash.TryFrom(new byte[length], out _));
    }

    [Theory]
    [InlineData("0g00000000000000000000000000000000000000")]
    [InlineData("0x00000000000000000000000000000000000000")]
    [InlineData(" 000000000000000000000000000000000000000")]
    public void Other_characters_are_refused(string hex) => Assert.False(InfoHash.TryParse(hex, out _));

    [Fact]
    public void Piece_hashes_of_both_lengths_differ_even_when_padded_alike()
    {
        Assert.NotEqual(PieceHash.From(new byte[20]), PieceHash.From(new byte[32]));
        Assert.Equal("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", PieceHash.OfPiece([]).ToString());
    }
}
