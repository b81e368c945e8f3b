using System.Net;
using System.Text;
using System.Text.Json;
using CsCheck;
using Microsoft.Extensions.Options;
using Pbts.Api.Announce;
using Pbts.Api.Udp;
using Pbts.GrainInterfaces.Swarms;
using Pbts.Hosting.Configuration;

namespace Pbts.Tracker.Tests.Udp;

/// <summary>The UDP tracker's parts that need no socket.</summary>
public sealed class UdpParserTests
{
    private static readonly PeerEndpoint Caller = new(IPAddress.Parse("203.0.113.5"), 4000);

    private static readonly string[] Captures =
        ["deluge-ok", "libtorrent-fail", "libtorrent-ok", "qbittorrent-ok", "rtorrent-fail", "rtorrent-ok", "transmission-fail", "transmission-ok"];

    public static TheoryData<string, string> CapturedAnnounces()
    {
        var data = new TheoryData<string, string>();
        foreach (var capture in Captures)
        {
            foreach (var line in File.ReadLines(Path.Combine(AppContext.BaseDirectory, "vectors", "client-announces", capture + ".jsonl")))
            {
                if (line.Contains("\"action\": \"announce\"", StringComparison.Ordinal))
                    data.Add(capture, line);
            }
        }

        return data;
    }

    /// <summary>The captures hold the fields of each datagram; it is put together from them again.</summary>
    [Theory]
    [MemberData(nameof(CapturedAnnounces))]
    public void Announces_of_real_clients_are_understood(string client, string line)
    {
        var captured = JsonDocument.Parse(line).RootElement;
        var peerId = Encoding.Latin1.GetBytes(captured.GetProperty("peer_id").GetString()!);
        var key = captured.GetProperty("key").GetUInt32();
        byte[] packet =
        [
            .. "CONNID12"u8, .. UdpProbe.U32(1), .. UdpProbe.U32(5), .. new byte[20], .. peerId,
            .. UdpProbe.U64(0), .. UdpProbe.U64(captured.GetProperty("left").GetUInt64()), .. UdpProbe.U64(0),
            .. UdpProbe.U32(captured.GetProperty("event").GetUInt32()), .. UdpProbe.U32(captured.GetProperty("ip").GetUInt32()), .. UdpProbe.U32(key),
            .. UdpProbe.U32((uint)captured.GetProperty("numwant").GetInt32()), .. UdpProbe.U32(captured.GetProperty("port").GetUInt32())[2..],
            .. Convert.FromHexString(captured.GetProperty("ext").GetString()!),
        ];
        Assert.Equal(captured.GetProperty("n").GetInt32(), packet.Length);

        Assert.Null(UdpAnnounce.Parse(packet, ipv6: false, out var announce, out var passkey));
        Assert.Equal(PeerId.Read(peerId), announce.PeerId);
        Assert.Equal(captured.GetProperty("port").GetInt32(), announce.Port);
        Assert.Equal(0, announce.Left);
        Assert.Equal(captured.GetProperty("event").GetInt32() switch { 1 => AnnounceEvent.Completed, 2 => AnnounceEvent.Started, 3 => AnnounceEvent.Stopped, _ => AnnounceEvent.None }, announce.Event);
        Assert.Equal(captured.GetProperty("numwant").GetInt32() is >= 0 and var wanted ? wanted : null, announce.NumWant);
        Assert.Equal(AnnounceQuery.IdentityOf(key), announce.Identity);
        Assert.Equal(client.StartsWith("rt", StringComparison.Ordinal) || client.StartsWith("tr", StringComparison.Ordinal) ? null : "abc123passkey", passkey);
    }

    [Fact]
    public void Strangers_never_get_more_bytes_than_they_sent_whatever_they_send()
    {
        // Without a tracker behind it: a packet that got past the connection id would throw.
        var handler = new UdpHandler(null!, new ConnectionIds(TimeProvider.System), Options.Create(new TrackerOptions()), null!);
        var reply = new byte[UdpReply.MaxLength];
        var (silent, connected, refused) = (0, 0, 0);
        Gen.Select(Gen.Byte.Array[0, 160], Gen.Int[0, 5], Gen.Bool).Sample(
            (packet, action, magic) =>
            {
                if (packet.Length >= 16)
                {
                    UdpProbe.U32((uint)action).CopyTo(packet, 8);
                    if (magic)
                        UdpProbe.U64(UdpProbe.Magic).CopyTo(packet, 0);
                }

                var answer = handler.HandleAsync(packet, Caller, reply, CancellationToken.None);
                Assert.True(answer.IsCompletedSuccessfully);
                Assert.True(answer.Result <= packet.Length);
                _ = answer.Result switch { 0 => silent++, 16 => connected++, _ => refused++ };
                if (answer.Result > 0)
                    Assert.Equal(packet[12..16], reply[4..8]);
            },
            iter: 200_000, seed: "0N0XIzNsQ0O2", threads: 1);
        Assert.True(silent > 10_000 && connected > 10_000 && refused > 10_000, $"{silent} silent, {connected} connected, {refused} refused");
    }

