using System.Diagnostics.Metrics;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Pbts.GrainInterfaces.Site;
using Pbts.GrainInterfaces.Swarms;
using Pbts.Grains.Claims;
using Pbts.Grains.Swarms;
using Pbts.Grains.Torrents;
using Pbts.Hosting.Configuration;
using Pbts.Protocol.Receipts;

namespace Pbts.Tracker.Tests.Swarms;

/// <summary>Announces that reach a swarm without a turn of its grain.</summary>
public sealed class LiveSwarmTests : IDisposable
{
    private const int Lifetime = 2700;

    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly Clock _clock = new();
    private readonly SwarmCensus _census;
    private readonly LiveSwarm _swarm;

    public LiveSwarmTests()
    {
        var meters = _services.GetRequiredService<IMeterFactory>();
        _census = new SwarmCensus(meters, Options.Create(new TrackerOptions()));
        var rules = new SwarmRules(Lifetime);
        // Without what only its grain uses.
        _swarm = new LiveSwarm(new Swarm(rules), new(null!, _census, null!, null!, new ClaimedTotals(meters, _clock), rules, _clock, null!));
    }

    public void Dispose() => _services.Dispose();

    [Fact]
    public void Only_an_open_swarm_takes_announces_past_its_grain()
    {
        var infoHash = InfoHash.From(new byte[InfoHash.Length]);
        Assert.Null(_swarm.TryAnnounce(Request(1)));
        _swarm.Open();
        Assert.Null(_census.TryAnnounce(infoHash, Request(1)));
        _census.Enter(infoHash, _swarm);
        Assert.Equal(1, _census.TryAnnounce(infoHash, Request(1))!.Incomplete);
        _swarm.Close();
        Assert.Null(_census.TryAnnounce(infoHash, Request(2)));
        Assert.Equal((1, 1), (_swarm.Swarm.Count, _census.Peers));
        _census.Leave(infoHash, _swarm);
        Assert.Equal((0, 0), (_census.Swarms, _census.Peers));
    }

    [Theory]
    [InlineData(AnnounceEvent.None, true)]
    [InlineData(AnnounceEvent.Started, true)]
    [InlineData(AnnounceEvent.Paused, true)]
    [InlineData(AnnounceEvent.Stopped, false)]
    [InlineData(AnnounceEvent.Completed, false)]
    public void What_may_end_a_swarm_or_wait_for_the_database_is_left_to_the_grain(AnnounceEvent kind, bool taken)
    {
        _swarm.Open();
        Assert.Equal(taken, _swarm.TryAnnounce(Request(1, kind)) is not null);
        Assert.Equal(taken ? 1 : 0, _swarm.Swarm.Count);
    }

    [Fact]
    public void The_grain_has_a_turn_before_it_would_be_collected_as_idle()
    {
        _swarm.Open();
        _clock.Seconds += Lifetime / 2;
        Assert.NotNull(_swarm.TryAnnounce(Request(1)));
        _clock.Seconds++;
        Assert.Null(_swarm.TryAnnounce(Request(1)));
        _swarm.Announce(Request(1), out _, out _);
        Assert.NotNull(_swarm.TryAnnounce(Request(1)));
    }

    [Fact]
    public void Grain_and_callers_at_once_lose_no_announce()
    {
        _swarm.Open();
        Parallel.For(0, 8, new ParallelOptions { MaxDegreeOfParallelism = 8 }, part =>
        {
            for (var peer = 0; peer < 2000; peer++)
            {
                var request = Request((part * 2000) + peer + 1);
                if (part % 2 == 0)
                    Assert.NotNull(_swarm.TryAnnounce(request));
                else
                    _swarm.Announce(request, out _, out _);
            }
        });
        Assert.Equal((0, 16_000, 16_000), _swarm.Count());
        Assert.Equal((16_000, 16_000), (_census.Peers, _census.Announces));
    }

    [Fact]
    public void Counts_are_told_once_and_again_when_they_have_changed()
    {
        _swarm.Open();
        Assert.False(_swarm.TryTell(out _));
        _swarm.TryAnnounce(Request(1));
        Assert.True(_swarm.TryTell(out var counts));
        Assert.Equal(new TorrentCounts(0, 1, 0), counts);
        Assert.False(_swarm.TryTell(out _));
        _swarm.OnCompleted();
        Assert.True(_swarm.TryTell(out counts));
        Assert.Equal(new TorrentCounts(0, 1, 1), counts);
        Assert.False(_swarm.TryTell(out _));
    }

