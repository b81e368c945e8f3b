using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Announce;

/// <summary>What clients do to a connection while answers are under way on it: ask much at once, leave, break off, or read nothing.</summary>
[Collection("node")]
public sealed partial class PipeliningTests(SharedNode shared)
{
    private const int MsgMore = 0x8000;
    private const int IpProtocolTcp = 6;
    private const int TcpMaxSegment = 2;

    private readonly Announcer _tracker = new(shared.Node);

    [Fact]
    public async Task A_thousand_announces_sent_at_once_are_all_answered_though_every_tenth_has_to_wait_for_its_swarm()
    {
        for (var round = 0; round < 5; round++)
        {
            var torrent = Announcer.NewTorrent();
            var requests = new StringBuilder();
            for (var i = 1; i <= 1000; i++)
                requests.Append(Request(torrent, i, i % 10 == 0 ? "&event=stopped" : "", last: i == 1000));
            Assert.Equal(1000, Answers(await RawHttp.ExchangeAsync(_tracker.IPv4, Encoding.Latin1.GetBytes(requests.ToString()))));
        }
    }

    [Fact]
    public async Task Clients_that_break_off_cost_those_that_connect_next_nothing()
    {
        var torrent = Announcer.NewTorrent();
        var until = Stopwatch.StartNew();
        var tallies = await Task.WhenAll(Enumerable.Range(1, 64).Select(client => Task.Run(async () =>
        {
            var (asked, answered) = (0, 0);
            for (var i = 0; until.Elapsed < TimeSpan.FromSeconds(4); i++)
            {
                using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                await socket.ConnectAsync(_tracker.IPv4);
                await socket.SendAsync(Encoding.Latin1.GetBytes(Request(torrent, client, i % 2 == 0 ? "&event=stopped" : "", last: true)));
                if ((i + client) % 10 < 3)
                {
                    await Task.Delay(i % 3);
                    socket.LingerState = new(true, 0);
                    continue;
                }

                asked++;
                var answer = new byte[4096];
                try
                {
                    if (await socket.ReceiveAsync(answer) > 0)
                        answered++;
                }
                catch (SocketException)
                {
                }
            }

            return (asked, answered);
        })));
        Assert.True(tallies.Sum(tally => tally.asked) > 1000);
        Assert.Equal(tallies.Sum(tally => tally.asked), tallies.Sum(tally => tally.answered));
    }

    [Fact]
    public async Task A_client_that_reads_none_of_its_answers_keeps_no_thread_busy()
    {
        var torrent = Announcer.NewTorrent();
        for (var peer = 1; peer <= 50; peer++)
            await _tracker.AnnounceAsync(torrent, peer, 1);
        var request = Encoding.Latin1.GetBytes(string.Concat(Enumerable.Repeat(Request(torrent, 1, "", last: false), 10_000)));
        var clients = Enumerable.Range(0, 6).Select(_ => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 }).ToList();
        foreach (var client in clients)
        {
            client.SetRawSocketOption(IpProtocolTcp, TcpMaxSegment, BitConverter.GetBytes(536));
            await client.ConnectAsync(_tracker.IPv4);
            client.Blocking = false;
            // Whatever is not taken stays here: the tracker reads no more from who does not read.
            for (int sent = 0, idle = 0; sent < request.Length && idle < 20; idle++)
            {
                if (client.Send(request.AsSpan(sent), SocketFlags.None, out var error) is > 0 and var count && error == SocketError.Success)
                    (sent, idle) = (sent + count, 0);
                else
                    await Task.Delay(10);
            }
        }

        var before = shared.Node.CpuSeconds;
        await Task.Delay(3000);
        Assert.InRange(shared.Node.CpuSeconds - before, 0, 1.5);
        clients.ForEach(client => client.Dispose());
    }

    [Fact]
    public async Task A_connection_whose_end_came_in_one_segment_with_its_last_request_is_closed_at_once()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(_tracker.IPv4);
        var torrent = Announcer.NewTorrent();
        await socket.SendAsync(Encoding.Latin1.GetBytes(Request(torrent, 1, "", last: false)));
        var buffer = new byte[4096];
        Assert.NotEqual(0, await socket.ReceiveAsync(buffer));
        var request = Encoding.Latin1.GetBytes(Request(torrent, 2, "", last: false));
        Assert.Equal(request.Length, Send((int)socket.Handle, request, request.Length, MsgMore));
        socket.Shutdown(SocketShutdown.Send);
        Assert.NotEqual(0, await socket.ReceiveAsync(buffer));
        Assert.Equal(0, await socket.ReceiveAsync(buffer).WaitAsync(TimeSpan.FromSeconds(10)));
    }

    private static string Request(byte[] torrent, int peer, string more, bool last) =>
        $"GET {Announcer.Target(torrent, peer, 0)}{more} HTTP/1.1\r\nHost: t\r\n{(last ? "Connection: close\r\n" : "")}\r\n";

    private static int Answers(byte[] response) => Encoding.Latin1.GetString(response).Split("HTTP/1.1 200 OK").Length - 1;

    [LibraryImport("libc", EntryPoint = "send")]
    private static partial nint Send(int socket, byte[] bytes, nint length, int flags);
}
