using System.Text;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Announce;

[Collection("node")]
public sealed class ParameterTests(SharedNode shared)
{
    private readonly Announcer _tracker = new(shared.Node);

    [Theory]
    [InlineData("peer_id=-XX0001-000000000001&port=9&left=5", "info_hash")]
    [InlineData("info_hash=aaaaaaaaaaaaaaaaaaaa&port=9&left=5", "peer_id")]
    [InlineData("info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=-XX0001-000000000001&left=5", "port")]
    [InlineData("info_hash=aaaaaaaaaaaaaaaaaaaa&info_hash=bbbbbbbbbbbbbbbbbbbb&peer_id=-XX0001-000000000001&port=9&left=5", "info_hash")]
    [InlineData("info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=short&port=9&left=5", "peer_id")]
    [InlineData("info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=&port=9&left=5", "peer_id")]
    [InlineData("info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=-XX0001-0000000000012&port=9", "peer_id")]
    [InlineData("info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=-XX0001-000000000001&port=0", "port")]
    [InlineData("info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=-XX0001-000000000001&port=65536", "port")]
    [InlineData("info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=-XX0001-000000000001&port=-1", "port")]
    [InlineData("info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=-XX0001-000000000001&port=80x", "port")]
    [InlineData("info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=-XX0001-000000000001&port=", "port")]
    public async Task Bad_input_is_refused_by_name(string query, string field)
    {
        var reply = await _tracker.GetAsync("/announce?" + query);
        Assert.StartsWith(field, reply.Failure, StringComparison.Ordinal);
        Assert.True(reply.Interval > 0);
    }

    [Theory]
    [InlineData("left")]
    [InlineData("left=")]
    [InlineData("left=-1")]
    [InlineData("left=1e9")]
    [InlineData("left=99999999999999999999")]
    [InlineData("numwant=many")]
    [InlineData("numwant&numwant=50")]
    [InlineData("uploaded=-5")]
    [InlineData("downloaded=0x10")]
    [InlineData("key=%zz")]
    [InlineData("key")]
    [InlineData("user_id=")]
    [InlineData("signature")]
    [InlineData("compact")]
    [InlineData("no_peer_id=&event=&ip=")]
    public async Task What_an_announce_can_do_without_is_absent_where_it_cannot_be_read(string parameter)
    {
        var torrent = Announcer.NewTorrent();
        await _tracker.AnnounceAsync(torrent, 2, 0);
        var reply = await _tracker.GetAsync($"/announce?info_hash={Announcer.Escape(torrent)}&peer_id=-XX0001-000000000001&port=9&{parameter}");
        Assert.Null(reply.Failure);
        Assert.Equal((1, 1), (reply.Complete, reply.Incomplete));
        Assert.Equal(1002, Assert.Single(reply.Peers).Port);
    }

    [Fact]
    public void Keys_that_cannot_be_read_leave_the_peer_its_own_identity()
    {
        const string Query = "info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=-XX0001-000000000001&port=9";
        ulong Identity(string more)
        {
            Assert.Null(Pbts.Api.Announce.AnnounceQuery.Parse(Encoding.Latin1.GetBytes(Query + more), out var query));
            return query.Identity;
        }

        Assert.Equal(Identity(""), Identity("&key=%zz"));
        Assert.Equal(Identity(""), Identity("&key="));
        Assert.NotEqual(Identity(""), Identity("&key=a"));
    }

    [Fact]
    public async Task Numbers_up_to_64_bits_are_taken_and_a_huge_left_is_a_leecher()
    {
        var torrent = Announcer.NewTorrent();
        foreach (var left in (string[])["2147483648", "4294967296", "9223372036854775807", "18446744073709551615"])
        {
            var reply = await _tracker.GetAsync($"/announce?info_hash={Announcer.Escape(torrent)}&peer_id=-XX0001-000000000001&port=9&left={left}&uploaded={left}&downloaded={left}");
            Assert.Null(reply.Failure);
            Assert.Equal((0, 1), (reply.Complete, reply.Incomplete));
        }
    }

    [Fact]
    public async Task A_missing_left_is_a_leecher()
    {
        var reply = await _tracker.GetAsync($"/announce?info_hash={Announcer.Escape(Announcer.NewTorrent())}&peer_id=-XX0001-000000000001&port=9");
        Assert.Equal((0, 1), (reply.Complete, reply.Incomplete));
    }

    [Fact]
    public async Task The_first_of_a_repeated_parameter_counts()
    {
        var torrent = Announcer.NewTorrent();
        await _tracker.AnnounceAsync(torrent, 1, 0, "&port=7&left=5");
        var other = await _tracker.AnnounceAsync(torrent, 2, 5);
        Assert.Equal(1001, Assert.Single(other.Peers).Port);
        Assert.Equal(1, other.Complete);
    }

    [Fact]
    public async Task Numwant_is_capped_and_negative_means_the_default()
    {
        var torrent = Announcer.NewTorrent();
        for (var peer = 1; peer <= 120; peer++)
            await _tracker.AnnounceAsync(torrent, peer, 5, "&numwant=0");
        Assert.Empty((await _tracker.AnnounceAsync(torrent, 999, 5, "&numwant=0")).Peers);
        Assert.Equal(7, (await _tracker.AnnounceAsync(torrent, 999, 5, "&numwant=7")).Peers.Length);
        foreach (var wanted in (string[])["", "&numwant=-1", "&numwant=100000", "&numwant=-9223372036854775808", "&numwant=9223372036854775807"])
        {
            var peers = (await _tracker.AnnounceAsync(torrent, 999, 5, wanted)).Peers;
            Assert.Equal(50, peers.Length);
            Assert.Equal(50, peers.Distinct().Count());
        }
    }

    [Fact]
    public async Task A_query_of_eight_kilobytes_is_answered()
    {
        var torrent = Announcer.NewTorrent();
        var reply = await _tracker.AnnounceAsync(torrent, 1, 0, "&filler=" + new string('x', 8 * 1024));
        Assert.Equal(1, reply.Complete);
    }

    [Fact]
    public async Task A_query_beyond_the_limit_is_refused_and_the_server_goes_on()
    {
        var target = Announcer.Target(Announcer.NewTorrent(), 1, 0, "&filler=" + new string('x', 40 * 1024));
        var response = await RawHttp.ExchangeAsync(_tracker.IPv4, Encoding.ASCII.GetBytes($"GET {target} HTTP/1.1\r\nHost: t\r\n\r\n"));
        Assert.StartsWith("HTTP/1.1 431", Encoding.ASCII.GetString(response), StringComparison.Ordinal);
        Assert.Null((await _tracker.AnnounceAsync(Announcer.NewTorrent(), 1, 0)).Failure);
    }

    [Fact]
    public async Task Unknown_parameters_and_events_are_ignored()
    {
        var reply = await _tracker.AnnounceAsync(Announcer.NewTorrent(), 1, 0, "&event=&supportcrypto=1&corrupt=0&redundant=0&=x&&x&trackerid=abc");
        Assert.Null(reply.Failure);
        Assert.Equal(1, reply.Complete);
    }

    [Theory]
    [InlineData("/announce/{0}")]
    [InlineData("/{0}/announce")]
    [InlineData("/scrape/{0}")]
    [InlineData("/{0}/scrape")]
    public async Task An_unknown_passkey_is_refused(string path)
    {
        var reply = await _tracker.GetAsync(Announcer.Target(Announcer.NewTorrent(), 1, 0, path: string.Format(System.Globalization.CultureInfo.InvariantCulture, path, new string('a', 32))));
        Assert.Contains("passkey", reply.Failure, StringComparison.Ordinal);
    }
}