    [Fact]
    public void No_datagram_makes_the_announce_parser_throw()
    {
        var head = UdpProbe.AnnouncePacket(1, 2, new byte[20], 1, 0);
        string[] urls = ["/announce/", "/announce/0123456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcdef", "/", "?", "user_id=", "&", "signature=", "%", "=", "/scrape"];
        var option = Gen.Select(
            Gen.Frequency((1, Gen.Byte), (2, Gen.Int[0, 1].Select(i => (byte)i)), (4, Gen.Const((byte)2))),
            Gen.OneOf(Gen.Byte.Array[0, 20], Gen.Int[0, urls.Length - 1].Select(i => Encoding.ASCII.GetBytes(urls[i]))),
            Gen.Int[-2, 2],
            (type, data, slip) => (byte[])[type, (byte)(data.Length + Math.Max(0, slip - 1)), .. data]);
        var (accepted, refused, members) = (0, 0, 0);
        Gen.Select(option.Array[0, 4], Gen.Frequency((2, Gen.Const(Array.Empty<byte>())), (1, Gen.Byte.Array[0, 20])), Gen.Int[0, 97], Gen.Bool).Sample(
            (options, tail, damaged, ipv6) =>
            {
                byte[] packet = [.. head, .. options.SelectMany(bytes => bytes), .. tail];
                packet[damaged] ^= (byte)tail.Length;
                if (UdpAnnounce.Parse(tail.Length == 20 ? packet[..damaged] : packet, ipv6, out var announce, out var passkey) is null)
                {
                    accepted++;
                    Assert.NotEqual(0, announce.Port);
                    Assert.False(ipv6 && announce.Address is not null);
                }
                else
                {
                    refused++;
                }

                members += passkey is null ? 0 : 1;
            },
            iter: 200_000, seed: "0N0XIzNsQ0O2", threads: 1);
        Assert.True(accepted > 10_000 && refused > 10_000 && members > 1000, $"{accepted} accepted, {refused} refused, {members} passkeys");
    }

    [Fact]
    public void A_connection_id_lives_for_two_to_four_minutes()
    {
        var clock = new Clock();
        var ids = new ConnectionIds(clock);
        var id = ids.Issue(Caller);
        Assert.True(ids.IsValid(id, Caller with { Port = 9 }));
        clock.Seconds += 121;
        Assert.True(ids.IsValid(id, Caller));
        Assert.NotEqual(id, ids.Issue(Caller));
        clock.Seconds += 120;
        Assert.False(ids.IsValid(id, Caller));
        Assert.False(ids.IsValid(ids.Issue(Caller), new PeerEndpoint(IPAddress.Parse("203.0.113.6"), 4000)));
        Assert.False(ids.IsValid(ids.Issue(Caller), new PeerEndpoint(IPAddress.Parse("2001:db8::cb00:7105"), 4000)));
        Assert.True(ids.IsValid(ids.Issue(Caller), new PeerEndpoint(IPAddress.Parse("::ffff:203.0.113.5"), 4000)));
    }

    /// <summary>Key 00 to 0f, data 00, 01, …: the paper's own example and its neighbours, of the reference implementation.</summary>
    [Theory]
    [InlineData(0, 0x726fdb47dd0e0e31)]
    [InlineData(1, 0x74f839c593dc67fd)]
    [InlineData(8, 0x93f5f5799a932462)]
    [InlineData(15, 0xa129ca6149be45e5)]
    public void SipHash_gives_the_published_values(int length, ulong expected) =>
        Assert.Equal(expected, SipHash.Hash([.. Enumerable.Range(0, 16).Select(i => (byte)i)], [.. Enumerable.Range(0, length).Select(i => (byte)i)]));

    private sealed class Clock : TimeProvider
    {
        // Starts at a slot's beginning.
        public long Seconds { get; set; } = 120 * 1000;

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => Seconds;
    }
}
