using System.Net;
using System.Text;
using CsCheck;
using Pbts.Api.Announce;
using Pbts.GrainInterfaces.Swarms;

namespace Pbts.Tracker.Tests.Announce;

/// <summary>What the parser reads, parameter by parameter, without a tracker around it.</summary>
public sealed class AnnounceQueryTests
{
    private const string Who = "info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=-XX0001-000000000001&port=6881";

    [Fact]
    public void Every_parameter_is_read_into_its_place()
    {
        var query = Parse(Who + "&left=5&uploaded=6&downloaded=7&event=started&numwant=8&compact=0&no_peer_id=1&ip=192.0.2.1&user_id=alice%20b&signature=ab%2bcd");
        Assert.Equal("6161616161616161616161616161616161616161", query.InfoHash.ToString());
        Assert.Equal((6881, 5L, 6L, 7L), ((int)query.Port, query.Left!.Value, query.Uploaded, query.Downloaded));
        Assert.Equal((AnnounceEvent.Started, 8, false, true), (query.Event, query.NumWant, query.Compact, query.NoPeerId));
        Assert.Equal((IPAddress.Parse("192.0.2.1"), "alice b", "ab+cd"), (query.Address, query.UserId, query.Signature));
    }

    [Fact]
    public void What_is_not_there_is_what_the_tracker_likes()
    {
        var query = Parse(Who);
        Assert.Equal((null, 0L, 0L), (query.Left, query.Uploaded, query.Downloaded));
        Assert.Equal((AnnounceEvent.None, null, true, false), (query.Event, query.NumWant, query.Compact, query.NoPeerId));
        Assert.Equal((null, null, null), (query.Address, query.UserId, query.Signature));
    }

    [Theory]
    [InlineData("started", AnnounceEvent.Started)]
    [InlineData("stopped", AnnounceEvent.Stopped)]
    [InlineData("completed", AnnounceEvent.Completed)]
    [InlineData("paused", AnnounceEvent.Paused)]
    [InlineData("stoppen", AnnounceEvent.None)]
    [InlineData("pausen", AnnounceEvent.None)]
    [InlineData("completen", AnnounceEvent.None)]
    [InlineData("", AnnounceEvent.None)]
    public void Events_are_those_of_the_specifications(string name, AnnounceEvent expected) => Assert.Equal(expected, Parse($"{Who}&event={name}").Event);

