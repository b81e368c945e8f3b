using System.Net;
using CsCheck;
using Pbts.GrainInterfaces.Swarms;
using Pbts.Grains.Claims;
using Pbts.Grains.Swarms;

namespace Pbts.Tracker.Tests.Swarms;

public sealed class SwarmTests
{
    private const int Lifetime = 2700;

    [Fact]
    public void A_peer_expires_after_its_lifetime_and_not_before()
    {
        var swarm = new Swarm(new SwarmRules(Lifetime));
        swarm.Announce(Request(1, left: 0), At(10_000), Random.Shared, out _);
        swarm.SweepAll(At(10_000 + Lifetime));
        Assert.Equal(1, swarm.Complete);
        swarm.SweepAll(At(10_001 + Lifetime));
        Assert.Equal(0, swarm.Count);
    }

    [Fact]
    public void A_sweep_of_thousands_goes_on_where_it_left_off_and_ends()
    {
        var clock = new SwarmClock(new SwarmRules(2700));
        for (var peer = 0; peer < 3000; peer++)
            clock.Swarm.Announce(SwarmClock.Request($"10.0.{peer >> 8}.{peer & 255}", 6881, 5), clock.Now, Random.Shared, out _);
        clock.Seconds += 60;
        Assert.Equal([true, true, false, false], Enumerable.Range(0, 4).Select(_ => clock.Swarm.Sweep(clock.Now)));
        Assert.Equal(3000, clock.Swarm.Count);
        clock.Seconds += 2700;
        clock.Swarm.SweepAll(clock.Now);
        Assert.Equal(0, clock.Swarm.Count);
    }

    [Fact]
    public void A_snapshot_brings_back_no_more_peers_of_an_address_than_it_may_have()
    {
        var clock = new SwarmClock(new SwarmRules(2700, PeersPerAddress: 1));
        foreach (byte port in (byte[])[1, 2])
            clock.Swarm.Restore([10, 0, 0, 1, 0, port], new PeerRecord { Identity = port, LastSeen = clock.Now.Unix, Role = PeerRole.Leecher }, null, clock.Now);
        Assert.Equal(1, clock.Swarm.Count);
        clock.Swarm.Restore([10, 0, 0, 2, 0, 1], new PeerRecord { Identity = 3, LastSeen = clock.Now.Unix, Role = PeerRole.Seeder }, null, clock.Now);
        Assert.Equal((1, 1), (clock.Swarm.Complete, clock.Swarm.Incomplete));
    }

    [Fact]
    public void Of_peers_with_one_endpoint_a_snapshot_brings_back_all_and_lists_one()
    {
        var clock = new SwarmClock(new SwarmRules(2700));
        for (var identity = 1u; identity <= 3; identity++)
            clock.Swarm.Restore([10, 0, 0, 1, 0, 1], new PeerRecord { Identity = identity, LastSeen = clock.Now.Unix, Role = PeerRole.Leecher }, null, clock.Now);
        Assert.Equal(3, clock.Swarm.Tables.Sum(table => Enumerable.Range(1, 3).Count(identity => table.Find([10, 0, 0, 1, 0, 1], (ulong)identity) >= 0)));
        Assert.Equal((0, 1), (clock.Swarm.Complete, clock.Swarm.Incomplete));
    }

    [Theory]
    [InlineData(3, 3)]
    [InlineData(50, 4)]
    public void Who_asks_for_peer_ids_gets_one_for_each_peer(int wanted, int given)
    {
        var clock = new SwarmClock(new SwarmRules(2700));
        for (var peer = 1; peer <= 5; peer++)
            clock.Announce($"10.0.0.{peer}", peer, 5);
        var own = SwarmClock.Request("10.0.0.1", 1, 5);
        var reply = clock.Swarm.Announce(
            new AnnounceRequest { Endpoint = own.Endpoint, PeerId = own.PeerId, Identity = own.Identity, Left = 5, NumWant = wanted, WithPeerIds = true }, clock.Now, Random.Shared, out _);
        Assert.Equal((given * 6, given * PeerId.Length), (reply.Peers.Length, reply.PeerIds.Length));
        for (var i = 0; i < given; i++)
            Assert.Equal(new PeerId(reply.Peers[(i * 6) + 5], 1, 2), PeerId.Read(reply.PeerIds.AsSpan(i * PeerId.Length)));
    }

