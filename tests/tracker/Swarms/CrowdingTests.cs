using System.Net;
using CsCheck;
using Pbts.GrainInterfaces.Swarms;
using Pbts.Grains.Swarms;

namespace Pbts.Tracker.Tests.Swarms;

/// <summary>What one address, one endpoint and one member can be in a swarm.</summary>
public sealed class CrowdingTests
{
    private const string Crowd = "10.0.0.66";
    private const int Limit = 32;

    private readonly SwarmClock _swarm = new(new SwarmRules(10_000, Limit));

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    public void Thousands_of_made_up_peers_of_one_address_hide_nobody(long left)
    {
        _swarm.Announce("10.0.0.1", 7777, left: 0);
        for (var peer = 1; peer <= 5000; peer++)
            _swarm.Announce(Crowd, 10_000 + peer, left, wanted: 0);
        Assert.Equal(Limit + 1, _swarm.Swarm.Count);
        for (var round = 0; round < 20; round++)
        {
            _swarm.Announce("10.0.0.2", 8888, left: 5, wanted: 5);
            Assert.Contains(7777, _swarm.Ports);
            Assert.Equal(5, _swarm.Ports.Distinct().Count());

            // The newest of the crowd are left.
            Assert.DoesNotContain(_swarm.Ports, port => port is > 10_000 and <= 10_000 + 5000 - Limit);
        }
    }

    [Theory]
    [InlineData("2001:db8::", "2001:db8:0:0:1::1", 1)]
    [InlineData("2001:db8::", "2001:db8:0:1::1", 2)]
    public void Of_ipv6_the_network_counts(string first, string second, int networks)
    {
        for (var peer = 1; peer <= 100; peer++)
            _swarm.Announce(peer % 2 == 0 ? first : second, peer, 5, wanted: 0);
        Assert.Equal(Limit * networks, _swarm.Swarm.Count);
    }

    [Fact]
    public void A_sample_draws_addresses_before_ports_and_any_of_their_ports()
    {
        for (var peer = 0; peer < Limit; peer++)
            _swarm.Announce(Crowd, 100 + peer, 5, wanted: 0);
        for (var peer = 0; peer < 9; peer++)
            _swarm.Announce($"10.0.1.{peer}", 1 + peer, peer % 2 == 0 ? 0 : 5, wanted: 0);
        var crowd = new HashSet<int>();
        var (ofCrowd, rounds) = (0, 2000);
        for (var round = 0; round < rounds; round++)
        {
            var sample = new byte[6];
            Assert.Equal(1, _swarm.Swarm.Tables.First().Sample(Random.Shared, _swarm.Swarm.Count, 1, [], sample, []));
            var port = (sample[4] << 8) | sample[5];
            if (port >= 100)
            {
                ofCrowd++;
                crowd.Add(port);
            }
        }

        // One address of ten: 200; by ports it would be 1,560.
        Assert.InRange(ofCrowd, 120, 300);
        Assert.InRange(crowd.Count, Limit - 4, Limit);
    }

    [Fact]
    public void A_member_has_three_peers_and_the_one_not_seen_for_longest_goes()
    {
        for (var peer = 1; peer <= 3; peer++)
            _swarm.Announce($"10.0.{peer}.1", peer, 5, "alice");
        _swarm.Announce("10.0.1.1", 1, 5, "alice");
        _swarm.Announce("10.0.4.1", 4, 5, "alice");
        _swarm.Announce("10.0.9.1", 9, 5, "bob");
        Assert.Equal([1, 3, 4], _swarm.Ports);

        // Whoever has displaced its own goes on counting.
        Assert.Equal((10, 0), _swarm.Announce("10.0.4.1", 4, 5, "alice", up: 10));
    }

    [Fact]
    public void One_endpoint_is_one_peer_and_the_newest_speaks_for_it()
    {
        _swarm.Announce("10.0.0.1", 7, 0, key: 1, id: 1);
        _swarm.Announce("10.0.0.1", 7, 5, key: 2, id: 2);
        _swarm.Announce("10.0.0.2", 8, 5);
        Assert.Equal([7], _swarm.Ports);
        Assert.Equal((0, 2), (_swarm.Reply.Complete, _swarm.Reply.Incomplete));
        _swarm.Announce("10.0.0.1", 7, 0, key: 1, id: 1);
        Assert.Equal((1, 1), (_swarm.Reply.Complete, _swarm.Reply.Incomplete));

        // Nobody is stopped by another: neither by who was never here, nor by who goes.
        _swarm.Announce("10.0.0.1", 7, 0, key: 3, id: 1, kind: AnnounceEvent.Stopped);
        Assert.Equal((1, 1), (_swarm.Reply.Complete, _swarm.Reply.Incomplete));
        _swarm.Announce("10.0.0.1", 7, 5, key: 2, id: 2);
        _swarm.Announce("10.0.0.1", 7, 5, key: 2, id: 2, kind: AnnounceEvent.Stopped);
        Assert.Equal((1, 1), (_swarm.Reply.Complete, _swarm.Reply.Incomplete));
        _swarm.Announce("10.0.0.1", 7, 0, key: 1, id: 1, kind: AnnounceEvent.Stopped);
        Assert.Equal((0, 1), (_swarm.Reply.Complete, _swarm.Reply.Incomplete));
    }

