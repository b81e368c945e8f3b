using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Pbts.GrainInterfaces.Swarms;
using Pbts.Grains.Claims;
using Pbts.Grains.Swarms;

namespace Pbts.Tracker.Tests.Swarms;

/// <summary>What members' clients say they have moved: once, whatever the address, and only what can be.</summary>
public sealed class ClaimedTransferTests
{
    private const string V4 = "10.0.0.1";
    private const string V6 = "2001:db8::1";
    private const string Elsewhere = "10.0.0.9";

    private readonly SwarmClock _swarm = new(new SwarmRules(2700, 32));

    [Theory]
    [InlineData(V4, V6)]
    [InlineData(V6, V4)]
    public void The_same_counters_over_two_addresses_count_once(string first, string second)
    {
        _swarm.Announce(Elsewhere, 2, left: 5);
        _swarm.Announce(first, 1, 0, "alice", kind: AnnounceEvent.Started);
        _swarm.Announce(second, 1, 0, "alice", kind: AnnounceEvent.Started);
        Assert.Equal((1000, 0), _swarm.Announce(first, 1, 0, "alice", up: 1000));
        Assert.Equal((0, 0), _swarm.Announce(second, 1, 0, "alice", up: 1000));
        Assert.Equal((500, 0), _swarm.Announce(second, 1, 0, "alice", up: 1500, kind: AnnounceEvent.Stopped));
        Assert.Equal((0, 0), _swarm.Announce(first, 1, 0, "alice", up: 1500, kind: AnnounceEvent.Stopped));
    }

    [Fact]
    public void A_session_that_changes_its_address_loses_nothing()
    {
        _swarm.Announce(Elsewhere, 2, left: 5);
        var counted = _swarm.Announce(V4, 1, 0, "alice", kind: AnnounceEvent.Started).Uploaded;
        counted += _swarm.Announce(V4, 1, 0, "alice", up: 1000).Uploaded;
        counted += _swarm.Announce(V6, 1, 0, "alice", up: 2000).Uploaded;
        counted += _swarm.Announce(V6, 1, 0, "alice", up: 3000).Uploaded;
        Assert.Equal(3000, counted);
    }

    [Theory]
    [InlineData(AnnounceEvent.Completed, false)]
    [InlineData(AnnounceEvent.Completed, true)]
    [InlineData(AnnounceEvent.Stopped, false)]
    [InlineData(AnnounceEvent.Stopped, true)]
    public void Both_sides_of_a_transfer_count_whoever_speaks_first_and_across_a_hand_over(AnnounceEvent last, bool handOver)
    {
        foreach (var leecherFirst in new[] { true, false })
        {
            _swarm.Swarm = new(new SwarmRules(2700, 32));
            _swarm.Announce(V4, 1, 0, "seeder", kind: AnnounceEvent.Started);
            _swarm.Announce(Elsewhere, 2, 1000, "leecher", kind: AnnounceEvent.Started);
            var (up, down) = (0L, 0L);
            for (var side = 0; side < 2; side++)
            {
                if ((side == 0) == leecherFirst)
                    down += _swarm.Announce(Elsewhere, 2, 0, "leecher", down: 1000, kind: last).Downloaded;
                else
                    up += _swarm.Announce(V4, 1, 0, "seeder", up: 1000, kind: AnnounceEvent.Stopped).Uploaded;
                if (handOver)
                    _swarm.HandOver();
            }

            Assert.Equal((1000, 1000), (up, down));
        }
    }

    [Fact]
    public void Who_was_alone_all_the_time_has_moved_nothing()
    {
        _swarm.Announce(V4, 1, 5, "alice", kind: AnnounceEvent.Started);
        _swarm.Announce(V6, 1, 5, "alice", kind: AnnounceEvent.Started);
        Assert.Equal((0, 0), _swarm.Announce(V4, 1, 5, "alice", up: 1000, down: 1000));

        // A seeder is no one to send to, but one to get from.
        _swarm.Announce(Elsewhere, 2, 0);
        Assert.Equal((0, 1000), _swarm.Announce(V4, 1, 5, "alice", up: 2000, down: 2000));
        _swarm.Announce(Elsewhere, 2, 0, kind: AnnounceEvent.Stopped);
        Assert.Equal((0, 1000), _swarm.Announce(V4, 1, 5, "alice", up: 3000, down: 3000));
        Assert.Equal((0, 0), _swarm.Announce(V6, 1, 5, "alice", up: 4000, down: 4000));
    }

