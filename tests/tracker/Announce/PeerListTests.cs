using System.Net;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Announce;

[Collection("node")]
public sealed class PeerListTests(SharedNode shared)
{
    private readonly Announcer _tracker = new(shared.Node);

    [Fact]
    public async Task The_answer_has_counts_intervals_the_callers_address_and_sorted_keys()
    {
        var reply = await _tracker.AnnounceAsync(Announcer.NewTorrent(), 1, 0);
        Assert.InRange(reply.Interval, 1800, 1980);
        Assert.Contains("12:min intervali900e", reply.Raw, StringComparison.Ordinal);
        Assert.Equal([127, 0, 0, 1], reply.Bytes("external ip"));
        Assert.Equal(16, (await _tracker.AnnounceAsync(Announcer.NewTorrent(), 1, 0, ipv6: true)).Bytes("external ip").Length);
    }

    [Fact]
    public async Task Intervals_are_spread_out()
    {
        var torrent = Announcer.NewTorrent();
        var intervals = new HashSet<long>();
        for (var i = 0; i < 20; i++)
            intervals.Add((await _tracker.AnnounceAsync(torrent, 1, 0)).Interval);
        Assert.True(intervals.Count > 5);
    }

    [Fact]
    public async Task Both_families_are_listed_and_the_caller_is_not()
    {
        var torrent = Announcer.NewTorrent();
        await _tracker.AnnounceAsync(torrent, 1, 5);
        await _tracker.AnnounceAsync(torrent, 2, 5, ipv6: true);
        var reply = await _tracker.AnnounceAsync(torrent, 3, 5);
        Assert.Equal([new IPEndPoint(IPAddress.Loopback, 1001), new IPEndPoint(IPAddress.IPv6Loopback, 1002)], reply.Peers);
        var reply6 = await _tracker.AnnounceAsync(torrent, 2, 5, ipv6: true);
        Assert.Equal([1001, 1003], reply6.Peers.Select(peer => peer.Port).Order());
        Assert.False(reply6.Has("peers6"));
    }

    [Fact]
    public async Task Peers_are_chosen_at_random_from_the_whole_swarm()
    {
        var torrent = Announcer.NewTorrent();
        for (var peer = 1; peer <= 100; peer++)
            await _tracker.AnnounceAsync(torrent, peer, 5, "&numwant=0");
        var times = new int[2000];
        for (var i = 0; i < 300; i++)
        {
            foreach (var peer in (await _tracker.AnnounceAsync(torrent, 1, 5, "&numwant=10")).Peers)
                times[peer.Port]++;
        }

        // 3,000 places over 99 peers: about 30 each; a prefix of the list would give 300 to ten of them.
        Assert.All(Enumerable.Range(1002, 99), port => Assert.InRange(times[port], 5, 75));
        Assert.Equal(0, times[1001]);
    }

    [Fact]
    public async Task Seeders_are_given_leechers_only_and_leechers_everybody()
    {
        var torrent = Announcer.NewTorrent();
        await _tracker.AnnounceAsync(torrent, 1, 0);
        await _tracker.AnnounceAsync(torrent, 2, 0);
        await _tracker.AnnounceAsync(torrent, 3, 5);
        Assert.Equal([1003], (await _tracker.AnnounceAsync(torrent, 1, 0)).Peers.Select(peer => peer.Port));
        Assert.Equal([1001, 1002], (await _tracker.AnnounceAsync(torrent, 3, 5)).Peers.Select(peer => peer.Port).Order());
    }

    [Fact]
    public async Task The_dictionary_form_is_given_on_request_with_or_without_peer_ids()
    {
        var torrent = Announcer.NewTorrent();
        await _tracker.AnnounceAsync(torrent, 1, 5);
        await _tracker.AnnounceAsync(torrent, 2, 5, ipv6: true);
        var reply = await _tracker.AnnounceAsync(torrent, 3, 5, "&compact=0");
        Assert.Equal([("127.0.0.1", 1001L, "-XX0001-000000000001"), ("::1", 1002L, "-XX0001-000000000002")], reply.PeerDictionaries.OrderBy(peer => peer.Port).Select(peer => (peer.Ip, peer.Port, peer.PeerId!)));
        var bare = await _tracker.AnnounceAsync(torrent, 3, 5, "&compact=0&no_peer_id=1");
        Assert.All(bare.PeerDictionaries, peer => Assert.Null(peer.PeerId));
        Assert.Equal(2, bare.PeerDictionaries.Length);
    }

    [Fact]
    public async Task A_stopped_peer_is_gone_and_gets_no_peers()
    {
        var torrent = Announcer.NewTorrent();
        await _tracker.AnnounceAsync(torrent, 1, 0);
        await _tracker.AnnounceAsync(torrent, 2, 5);
        var stopped = await _tracker.AnnounceAsync(torrent, 1, 0, "&event=stopped");
        Assert.Empty(stopped.Peers);
        Assert.Equal((0, 1), (stopped.Complete, stopped.Incomplete));
        Assert.Empty((await _tracker.AnnounceAsync(torrent, 2, 5)).Peers);
        Assert.Null((await _tracker.AnnounceAsync(torrent, 7, 0, "&event=stopped")).Failure);
    }