    [Fact]
    public void A_member_is_active_while_it_has_a_peer()
    {
        var clock = new SwarmClock(new SwarmRules(2700));
        Assert.True(Announce(1, AnnounceEvent.Started));
        Assert.True(Announce(2, AnnounceEvent.Started));
        Assert.True(Announce(1, AnnounceEvent.Stopped));
        Assert.False(Announce(2, AnnounceEvent.Stopped));

        bool Announce(int port, AnnounceEvent kind)
        {
            clock.Swarm.Announce(SwarmClock.Request("10.0.0.1", port, 5, "alice", kind: kind), clock.Now, Random.Shared, out var effect);
            return effect.IsActive;
        }
    }

    [Fact]
    public void Who_leaves_has_completed_nothing()
    {
        var clock = new SwarmClock(new SwarmRules(2700));
        clock.Announce("10.0.0.1", 1, 5, "alice");
        clock.Announce("10.0.0.1", 1, 0, "alice", kind: AnnounceEvent.Stopped);
        Assert.False(clock.Completed);
    }

    [Fact]
    public void A_swarm_survives_its_snapshot()
    {
        var swarm = new Swarm(new SwarmRules(Lifetime));
        for (var peer = 1; peer <= 500; peer++)
        {
            var kind = peer % 5 == 0 ? AnnounceEvent.Paused : AnnounceEvent.None;
            swarm.Announce(Request(peer, left: peer % 2 == 0 ? 0 : 7, ipv6: peer % 3 == 0, kind: kind, user: peer % 7 == 0 ? $"üser {peer}" : null), At(10_000), Random.Shared, out _);
        }

        swarm.Announce(Request(501, left: 0), At(5_000), Random.Shared, out _);
        var copy = new Swarm(new SwarmRules(Lifetime));
        Assert.True(SwarmSnapshot.Read(SwarmSnapshot.Write(swarm), copy, At(10_100)));
        Assert.Equal((swarm.Complete - 1, swarm.Incomplete, swarm.Downloaders), (copy.Complete, copy.Incomplete, copy.Downloaders));
        Assert.NotEqual(swarm.Incomplete, swarm.Downloaders);

        // Restored peers are the same peers: announcing again changes nothing, stopping removes them.
        for (var peer = 1; peer <= 500; peer++)
            copy.Announce(Request(peer, left: 0, ipv6: peer % 3 == 0, kind: AnnounceEvent.Stopped), At(10_100), Random.Shared, out _);
        Assert.Equal(0, copy.Count);
    }

    [Fact]
    public void Claimed_transfer_is_the_difference_between_announces_of_one_user()
    {
        var swarm = new Swarm(new SwarmRules(Lifetime));
        AnnounceEffect effect;
        swarm.Announce(Request(1, left: 100, user: "alice", uploaded: 999, downloaded: 999), At(1_000), Random.Shared, out effect);
        Assert.Equal((0, 0), (effect.Uploaded, effect.Downloaded));

        // Alone: nothing can have moved.
        swarm.Announce(Request(1, left: 90, user: "alice", uploaded: 1099, downloaded: 1099), At(1_100), Random.Shared, out effect);
        Assert.Equal((0, 0), (effect.Uploaded, effect.Downloaded));

        swarm.Announce(Request(2, left: 50, user: "bob"), At(1_100), Random.Shared, out _);
        swarm.Announce(Request(1, left: 80, user: "alice", uploaded: 1199, downloaded: 1149), At(1_200), Random.Shared, out effect);
        Assert.Equal((100, 50), (effect.Uploaded, effect.Downloaded));
        swarm.Announce(Request(1, left: 80, user: "alice", uploaded: 1199, downloaded: 1149), At(1_201), Random.Shared, out effect);
        Assert.Equal((0, 0), (effect.Uploaded, effect.Downloaded));

        // A restarted client counts from nothing; a stop carries the last of it.
        swarm.Announce(Request(1, left: 80, user: "alice", uploaded: 0, downloaded: 0, kind: AnnounceEvent.Started), At(1_300), Random.Shared, out effect);
        Assert.Equal((0, 0), (effect.Uploaded, effect.Downloaded));
        swarm.Announce(Request(1, left: 70, user: "alice", uploaded: 5, downloaded: 10, kind: AnnounceEvent.Stopped), At(1_310), Random.Shared, out effect);
        Assert.Equal((5, 10), (effect.Uploaded, effect.Downloaded));
    }