    [Fact]
    public void A_torrent_that_is_not_served_takes_nobody_in_and_lets_everybody_go()
    {
        _swarm.Open();
        _swarm.TryAnnounce(Request(1));
        _swarm.Facts = new(7, TorrentStatus.Rejected, "spam", 100, 100, null, false);
        Assert.Null(_swarm.TryAnnounce(Request(2)));
        Assert.Equal(AnnounceRefusal.Rejected, _swarm.Announce(Request(2), out var effect, out var empty).Refusal);
        Assert.Equal((default, false, 1), (effect, empty, _swarm.Swarm.Count));
        _swarm.Announce(Request(1, AnnounceEvent.Stopped), out _, out empty);
        Assert.Equal((true, 0), (empty, _swarm.Swarm.Count));
        _swarm.Announce(Request(2), out _, out empty);
        Assert.True(empty);
        _swarm.Facts = TorrentFacts.Plain;
        Assert.NotNull(_swarm.TryAnnounce(Request(2)));
    }

    [Fact]
    public void Who_has_expired_is_neither_counted_nor_listed()
    {
        _swarm.Open();
        _swarm.TryAnnounce(Request(1));
        _clock.Seconds += Lifetime;
        _swarm.Announce(Request(2), out _, out var empty);
        Assert.False(empty);
        Assert.Equal(2, _swarm.List(10).Count);
        _clock.Seconds += 60;
        Assert.Equal(Request(2).Endpoint, Assert.Single(_swarm.List(10)).Endpoint);
        _clock.Seconds += Lifetime;
        Assert.Equal((0, 0, 0), _swarm.Count());
        Assert.Equal(0, _census.Peers);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Thousands_that_have_expired_are_gone_before_the_next_is_answered(bool byGrain)
    {
        _swarm.Open();
        for (var peer = 1; peer <= 5000; peer++)
            _swarm.TryAnnounce(Request(peer));
        _clock.Seconds += Lifetime + 60;
        _swarm.Open();
        var reply = byGrain ? _swarm.Announce(Request(9999), out _, out _) : _swarm.TryAnnounce(Request(9999));
        Assert.Equal((1, 1), (reply!.Incomplete, _census.Peers));
    }

    [Fact]
    public void What_is_put_away_is_left_as_it_is()
    {
        _swarm.Open();
        _swarm.TryAnnounce(Request(1));
        _swarm.Close();
        _clock.Seconds += Lifetime + 60;
        Assert.Equal((0, 1, 1), _swarm.Count());
        Assert.Equal(1, _census.Peers);
    }

    [Fact]
    public void Peers_of_both_families_are_listed_with_what_they_said_so_many_at_most()
    {
        _swarm.Open();
        _swarm.TryAnnounce(Request(1));
        _swarm.TryAnnounce(SwarmClock.Request("10.0.0.9", 7000, left: 0, user: "alice", up: 11, down: 22));
        _swarm.TryAnnounce(SwarmClock.Request("2001:db8::1", 7001, left: 3));
        var peers = _swarm.List(10);
        Assert.Equal(3, peers.Count);
        Assert.Equal(new SwarmPeer(new(IPAddress.Parse("10.0.0.9"), 7000), new(7000, 1, 2), "alice", true, (uint)_clock.Seconds, 11, 22), peers.Single(peer => peer.IsSeeder));
        Assert.Equal((null, 0L), peers.Where(peer => peer.Endpoint.IsIPv6).Select(peer => (peer.UserId, peer.Uploaded)).Single());
        for (var most = 0; most <= 3; most++)
            Assert.Equal(most, _swarm.List(most).Count);
    }

    private static AnnounceRequest Request(int peer, AnnounceEvent kind = AnnounceEvent.None) => new()
    {
        Endpoint = new(new IPAddress(0x0A000000L + peer), 6881),
        Identity = (ulong)peer,
        Left = 5,
        NumWant = 5,
        Event = kind,
    };

    private sealed class Clock : TimeProvider
    {
        public long Seconds { get; set; } = 1_800_000_000;

        public override long TimestampFrequency => 1;

        public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeSeconds(Seconds);

        public override long GetTimestamp() => Seconds;
    }
}
