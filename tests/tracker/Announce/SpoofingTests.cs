using System.Net;
using System.Text;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Announce;

/// <summary>Loopback is a whole network (127.0.0.0/8), so other hosts can be played from one machine.</summary>
[Collection("node")]
public sealed class SpoofingTests(SharedNode shared)
{
    private static readonly IPAddress Attacker = IPAddress.Parse("127.0.0.66");

    private readonly Announcer _tracker = new(shared.Node);

    [Fact]
    public async Task Nobody_stops_a_peer_from_another_address()
    {
        var torrent = Announcer.NewTorrent();
        await _tracker.AnnounceAsync(torrent, 1, 0, "&key=secret");
        await _tracker.AnnounceAsync(torrent, 1, 0, "&key=secret&event=stopped", from: Attacker);
        await _tracker.AnnounceAsync(torrent, 1, 0, "&key=secret&event=stopped&ip=127.0.0.1", from: Attacker);
        await _tracker.AnnounceAsync(torrent, 1, 0, "&key=secret&event=stopped", from: Attacker, headers: "X-Real-IP: 127.0.0.1\r\nX-Forwarded-For: 127.0.0.1\r\n");
        Assert.Equal(1, (await _tracker.ScrapeAsync(torrent))!.Complete);
    }

    [Fact]
    public async Task Nobody_overwrites_a_peer_from_another_address()
    {
        var torrent = Announcer.NewTorrent();
        await _tracker.AnnounceAsync(torrent, 1, 0);
        await _tracker.AnnounceAsync(torrent, 1, 5, from: Attacker);
        var reply = await _tracker.AnnounceAsync(torrent, 2, 5);
        Assert.Equal((1, 2), (reply.Complete, reply.Incomplete));
        Assert.Contains(new IPEndPoint(IPAddress.Loopback, 1001), reply.Peers);
        Assert.Contains(new IPEndPoint(Attacker, 1001), reply.Peers);
    }

    [Fact]
    public async Task Nobody_behind_the_same_address_stops_a_peer_without_its_key()
    {
        var torrent = Announcer.NewTorrent();
        await _tracker.AnnounceAsync(torrent, 1, 0, "&key=secret");
        await _tracker.AnnounceAsync(torrent, 1, 0, "&key=guess&event=stopped");
        await _tracker.AnnounceAsync(torrent, 1, 0, "&event=stopped");
        Assert.Equal(1, (await _tracker.ScrapeAsync(torrent))!.Complete);
    }

    [Theory]
    [InlineData("&ip=203.0.113.5", "")]
    [InlineData("&ipv4=203.0.113.5&ipv6=2001:db8::1", "")]
    [InlineData("", "X-Real-IP: 203.0.113.5\r\n")]
    [InlineData("", "X-Forwarded-For: 203.0.113.5\r\n")]
    [InlineData("", "X-Real-IP: not an address\r\n")]
    public async Task Strangers_cannot_list_an_address_that_is_not_theirs(string parameters, string headers)
    {
        var torrent = Announcer.NewTorrent();
        await _tracker.AnnounceAsync(torrent, 1, 0, parameters, headers: headers);
        Assert.Equal(new IPEndPoint(IPAddress.Loopback, 1001), Assert.Single((await _tracker.AnnounceAsync(torrent, 2, 5)).Peers));
    }
}

