using System.Net;
using System.Net.Sockets;
using Pbts.Local.Processes;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Udp;

/// <summary>A tracker that listens at every address of its machine.</summary>
public sealed class UdpEverywhereTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    [Fact]
    public async Task Answers_come_from_the_address_that_was_asked()
    {
        var ports = Ports.Free(2);
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), ("PBTS_UDP_LISTEN", $"udp://0.0.0.0:{ports[0]};udp://[::]:{ports[1]}"));
        foreach (var asked in (string[])[$"127.0.0.1:{ports[0]}", $"127.0.0.5:{ports[0]}", $"127.0.0.5:{ports[1]}", $"[::1]:{ports[1]}"])
        {
            var tracker = IPEndPoint.Parse(asked);
            // Bound elsewhere, so that the kernel would answer from the first address by itself; connected, so that nothing else arrives.
            using var socket = new Socket(tracker.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            socket.Bind(new IPEndPoint(tracker.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Loopback : IPAddress.IPv6Loopback, 0));
            await socket.ConnectAsync(tracker);
            var answer = new byte[64];
            var transaction = UdpProbe.NextTransaction();
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(15));
            await socket.SendAsync(UdpProbe.ConnectPacket(transaction));
            Assert.Equal(16, await socket.ReceiveAsync(answer, patience.Token));
            var announce = UdpProbe.AnnouncePacket(System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(answer.AsSpan(8)), transaction, Announcer.NewTorrent(), 1, 0);
            await socket.SendAsync(announce);
            Assert.Equal(20, await socket.ReceiveAsync(answer, patience.Token));
        }
    }
}