    [Fact]
    public void Any_history_of_announces_keeps_exact_counts()
    {
        // Against a plain dictionary: whatever the order of arrivals, role changes and departures, the counts agree.
        var step = Gen.Select(Gen.Int[0, 40], Gen.Int[0, 2], Gen.Bool, Gen.Int[0, 4]);
        step.List[0, 400].Sample(
            steps =>
            {
                var swarm = new Swarm(new SwarmRules(Lifetime));
                var model = new Dictionary<(int, bool), (bool Seeder, bool Paused)>();
                uint now = 10_000;
                foreach (var (peer, left, ipv6, kind) in steps)
                {
                    now++;
                    var announceEvent = (AnnounceEvent)kind;
                    var reply = swarm.Announce(Request(peer, left, ipv6, announceEvent), At(now), Random.Shared, out _);
                    if (announceEvent == AnnounceEvent.Stopped)
                        model.Remove((peer, ipv6));
                    else
                        model[(peer, ipv6)] = (left == 0, announceEvent == AnnounceEvent.Paused && left != 0);
                    Assert.Equal(model.Values.Count(entry => entry.Seeder), reply.Complete);
                    Assert.Equal(model.Values.Count(entry => !entry.Seeder), reply.Incomplete);
                    Assert.Equal(model.Values.Count(entry => !entry.Seeder && !entry.Paused), swarm.Downloaders);
                    var peers = Split(reply.Peers, 6).Concat(Split(reply.Peers6, 18)).ToList();
                    Assert.Equal(peers.Count, peers.Distinct().Count());
                    var leechersOnly = left == 0 || announceEvent == AnnounceEvent.Paused;
                    var expected = announceEvent == AnnounceEvent.Stopped ? 0
                        : Math.Min(50, model.Count(entry => entry.Key != (peer, ipv6) && !(leechersOnly && (entry.Value.Seeder || entry.Value.Paused))));
                    Assert.Equal(expected, peers.Count);
                }
            },
            iter: 400, seed: "0N0XIzNsQ0O2", threads: 1);
    }

    private static Moment At(long seconds) => new((uint)seconds, seconds * 1000);

    private static IEnumerable<string> Split(byte[] compact, int stride) => compact.Chunk(stride).Select(Convert.ToHexString);

    private static AnnounceRequest Request(int peer, long left, bool ipv6 = false, AnnounceEvent kind = AnnounceEvent.None, string? user = null, long uploaded = 0, long downloaded = 0) => new()
    {
        Endpoint = new PeerEndpoint(ipv6 ? IPAddress.Parse($"2001:db8::{peer:x}") : IPAddress.Parse($"10.0.{peer / 256}.{peer % 256}"), 6881),
        PeerId = new PeerId((ulong)peer, 0, 0),
        Identity = (ulong)peer * 7919,
        Event = kind,
        Left = left,
        Uploaded = uploaded,
        Downloaded = downloaded,
        NumWant = 50,
        UserId = user,
    };
}