/// <summary>A node that trusts one proxy, and one that believes the ip parameter.</summary>
public sealed class ProxyTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    private static readonly IPAddress Proxy = IPAddress.Parse("127.0.0.2");

    [Fact]
    public async Task Proxy_headers_count_from_trusted_proxies_only()
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(),
            ("Tracker__TrustedProxies__0", "127.0.0.2"), ("Tracker__TrustedProxies__1", "10.0.0.0/8"), ("Tracker__ExternalAddress", "198.51.100.9"));
        var tracker = new Announcer(node);
        Assert.Equal("203.0.113.5", await ListedAsync("X-Real-IP: 203.0.113.5\r\n", Proxy));
        Assert.Equal("203.0.113.6", await ListedAsync("X-Forwarded-For: 198.51.100.1, 203.0.113.6, 10.1.2.3\r\n", Proxy));
        Assert.Equal("2001:db8::7", await ListedAsync("X-Forwarded-For: 2001:db8::7\r\n", Proxy));
        Assert.Equal("203.0.113.8", await ListedAsync("X-Forwarded-For: ::ffff:203.0.113.8\r\n", Proxy));
        Assert.Equal("203.0.113.9", await ListedAsync("X-Forwarded-For: 203.0.113.9:43462\r\n", Proxy));
        Assert.Equal("203.0.113.10", await ListedAsync("X-Forwarded-For: 203.0.113.10,\t10.1.2.3\r\n", Proxy));
        Assert.Equal("203.0.113.11", await ListedAsync("X-Forwarded-For: 203.0.113.11\r\nX-Forwarded-For: 10.1.2.3\r\n", Proxy));
        Assert.Equal("127.0.0.2", await ListedAsync("", Proxy));

        // Whoever is elsewhere gets this machine's peers under the address it is reached at.
        var here = Announcer.NewTorrent();
        await tracker.AnnounceAsync(here, 1, 0);
        var outsider = await tracker.AnnounceAsync(here, 2, 5, headers: "X-Real-IP: 203.0.113.5\r\n", from: Proxy);
        Assert.Equal(IPEndPoint.Parse("198.51.100.9:1001"), Assert.Single(outsider.Peers));

        // Over both ways to the tracker: what cannot be read is nobody's announce, least of all the proxy's.
        foreach (var before in (string[])["", "GET /health/live HTTP/1.1\r\nHost: t\r\nX-Real-IP: 203.0.113.5\r\n\r\n"])
        {
            var torrent = Announcer.NewTorrent();
            var response = Encoding.Latin1.GetString(await RawHttp.ExchangeAsync(tracker.IPv4,
                Encoding.ASCII.GetBytes($"{before}GET {Announcer.Target(torrent, 1, 0)} HTTP/1.1\r\nHost: t\r\nX-Forwarded-For: unknown\r\nConnection: close\r\n\r\n"), from: Proxy));
            Assert.Contains("d14:failure reason", response, StringComparison.Ordinal);
            Assert.Contains("X-Forwarded-For", response, StringComparison.Ordinal);
            Assert.Null(await tracker.ScrapeAsync(torrent));
        }

        var refused = await RawHttp.ExchangeAsync(tracker.IPv4, Encoding.ASCII.GetBytes("GET /stats HTTP/1.1\r\nHost: t\r\nX-Real-IP: nobody\r\nConnection: close\r\n\r\n"), from: Proxy);
        Assert.StartsWith("HTTP/1.1 400", Encoding.ASCII.GetString(refused), StringComparison.Ordinal);
        Assert.Single(node.Log.Split('\n'), line => line.Contains("cannot be read: such requests are refused", StringComparison.Ordinal));
        Assert.Equal("127.0.0.1", await ListedAsync("X-Real-IP: 203.0.113.5\r\n", IPAddress.Loopback));

        async Task<string> ListedAsync(string headers, IPAddress from)
        {
            var torrent = Announcer.NewTorrent();
            await tracker.AnnounceAsync(torrent, 1, 0, headers: headers, from: from);
            return Assert.Single((await tracker.AnnounceAsync(torrent, 2, 5)).Peers).Address.ToString();
        }
    }

    [Fact]
    public async Task The_ip_parameter_counts_where_it_is_switched_on()
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), ("Tracker__TrustIpParameter", "true"), ("MAX_PEERS", "3"));
        var tracker = new Announcer(node);
        var torrent = Announcer.NewTorrent();
        for (var peer = 1; peer <= 5; peer++)
            await tracker.AnnounceAsync(torrent, peer, 0, $"&ip=203.0.113.{peer}");
        var peers = (await tracker.AnnounceAsync(torrent, 9, 5, "&numwant=50")).Peers;
        Assert.Equal(3, peers.Length);
        Assert.All(peers, peer => Assert.StartsWith("203.0.113.", peer.Address.ToString(), StringComparison.Ordinal));
    }
}
