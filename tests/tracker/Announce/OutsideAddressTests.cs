using System.Net;
using Microsoft.Extensions.Options;
using Pbts.Api.Announce;
using Pbts.GrainInterfaces.Swarms;
using Pbts.Hosting.Configuration;

namespace Pbts.Tracker.Tests.Announce;

/// <summary>Who is given which address of a peer.</summary>
public sealed class OutsideAddressTests
{
    private static readonly string[] Peers = ["127.0.0.1", "192.168.1.7", "203.0.113.7", "::1", "fd00::7", "2001:db8::7"];

    [Theory]
    [InlineData("127.0.0.9", "", "127.0.0.1 192.168.1.7 203.0.113.7 ::1 fd00::7 2001:db8::7")]
    [InlineData("::1", "198.51.100.9", "127.0.0.1 192.168.1.7 203.0.113.7 ::1 fd00::7 2001:db8::7")]
    [InlineData("192.168.1.8", "", "192.168.1.7 203.0.113.7 fd00::7 2001:db8::7")]
    [InlineData("192.168.1.8", "198.51.100.9", "198.51.100.9 192.168.1.7 203.0.113.7 fd00::7 2001:db8::7")]
    [InlineData("203.0.113.8", "", "192.168.1.7 203.0.113.7 fd00::7 2001:db8::7")]
    [InlineData("203.0.113.8", "198.51.100.9", "198.51.100.9 198.51.100.9 203.0.113.7 fd00::7 2001:db8::7")]
    [InlineData("2001:db8::8", "198.51.100.9;2001:db8::9", "198.51.100.9 198.51.100.9 203.0.113.7 2001:db8::9 2001:db8::9 2001:db8::7")]
    public void Peers_of_this_machine_and_network_are_given_to_outsiders_as_they_reach_them(string asker, string external, string expected)
    {
        var outside = new OutsideAddresses(Options.Create(new TrackerOptions { ExternalAddress = external }));
        var given = outside.For(new PeerEndpoint(IPAddress.Parse(asker), 1), Reply());
        var addresses = given.Peers.Chunk(6).Select(peer => new IPAddress(peer[..4])).Concat(given.Peers6.Chunk(18).Select(peer => new IPAddress(peer[..16]))).ToArray();
        Assert.Equal(expected, string.Join<IPAddress>(' ', addresses));

        // Ports and peer ids stay with their peers, whose number is their place above.
        var ports = given.Peers.Chunk(6).Concat(given.Peers6.Chunk(18)).Select(peer => (int)peer[^1]).ToArray();
        Assert.Equal(ports, given.PeerIds.Chunk(20).Select(id => (int)id[0]));
        Assert.All(addresses.Zip(ports), peer => Assert.True(peer.First.ToString() == Peers[peer.Second] || external.Contains($"{peer.First}", StringComparison.Ordinal)));
    }

    [Fact]
    public void An_answer_without_such_peers_is_the_same_object()
    {
        var reply = new AnnounceReply { Peers = [203, 0, 113, 7, 0, 1] };
        Assert.Same(reply, new OutsideAddresses(Options.Create(new TrackerOptions { ExternalAddress = "198.51.100.9" })).For(new PeerEndpoint(IPAddress.Parse("203.0.113.8"), 1), reply));
    }

    private static AnnounceReply Reply()
    {
        var compact = Peers.Select((peer, place) => (byte[])[.. IPAddress.Parse(peer).GetAddressBytes(), 0, (byte)place]).ToArray();
        return new()
        {
            Peers = [.. compact.Where(peer => peer.Length == 6).SelectMany(peer => peer)],
            Peers6 = [.. compact.Where(peer => peer.Length == 18).SelectMany(peer => peer)],
            PeerIds = [.. Enumerable.Range(0, Peers.Length).SelectMany(place => Enumerable.Repeat((byte)place, 20))],
        };
    }
}
