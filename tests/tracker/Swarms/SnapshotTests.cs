using System.Buffers.Binary;
using System.Text;
using Pbts.GrainInterfaces.Swarms;
using Pbts.Grains.Swarms;

namespace Pbts.Tracker.Tests.Swarms;

/// <summary>Peers put away for the next activation.</summary>
public sealed class SnapshotTests
{
    private static readonly string LongestName = string.Concat(Enumerable.Repeat("😀", 64));

    private readonly SwarmClock _swarm = new(new SwarmRules(2700, 32));

    [Fact]
    public void The_longest_name_costs_nobody_anything()
    {
        _swarm.Announce("10.0.0.1", 1, 5);
        _swarm.Announce("10.0.0.2", 2, 5, LongestName, kind: AnnounceEvent.Started);
        _swarm.Announce("10.0.0.3", 3, 5, "alice");
        _swarm.HandOver();
        Assert.Equal(3, _swarm.Swarm.Incomplete);
        Assert.Equal((1000, 0), _swarm.Announce("10.0.0.2", 2, 5, LongestName, up: 1000));
    }

    [Fact]
    public void What_cannot_be_read_costs_what_cannot_be_read()
    {
        for (var peer = 1; peer <= 3; peer++)
            _swarm.Announce($"10.0.0.{peer}", peer, 5, $"member {peer}");
        var bytes = SwarmSnapshot.Write(_swarm.Swarm);
        var record = (bytes.Length - 1) / 3;
        for (var length = 0; length < bytes.Length; length++)
        {
            var copy = new Swarm(new SwarmRules(2700, 32));
            Assert.Equal(length > 0 && (length - 1) % record == 0, SwarmSnapshot.Read(bytes.AsSpan(0, length), copy, _swarm.Now));
            Assert.Equal(Math.Max(0, length - 1) / record, copy.Count);
        }

        var random = new Random(7);
        for (var round = 0; round < 2000; round++)
        {
            byte[] broken = [.. bytes];
            broken[random.Next(1, broken.Length)] = (byte)random.Next(256);
            SwarmSnapshot.Read(broken, new Swarm(new SwarmRules(2700, 32)), _swarm.Now);
        }

        bytes[0] = 3;
        Assert.False(SwarmSnapshot.Read(bytes, new Swarm(new SwarmRules(2700, 32)), _swarm.Now));
    }

    [Fact]
    public void The_first_version_is_still_read()
    {
        // Version, then: length, flags (a partial seed), endpoint, identity, peer id, last seen, uploaded, downloaded, name.
        var peer = new byte[2 + 6 + 8 + 20 + 4 + 8 + 8 + 1];
        (peer[0], peer[1]) = (6, 2);
        new byte[] { 10, 0, 0, 1, 0, 1 }.CopyTo(peer, 2);
        BinaryPrimitives.WriteUInt64BigEndian(peer.AsSpan(8), 7919);
        new PeerId(1, 1, 2).Write(peer.AsSpan(16));
        BinaryPrimitives.WriteUInt32BigEndian(peer.AsSpan(36), _swarm.Now.Unix);
        BinaryPrimitives.WriteInt64BigEndian(peer.AsSpan(40), 1000);
        peer[56] = 5;
        byte[] anonymous = [.. peer];
        anonymous[56] = 0;
        anonymous[7] = 2;
        byte[] bytes = [1, .. peer, .. Encoding.UTF8.GetBytes("alice"), .. anonymous];

        Assert.True(SwarmSnapshot.Read(bytes, _swarm.Swarm, _swarm.Now));
        Assert.Equal((2, 0), (_swarm.Swarm.Incomplete, _swarm.Swarm.Downloaders));
        Assert.Equal((500, 0), _swarm.Announce("10.0.0.1", 1, 5, "alice", up: 1500));
    }
}