    [Theory]
    [InlineData("0", null)]
    [InlineData("1", (ushort)1)]
    [InlineData("65535", (ushort)65535)]
    [InlineData("65536", null)]
    [InlineData("", null)]
    public void A_port_is_1_to_65535(string text, ushort? expected)
    {
        var error = AnnounceQuery.Parse(Encoding.Latin1.GetBytes("info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=-XX0001-000000000001&port=" + text), out var query);
        Assert.Equal(expected is null, error is not null);
        Assert.Equal(expected ?? 0, query.Port);
        Assert.StartsWith("port", error ?? "port", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("peer_id=-XX0001-000000000001&port=1", "info_hash is missing")]
    [InlineData("info_hash=aaaaaaaaaaaaaaaaaaaa&port=1", "peer_id is missing")]
    [InlineData("info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=-XX0001-000000000001", "port is missing")]
    [InlineData(Who + "&info_hash=aaaaaaaaaaaaaaaaaaaa", "info_hash is repeated")]
    [InlineData("info_hash=aaaaaaaaaaaaaaaaaaa&peer_id=-XX0001-000000000001&port=1", "info_hash is invalid")]
    [InlineData("info_hash=aaaaaaaaaaaaaaaaaaa%4&peer_id=-XX0001-000000000001&port=1", "info_hash is invalid")]
    [InlineData("info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=-XX0001-00000000001&port=1", "peer_id is invalid")]
    [InlineData("info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=-XX0001-00000000001%&port=1", "peer_id is invalid")]
    [InlineData(Who + "&user_id=%ff", "user_id is invalid")]
    [InlineData(Who + "&signature=%ff", "signature is invalid")]
    public void What_has_to_be_there_is_named_where_it_is_not(string query, string error) =>
        Assert.StartsWith(error, AnnounceQuery.Parse(Encoding.Latin1.GetBytes(query), out _), StringComparison.Ordinal);

    [Fact]
    public void The_first_of_a_repeated_parameter_counts_and_an_empty_one_is_none()
    {
        var query = Parse(Who + "&left=&left=1&left=2&uploaded=3&uploaded=4&port=9&numwant=-1&numwant=5&ipv4=x&ip=192.0.2.7&ipv6=2001:db8::1");
        Assert.Equal((1L, 3L, 6881, null), (query.Left, query.Uploaded, query.Port, query.NumWant));
        Assert.Equal(IPAddress.Parse("192.0.2.7"), query.Address);
    }

    [Fact]
    public void What_cannot_be_read_and_what_is_unknown_is_as_if_it_were_not_there()
    {
        var query = Parse("x=1&info_hashes=1&" + Who + "&left=x&uploaded=x&downloaded=-1&numwant=x&ip=x&trackerid=y&y=2");
        Assert.Equal((null, 0L, 0L, null, null), (query.Left, query.Uploaded, query.Downloaded, query.NumWant, query.Address));
    }

    [Theory]
    [InlineData("0", false)]
    [InlineData("1", true)]
    [InlineData("00", true)]
    public void Switches_are_on_unless_they_are_0(string text, bool expected)
    {
        var query = Parse($"{Who}&compact={text}&no_peer_id={text}");
        Assert.Equal((expected, expected), (query.Compact, query.NoPeerId));
    }

    [Theory]
    [InlineData("0000abcd", "abcd", true)]
    [InlineData("ABCD", "abcd", true)]
    [InlineData("abcd", "abce", false)]
    [InlineData("00000abcd", "abcd", false)]
    [InlineData("xyz", "xyz", true)]
    [InlineData("xyz", "xyw", false)]
    [InlineData("abcdefgh", "abcdef", false)]
    public void A_number_of_32_bits_is_one_key_however_it_is_written(string one, string other, bool same) =>
        Assert.Equal(same, Parse($"{Who}&key={one}").Identity == Parse($"{Who}&key={other}").Identity);

    [Fact]
    public void A_key_by_udp_is_the_same_as_by_http_and_without_one_the_peer_id_stands_in()
    {
        Assert.Equal(AnnounceQuery.IdentityOf(0xABCD), Parse(Who + "&key=abcd").Identity);
        Assert.Equal(Parse(Who).Identity, Parse(Who + "&left=3").Identity);
        Assert.NotEqual(Parse(Who).Identity, Parse(Who.Replace("000001&", "000002&", StringComparison.Ordinal)).Identity);
        Assert.NotEqual(Parse(Who).Identity, Parse(Who + "&key=abcd").Identity);
        Assert.Equal(Parse(Who).Identity, Parse(Who + "&key=%zz").Identity);
    }

    /// <summary>Swarms move between processes, so a peer's identity may not change from one version to the next.</summary>
    [Fact]
    public void Identities_are_fnv_1a() => Assert.Equal(
        Encoding.Latin1.GetBytes("-XX0001-000000000001").Aggregate(14695981039346656037, (hash, value) => (hash ^ value) * 1099511628211), Parse(Who).Identity);

    [Fact]
    public void Of_the_query_of_an_announce_url_the_user_is_taken_and_nothing_else()
    {
        var query = Parse(Who);
        Assert.Null(query.TakeUser("port=1&left=9&user_id=&user_id=alice&user_id=bob&signature=s&signature=t"u8));
        Assert.Equal(("alice", "s", 6881, null), (query.UserId, query.Signature, query.Port, query.Left));
        Assert.Null(query.TakeUser("user_id=carol&signature=u"u8));
        Assert.Equal(("alice", "s"), (query.UserId, query.Signature));
        var other = Parse(Who);
        Assert.StartsWith("user_id is invalid", other.TakeUser("user_id=%ff"u8), StringComparison.Ordinal);
        Assert.StartsWith("signature is invalid", other.TakeUser("signature=%ff"u8), StringComparison.Ordinal);
    }

    [Fact]
    public void Whatever_bytes_are_escaped_come_out_as_they_were() => Gen.Byte.Array[0, 40].Sample(bytes =>
    {
        Span<byte> decoded = stackalloc byte[40];
        foreach (var format in (string[])["x2", "X2"])
        {
            var text = Encoding.ASCII.GetBytes(string.Concat(bytes.Select(value => "%" + value.ToString(format))));
            Assert.True(PercentEncoding.TryDecode(text, decoded, out var written));
            Assert.Equal(bytes, decoded[..written].ToArray());
            Assert.True(bytes.Length == 0 || !PercentEncoding.TryDecode(text, decoded[..(bytes.Length - 1)], out _));
            Assert.True(bytes.Length == 0 || !PercentEncoding.TryDecode(text.AsSpan()[..^1], decoded, out _));
        }
    });

    [Theory]
    [InlineData("%", false)]
    [InlineData("%4", false)]
    [InlineData("%41", true)]
    [InlineData("%4/", false)]
    [InlineData("%4:", false)]
    [InlineData("%4@", false)]
    [InlineData("%4G", false)]
    [InlineData("%4`", false)]
    [InlineData("%4g", false)]
    [InlineData("%/4", false)]
    [InlineData("%g4", false)]
    [InlineData("+", true)]
    public void An_escape_is_two_hex_digits(string text, bool expected) =>
        Assert.Equal(expected, PercentEncoding.TryDecode(Encoding.ASCII.GetBytes(text), new byte[8], out _));

    [Theory]
    [InlineData("0", 0L)]
    [InlineData("9", 9L)]
    [InlineData("007", 7L)]
    [InlineData("9223372036854775807", long.MaxValue)]
    [InlineData("18446744073709551615", long.MaxValue)]
    [InlineData("18446744073709551616", null)]
    [InlineData("", null)]
    [InlineData("-1", null)]
    [InlineData("+1", null)]
    [InlineData("1x", null)]
    [InlineData(" 1", null)]
    [InlineData("/", null)]
    [InlineData(":", null)]
    public void A_size_is_decimal_digits_of_64_bits(string text, long? expected)
    {
        Assert.Equal(expected is not null, PercentEncoding.TryParseSize(Encoding.ASCII.GetBytes(text), out var value));
        Assert.Equal(expected ?? 0, value);
    }

    private static AnnounceQuery Parse(string query)
    {
        Assert.Null(AnnounceQuery.Parse(Encoding.Latin1.GetBytes(query), out var announce));
        return announce;
    }
}