    [Fact]
    public void Partial_seeds_and_seeders_are_given_who_downloads_and_nobody_else()
    {
        _swarm.Announce("10.0.0.1", 1, 0);
        _swarm.Announce("10.0.0.2", 2, 5);
        _swarm.Announce("10.0.0.3", 3, 5, kind: AnnounceEvent.Paused);
        Assert.Equal([2], _swarm.Ports);
        _swarm.Announce("10.0.0.4", 4, 5, kind: AnnounceEvent.Paused);
        Assert.Equal([2], _swarm.Ports);
        _swarm.Announce("10.0.0.1", 1, 0);
        Assert.Equal([2], _swarm.Ports);
        _swarm.Announce("10.0.0.2", 2, 5);
        Assert.Equal([1, 3, 4], _swarm.Ports);
    }

    [Fact]
    public void Only_who_was_incomplete_or_unseen_completes()
    {
        _swarm.Announce("10.0.0.1", 1, 0, kind: AnnounceEvent.Started);
        _swarm.Announce("10.0.0.1", 1, 0, kind: AnnounceEvent.Completed);
        Assert.False(_swarm.Completed);
        _swarm.Announce("10.0.0.2", 2, 5, kind: AnnounceEvent.Started);
        _swarm.HandOver();
        _swarm.Announce("10.0.0.2", 2, 0, kind: AnnounceEvent.Completed);
        Assert.True(_swarm.Completed);
        _swarm.Announce("10.0.0.2", 2, 0, kind: AnnounceEvent.Completed);
        Assert.False(_swarm.Completed);
        _swarm.Announce("10.0.0.3", 3, 0, kind: AnnounceEvent.Completed);
        Assert.True(_swarm.Completed);
    }

    [Fact]
    public void Any_history_of_crowded_announces_agrees_with_a_plain_list()
    {
        // A list in order of the last announce, on which every rule is a search.
        var step = Gen.Select(Gen.Int[0, 2], Gen.Int[0, 3], Gen.Int[0, 3], Gen.Int[0, 6], Gen.Int[0, 4], Gen.Int[0, 3]);
        step.List[0, 300].Sample(
            steps =>
            {
                var swarm = new SwarmClock(new SwarmRules(2700, 5));
                var model = new List<Peer>();
                foreach (var (host, port, key, member, kind, place) in steps)
                {
                    var address = place == 0 ? $"2001:db8:0:{host}::{port}" : $"10.0.0.{host}";
                    var user = member < 3 ? $"member {member}" : null;
                    var left = kind % 2;
                    var announced = (AnnounceEvent)kind;
                    swarm.Announce(address, 1 + port, left, user, kind: announced, key: (ulong)key, id: 1 + key);
                    var peer = new Peer(address, 1 + port, key, user, left == 0 ? PeerRole.Seeder : announced == AnnounceEvent.Paused ? PeerRole.PartialSeed : PeerRole.Leecher);
                    var known = model.Find(peer.IsSame);
                    if (announced == AnnounceEvent.Stopped)
                    {
                        if (known is not null)
                            model.Remove(known);
                    }
                    else
                    {
                        peer = peer with { Member = user ?? known?.Member };
                        if (user is not null && known?.Member != user && model.Where(other => other.Member == user && other.IsIPv6 == peer.IsIPv6).ToList() is { Count: 3 } own)
                            model.Remove(own[0]);
                        if (known is null && model.Where(other => other.Group == peer.Group).ToList() is { Count: 5 } crowd)
                            model.Remove(crowd[0]);
                        if (known is not null)
                            model.Remove(known);
                        model.Add(peer);
                    }

                    var listed = model.Where((one, at) => !model.Skip(at + 1).Any(newer => newer.Address == one.Address && newer.Port == one.Port)).ToList();
                    Assert.Equal(listed.Count(one => one.Role == PeerRole.Seeder), swarm.Reply.Complete);
                    Assert.Equal(listed.Count(one => one.Role != PeerRole.Seeder), swarm.Reply.Incomplete);
                    Assert.Equal(listed.Count(one => one.Role == PeerRole.Leecher), swarm.Swarm.Downloaders);
                    if (announced == AnnounceEvent.Stopped)
                        continue;
                    var given = listed.Where(one => (one.Address, one.Port) != (peer.Address, peer.Port) && (peer.Role == PeerRole.Leecher || one.Role == PeerRole.Leecher));
                    Assert.Equal(given.Select(one => one.Port).Order(), swarm.Ports);
                }

                swarm.Seconds += 10_000;
                swarm.Swarm.SweepAll(swarm.Now);
                Assert.Equal(0, swarm.Swarm.Count);
            },
            iter: 1000, threads: 1);
    }

    private sealed record Peer(string Address, int Port, int Key, string? Member, PeerRole Role)
    {
        public bool IsIPv6 => Address.Contains(':', StringComparison.Ordinal);

        public string Group => IsIPv6 ? Convert.ToHexString(IPAddress.Parse(Address).GetAddressBytes()[..8]) : Address;

        public bool IsSame(Peer other) => (Address, Port, Key) == (other.Address, other.Port, other.Key);
    }
}
