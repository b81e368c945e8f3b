using System.Text;
using Pbts.Protocol.Receipts;

namespace Pbts.Protocol.Tests.Receipts;

public class RegistrationVectorTests
{
    [Fact]
    public void Registration_messages_match()
    {
        var file = Vectors.Load("pbts_register.json");
        var seen = 0;
        foreach (var vector in file.GetProperty("valid").EnumerateArray())
        {
            Assert.Equal(vector.Hex("message"), RegistrationMessage.Build(vector.Text("instance_id"), vector.Text("user_id")));
            seen++;
        }
        foreach (var vector in file.GetProperty("invalid").EnumerateArray())
            Assert.Equal(vector.Hex("message"), RegistrationMessage.Build(vector.Text("instance_id"), vector.Text("user_id")));
        Assert.Equal(11, seen);
    }

    [Fact]
    public void Announce_message_is_the_plain_concatenation()
    {
        var infoHash = InfoHash.From(Enumerable.Range(0, 20).Select(i => (byte)(i + 240)).ToArray());
        var expected = "announce"u8.ToArray().Concat(Encoding.UTF8.GetBytes("zoë")).Concat(infoHash.ToArray()).Concat("started"u8.ToArray());
        Assert.Equal(expected.ToArray(), AnnounceMessage.Build("zoë", infoHash, "started"));
    }

    [Theory]
    [InlineData("alice", true)]
    [InlineData("Zoë-日本", true)]
    [InlineData("😀", true)]
    [InlineData("", false)]
    [InlineData(".a", true)]
    [InlineData(".", false)]
    [InlineData("..", false)]
    [InlineData("...", false)]
    [InlineData("a/b", false)]
    [InlineData("a b", false)]
    [InlineData("a\nb", false)]
    [InlineData("a\u200bb", false)]
    [InlineData(null, false)]
    public void User_ids_are_visible_characters(string? text, bool expected) =>
        Assert.Equal(expected, UserId.TryParse(text, out _));

    [Fact]
    public void User_ids_have_at_most_64_characters_of_any_size()
    {
        Assert.True(UserId.TryParse(string.Concat(Enumerable.Repeat("😀", 64)), out var id));
        Assert.Equal(128, id.ToString().Length);
        Assert.False(UserId.TryParse(new string('a', 65), out _));
        // A lone surrogate cannot be sent as UTF-8.
        Assert.False(UserId.TryParse("\ud800", out _));
    }
}
