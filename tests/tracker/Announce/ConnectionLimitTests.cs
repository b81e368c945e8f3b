using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Announce;

/// <summary>Clients that hold connections without using them, and descriptors that run out.</summary>
public sealed class ConnectionLimitTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    private static readonly IPAddress Stranger = IPAddress.Parse("127.0.0.2");

    [Fact]
    public async Task Where_there_is_no_room_who_has_been_silent_longest_makes_it()
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), ("Tracker__MaxConnections", "4"));
        using var held = await IdleAsync(node, Stranger, 4);
        var tracker = new Announcer(node);
        for (var peer = 1; peer <= 6; peer++)
            Assert.Null((await tracker.AnnounceAsync(Announcer.NewTorrent(), peer, 1)).Failure);
        await held.AnyEndsAsync(TimeSpan.FromSeconds(15));
        Assert.InRange((await Metrics.ReadAsync(node)).Value("pbts_connections_closed_total", "reason=\"displaced\""), 1, 12);
    }

    [Fact]
    public async Task Who_asks_gets_in_however_fast_others_came_before()
    {
        const int most = 4;
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), ("Tracker__MaxConnections", $"{most}"));
        var (tracker, torrent) = (new Announcer(node), Announcer.NewTorrent());
        for (var round = 1; round <= 300; round++)
        {
            // All of them wait to be taken before the first is: some are on their way from thread to thread when there is no room.
            using var held = new Held();
            for (var i = 0; i < 2 * most; i++)
            {
                held.Sockets.Add(new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
                held.Sockets[i].Bind(new IPEndPoint(Stranger, 0));
                held.Sockets[i].Connect(IPAddress.Loopback, node.Port);
            }

            Assert.Null((await tracker.AnnounceAsync(torrent, 1, 1)).Failure);
        }

        var metrics = await Metrics.ReadAsync(node);
        Assert.Equal(0, metrics.Value("pbts_connections_closed_total", "reason=\"full\""));
    }

    [Fact]
    public async Task Of_all_threads_connections_the_one_makes_room_that_has_been_silent_longest()
    {
        const int most = 8;
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), ("Tracker__MaxConnections", $"{most}"));
        using var held = await IdleAsync(node, Stranger, most, TimeSpan.FromMilliseconds(150));
        using var others = new Held();
        string Which(Held connections) => string.Join(' ', Ended(connections).Index().Where(connection => connection.Item).Select(connection => connection.Index));
        bool[] Ended(Held connections) => [.. connections.Sockets.Select(socket => socket.Poll(0, SelectMode.SelectRead))];
        // The tests' own questions keep a connection too, so some have made room already.
        await Task.Delay(500);
        for (var ended = Ended(held).Count(true.Equals) + 1; ended <= most; ended++)
        {
            others.Sockets.AddRange((await IdleAsync(node, Stranger, 1)).Sockets);
            for (var waited = Stopwatch.StartNew(); Ended(held).Count(true.Equals) < ended && waited.Elapsed < TimeSpan.FromSeconds(3);)
                await Task.Delay(100);
            Assert.Equal((string.Join(' ', Enumerable.Range(0, ended)), ""), (Which(held), Which(others)));
        }
    }

    [Fact]
    public async Task A_connection_has_so_many_seconds_for_its_request_however_it_drips_and_so_many_between_two()
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), ("Tracker__RequestSeconds", "2"), ("Tracker__ConnectionIdleSeconds", "6"));
        using var silent = await IdleAsync(node, Stranger, 1);
        using var dripping = await IdleAsync(node, Stranger, 1);
        using var kept = await IdleAsync(node, Stranger, 1);
        await kept.Sockets[0].SendAsync(System.Text.Encoding.ASCII.GetBytes($"GET {Announcer.Target(Announcer.NewTorrent(), 1, 0)} HTTP/1.1\r\nHost: t\r\n\r\n"));
        Assert.NotEqual(0, await kept.Sockets[0].ReceiveAsync(new byte[4096]));
        var started = Stopwatch.StartNew();
        var drip = Task.Run(async () =>
        {
            try
            {
                for (; ; await Task.Delay(300))
                    await dripping.Sockets[0].SendAsync("G"u8.ToArray());
            }
            catch (SocketException)
            {
            }
        });
        await silent.EndAsync(0, TimeSpan.FromSeconds(10));
        await dripping.EndAsync(0, TimeSpan.FromSeconds(10));
        Assert.InRange(started.Elapsed.TotalSeconds, 1.5, 6);
        await kept.EndAsync(0, TimeSpan.FromSeconds(20));
        Assert.InRange(started.Elapsed.TotalSeconds, 5.5, 20);
        await drip;
        var metrics = await Metrics.ReadAsync(node);
        Assert.Equal(2, metrics.Value("pbts_connections_closed_total", "reason=\"silent\""));
        Assert.Equal(1, metrics.Value("pbts_connections_closed_total", "reason=\"idle\""));
    }

    [Fact]
    public async Task An_address_has_its_share_of_connections_of_announces_and_json_together_and_a_trusted_proxy_has_none_but_the_whole()
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(),
            ("Tracker__ConnectionsPerAddress", "5"), ("Tracker__TrustedProxies__0", "127.0.0.3"));
        using var held = await IdleAsync(node, Stranger, 3);
        using var json = await IdleAsync(node, Stranger, 2);
        foreach (var socket in json.Sockets)
        {
            await socket.SendAsync("GET /health/live HTTP/1.1\r\nHost: t\r\n\r\n"u8.ToArray());
            Assert.NotEqual(0, await socket.ReceiveAsync(new byte[4096]));
        }

        using var sixth = await IdleAsync(node, Stranger, 1);
        await sixth.EndAsync(0, TimeSpan.FromSeconds(5));
        using var proxy = await IdleAsync(node, IPAddress.Parse("127.0.0.3"), 20);
        Assert.Null((await new Announcer(node).AnnounceAsync(Announcer.NewTorrent(), 1, 1)).Failure);

        // What is closed is given back.
        json.Dispose();
        await Wait.UntilAsync(async () => (await Metrics.ReadAsync(node)).Value("pbts_connections") <= 23);
        Assert.Null((await new Announcer(node).AnnounceAsync(Announcer.NewTorrent(), 1, 1, from: Stranger)).Failure);
    }

    [Fact]
    public async Task A_process_whose_descriptors_run_out_stays_alive_and_calm_and_starts_new_swarms()
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync());
        var tracker = new Announcer(node);
        var known = Announcer.NewTorrent();
        await tracker.AnnounceAsync(known, 1, 1);
        var open = Directory.GetFileSystemEntries($"/proc/{node.Pid}/fd").Length;
        using (var prlimit = Process.Start("prlimit", ["--pid", $"{node.Pid}", $"--nofile={open + 40}"]))
            await prlimit.WaitForExitAsync();
        using (var held = await IdleAsync(node, Stranger, 120))
        {
            var before = node.CpuSeconds;
            await Task.Delay(TimeSpan.FromSeconds(5));
            Assert.InRange(node.CpuSeconds - before, 0, 2);
            // While they are there, others get in all the same.
            for (var peer = 2; peer <= 6; peer++)
                Assert.Null((await tracker.AnnounceAsync(known, peer, 1)).Failure);
        }

        Assert.False(node.HasExited);
        for (var peer = 1; peer <= 5; peer++)
        {
            var reply = await tracker.AnnounceAsync(Announcer.NewTorrent(), peer, 1);
            Assert.Null(reply.Failure);
            Assert.Null(reply.Warning);
            Assert.Equal(1, reply.Incomplete);
        }

        Assert.Equal(HttpStatusCode.OK, (await node.Http.GetAsync("/health/ready")).StatusCode);
        Assert.Contains("Connections: at most", node.Log, StringComparison.Ordinal);
    }

    private static async Task<Held> IdleAsync(NodeProcess node, IPAddress from, int count, TimeSpan between = default)
    {
        var held = new Held();
        for (var i = 0; i < count; i++)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(from, 0));
            held.Sockets.Add(socket);
            await socket.ConnectAsync(IPAddress.Loopback, node.Port);
            await Task.Delay(between);
        }

        return held;
    }

    private sealed class Held : IDisposable
    {
        public List<Socket> Sockets { get; } = [];

        /// <summary>Waits until the tracker has closed one of them.</summary>
        public async Task EndAsync(int which, TimeSpan patience)
        {
            try
            {
                while (await Sockets[which].ReceiveAsync(new byte[4096]).WaitAsync(patience) > 0)
                {
                }
            }
            catch (SocketException)
            {
            }
        }

        /// <summary>Waits until the tracker has closed one of them, whichever.</summary>
        public Task AnyEndsAsync(TimeSpan patience) => Task.WhenAny(Enumerable.Range(0, Sockets.Count).Select(which => EndAsync(which, patience)));

        public void Dispose() => Sockets.ForEach(socket => socket.Dispose());
    }
}