    [Fact]
    public async Task Counts_are_of_the_whole_swarm_whatever_numwant_says()
    {
        var torrent = Announcer.NewTorrent();
        for (var peer = 1; peer <= 60; peer++)
            await _tracker.AnnounceAsync(torrent, peer, peer <= 20 ? 0 : 5, "&numwant=0");
        var reply = await _tracker.AnnounceAsync(torrent, 1, 0, "&numwant=1");
        Assert.Equal((20, 40), (reply.Complete, reply.Incomplete));
    }

    [Fact]
    public async Task Completed_counts_once_per_peer_and_only_when_nothing_is_left()
    {
        var torrent = Announcer.NewTorrent();
        await _tracker.AnnounceAsync(torrent, 1, 5, "&event=completed");
        Assert.Equal((0, 0), ((await _tracker.ScrapeAsync(torrent))!.Downloaded, (await _tracker.ScrapeAsync(torrent))!.Complete));
        for (var i = 0; i < 3; i++)
            await _tracker.AnnounceAsync(torrent, 1, 0, "&event=completed");
        Assert.Equal(1, (await _tracker.ScrapeAsync(torrent))!.Downloaded);

        // Gone and back: still the same peer.
        await _tracker.AnnounceAsync(torrent, 1, 0, "&event=stopped");
        await _tracker.AnnounceAsync(torrent, 1, 0, "&event=completed");
        Assert.Equal(1, (await _tracker.ScrapeAsync(torrent))!.Downloaded);

        // The same client over its other address family.
        await _tracker.AnnounceAsync(torrent, 1, 0, "&event=completed", ipv6: true);
        Assert.Equal(1, (await _tracker.ScrapeAsync(torrent))!.Downloaded);
        await _tracker.AnnounceAsync(torrent, 2, 0, "&event=completed");
        Assert.Equal(2, (await _tracker.ScrapeAsync(torrent))!.Downloaded);
    }

    [Fact]
    public async Task The_same_announce_twice_is_one_peer()
    {
        var torrent = Announcer.NewTorrent();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => _tracker.AnnounceAsync(torrent, 1, 5, "&event=started&key=0C644B96")));
        Assert.Equal(new ScrapeEntry(0, 1, 0, 1), await _tracker.ScrapeAsync(torrent));
    }

    [Fact]
    public async Task A_partial_seed_is_no_downloader_and_gets_leechers_only()
    {
        var torrent = Announcer.NewTorrent();
        await _tracker.AnnounceAsync(torrent, 1, 0);
        await _tracker.AnnounceAsync(torrent, 2, 5);
        var paused = await _tracker.AnnounceAsync(torrent, 3, 5, "&event=paused");
        Assert.Equal([1002], paused.Peers.Select(peer => peer.Port));
        Assert.Equal(new ScrapeEntry(1, 2, 0, 1), await _tracker.ScrapeAsync(torrent));
        await _tracker.AnnounceAsync(torrent, 3, 5);
        Assert.Equal(new ScrapeEntry(1, 2, 0, 2), await _tracker.ScrapeAsync(torrent));
        await _tracker.AnnounceAsync(torrent, 3, 5, "&event=paused");
        await _tracker.AnnounceAsync(torrent, 3, 5, "&event=stopped");
        Assert.Equal(new ScrapeEntry(1, 1, 0, 1), await _tracker.ScrapeAsync(torrent));
    }

    [Fact]
    public async Task One_scrape_answers_a_hundred_hashes_and_leaves_unknown_ones_out()
    {
        var torrents = Enumerable.Range(0, 100).Select(_ => Announcer.NewTorrent()).ToArray();
        foreach (var torrent in torrents[..99])
            await _tracker.AnnounceAsync(torrent, 1, 0);
        var reply = await _tracker.GetAsync("/scrape?" + string.Join('&', torrents.Select(torrent => "info_hash=" + Announcer.Escape(torrent))));
        Assert.Equal(99, reply.ScrapeCount);
        Assert.All(torrents[..99], torrent => Assert.Equal(new ScrapeEntry(1, 0, 0, 0), reply.Scrape(torrent)));
        Assert.Null(reply.Scrape(torrents[99]));
    }

    [Fact]
    public async Task A_scrape_without_or_with_a_broken_hash_is_refused()
    {
        Assert.Contains("info_hash", (await _tracker.GetAsync("/scrape")).Failure, StringComparison.Ordinal);
        Assert.Contains("info_hash", (await _tracker.GetAsync("/scrape?info_hash=abc")).Failure, StringComparison.Ordinal);
    }
}