    [Fact]
    public void Somebody_who_came_and_expired_between_two_announces_was_there()
    {
        _swarm.Announce(V4, 1, 0, "alice", kind: AnnounceEvent.Started);
        _swarm.Announce(Elsewhere, 2, 5);
        _swarm.Seconds += 2000;
        Assert.Equal((0, 0), _swarm.Announce(V4, 1, 0, "alice"));
        _swarm.Seconds += 1000;
        _swarm.Swarm.SweepAll(_swarm.Now);
        Assert.Equal(0, _swarm.Swarm.Incomplete);
        Assert.Equal((1000, 0), _swarm.Announce(V4, 1, 0, "alice", up: 1000));
        Assert.Equal((0, 0), _swarm.Announce(V4, 1, 0, "alice", up: 2000));
    }

    [Fact]
    public void No_more_than_the_line_carries_is_believed_whatever_the_clock_on_the_wall_says()
    {
        const long aSecond = 125_000_000;
        _swarm.Announce(Elsewhere, 2, left: 5);
        _swarm.Announce(V4, 1, 0, "alice", kind: AnnounceEvent.Started);
        _swarm.Ahead = -2;

        // One second since the last announce, and one for good measure.
        Assert.Equal((2 * aSecond, 0), _swarm.Announce(V4, 1, 0, "alice", up: 1L << 40));
        _swarm.Ahead = 1_000_000;
        Assert.Equal((aSecond, 0), _swarm.Announce(V4, 1, 0, "alice", up: 2L << 40));
        _swarm.Seconds--;
        Assert.Equal((0, 0), _swarm.Announce(V4, 1, 0, "alice", up: 3L << 40));
    }

    [Fact]
    public void A_change_of_member_on_one_peer_counts_for_neither()
    {
        _swarm.Announce(Elsewhere, 2, left: 5);
        _swarm.Announce(V4, 1, 5, "alice", kind: AnnounceEvent.Started);
        foreach (var (user, counters) in new[] { ("bob", 1000), ("alice", 2000), ("bob", 3000), ("alice", 4000) })
            Assert.Equal((0, 0), _swarm.Announce(V4, 1, 5, user, up: counters, down: counters));

        // Not while another address of the session lives on, either.
        _swarm.Announce(V6, 1, 5, "alice", up: 4000, down: 4000);
        Assert.Equal((0, 0), _swarm.Announce(V4, 1, 5, "bob", up: 5000, down: 5000));
        Assert.Equal((0, 0), _swarm.Announce(V6, 1, 5, "alice", up: 6000, down: 6000));
        Assert.Equal((1000, 1000), _swarm.Announce(V6, 1, 5, "alice", up: 7000, down: 7000));
    }

    [Fact]
    public void An_announce_that_was_overtaken_counts_nothing_twice()
    {
        _swarm.Announce(Elsewhere, 2, left: 5);
        _swarm.Announce(V4, 1, 5, "alice", kind: AnnounceEvent.Started);
        Assert.Equal((1000, 0), _swarm.Announce(V4, 1, 5, "alice", up: 1000));
        Assert.Equal((0, 0), _swarm.Announce(V6, 1, 5, "alice", up: 900));
        Assert.Equal((1000, 0), _swarm.Announce(V6, 1, 5, "alice", up: 2000));
    }

    [Fact]
    public void Both_hashes_of_a_hybrid_torrent_count_once_and_two_torrents_of_one_client_twice()
    {
        var time = new FakeTimeProvider();
        using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var totals = new ClaimedTotals(services.GetRequiredService<IMeterFactory>(), time);
        var (v1, v2) = (new object(), new object());
        Claim(v1, 0, 1000, left: 7);
        Claim(v2, 0, 1000, left: 7);
        Assert.Equal((1000, 0), totals.Drain()["alice"]);

        // Other counters, another way to the same counters, another torrent's size.
        Claim(v1, 1000, 3000, left: 7);
        Claim(v2, 1000, 3001, left: 7);
        Claim(v1, 3000, 4000, left: 7);
        Claim(v2, 3500, 4000, left: 7);
        Claim(v1, 5000, 6000, left: 7);
        Claim(v2, 5000, 6000, left: 8);
        Assert.Equal((2000 + 2001 + 1000 + 500 + 1000 + 1000, 0), totals.Drain()["alice"]);

        // The same much later is another transfer.
        Claim(v1, 0, 5, left: 7);
        time.Advance(TimeSpan.FromSeconds(11));
        Claim(v2, 0, 5, left: 7);
        Assert.Equal((10, 0), totals.Drain()["alice"]);

        // The metric counts what the member is given, and no second time what could not be written.
        totals.Restore("alice", (10, 0));
        Assert.Equal((10, 0), totals.Drain()["alice"]);
        Assert.Equal(1000 + 7501 + 10, totals.Uploaded);

        void Claim(object swarm, long from, long to, long left) =>
            totals.Add(swarm, SwarmClock.Request(V4, 1, left, "alice"), new AnnounceEffect(false, to - from, 0, new(from, 0), new(to, 0)));
    }
}
