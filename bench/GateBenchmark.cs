using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Pbts.Local;
using Pbts.Local.Processes;
using Pbts.Peer;

namespace Pbts.Bench;

/// <summary>
/// What a gate carries: a client that does no more than ask and count, a peer that does no more than answer, and the gate
/// between them as a process on a core of its own. Every block is asked for, passed, noted and had, as in a real transfer.
/// </summary>
internal sealed class GateBenchmark : IDisposable
{
    private const int Block = 16384;
    private const int Frame = Block + 13;
    private const int BlocksInPiece = 16;

    /// <summary>Blocks on their way.</summary>
    private const int Window = 64;

    private readonly string _folder = Directory.CreateTempSubdirectory("pbts-gate").FullName;
    private readonly byte[] _infoHash = RandomNumberGenerator.GetBytes(20);
    private readonly TcpListener _client = new(IPAddress.Loopback, 0);
    private int _piece;
    private int _peerPort;

    /// <summary>Runs it all; the exit code is 1 when the relay is below what is promised.</summary>
    public static async Task<int> RunAsync(Arguments arguments)
    {
        using var bench = new GateBenchmark();
        using var gate = await bench.StartAsync(arguments.Text("--url", ""), arguments.Text("--cli", ""));
        try
        {
            Cores.Pin(gate.Id, "0");
            Cores.Pin(Environment.ProcessId, "1");
            Console.WriteLine($"{"connections",12} {"MB",6} {"MB/s",8} {"MB/s of a core",15}");
            var rates = new List<double>();
            foreach (var connections in new[] { 1, 1, 1, 10, 10, 10 })
                rates.Add(await bench.CarryAsync(gate.Id, connections, megabytes: 2000));
            var (direct, through) = (new List<double>(), new List<double>());
            for (var run = 0; run < 3; run++)
            {
                direct.Add(await bench.ThrottledAsync(throughGate: false));
                through.Add(await bench.ThrottledAsync(throughGate: true));
            }

            var (without, with) = (Samples.Median(direct), Samples.Median(through));
            var added = 100 * (with / without - 1);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"40 MB at 10 MB/s: {without:F3} s without a gate, {with:F3} s through it: {added:+0.00;-0.00} % (medians of 3)"));
            var before = Cores.ResidentMiB([gate.Id]);
            var during = await bench.FillAsync(gate.Id, connections: 200);
            Console.WriteLine($"memory: {before} MiB after all that, {during} MiB while 200 connections carry blocks: {(during - before) * 1024.0 / 200:F0} KiB a connection");
            await Results.WriteAsync(arguments, "gate", new { rates, without, with, added, before, during });
            var median = Samples.Median(rates);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"median {median:F0} MB/s of one core; promised are 100 MB/s, and less than 5 % at 10 MB/s"));
            return median >= 100 && added < 5 ? 0 : 1;
        }
        finally
        {
            gate.Send(Signal.Kill);
        }
    }

    public void Dispose()
    {
        _client.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task<Process> StartAsync(string url, string cli)
    {
        using var identity = MemberIdentity.Generate();
        var key = Path.Combine(_folder, "bench.key");
        if (!KeyFile.TryWrite(key, identity, out var error))
            throw new LocalException(error);
        using var tracker = new TrackerClient(url);
        var user = $"gate-{Guid.NewGuid():N}";
        var registered = await tracker.RegisterAsync(user, identity, CancellationToken.None);
        if (registered.Error is { } refused)
            throw new LocalException(refused);
        var start = new ProcessStartInfo("dotnet",
        [
            cli, "gate", "--user", user, "--key", key, "--listen", $"127.0.0.1:{Ports.Free()}", "--peer-listen", "127.0.0.1", "--state", Path.Combine(_folder, "state"),
            // All calls come from one address here, which has few places.
            "--max-peers", "1000", "--tracker", url,
        ])
        {
            RedirectStandardOutput = true,
        };
        var gate = Process.Start(start)!;
        string? announce = null;
        while (_peerPort == 0)
        {
            var line = await gate.StandardOutput.ReadLineAsync() ?? throw new LocalException("the gate did not start, see above");
            if (line.StartsWith("announce_url: ", StringComparison.Ordinal))
                announce = line["announce_url: ".Length..];
            else if (line.StartsWith("peer_port: ", StringComparison.Ordinal))
                _peerPort = int.Parse(line["peer_port: ".Length..], CultureInfo.InvariantCulture);
        }

        _client.Start(512);
        using var http = new HttpClient();
        var query = $"?info_hash={string.Concat(_infoHash.Select(b => $"%{b:x2}"))}&peer_id=-XX0000-0123456789ab&port={((IPEndPoint)_client.LocalEndpoint).Port}&uploaded=0&downloaded=0&left=1000000&event=started";
        await http.GetByteArrayAsync(new Uri(announce + query));
        return gate;
    }

    private async Task<double> CarryAsync(int gate, int connections, int megabytes)
    {
        var pairs = new List<Pair>();
        for (var i = 0; i < connections; i++)
            pairs.Add(await ConnectAsync(throughGate: true));
        var blocks = megabytes * 1_000_000L / Block / connections;
        var (ticks, clock) = (Cores.Ticks([gate]), Stopwatch.StartNew());
        await Task.WhenAll(pairs.Select(pair => TransferAsync(pair, blocks, rate: 0)));
        var (seconds, used) = (clock.Elapsed.TotalSeconds, (Cores.Ticks([gate]) - ticks) / Cores.TicksPerSecond);
        pairs.ForEach(pair => pair.Dispose());
        var carried = blocks * connections * Block / 1e6;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{connections,12} {carried,6:F0} {carried / seconds,8:F0} {carried / used,15:F0}"));
        return carried / used;
    }

    private async Task<double> ThrottledAsync(bool throughGate)
    {
        using var pair = await ConnectAsync(throughGate);
        var clock = Stopwatch.StartNew();
        await TransferAsync(pair, 40_000_000 / Block, rate: 10_000_000);
        return clock.Elapsed.TotalSeconds;
    }

    /// <summary>Memory of the gate in MiB while so many connections carry blocks.</summary>
    private async Task<long> FillAsync(int gate, int connections)
    {
        var pairs = new List<Pair>();
        for (var i = 0; i < connections; i++)
            pairs.Add(await ConnectAsync(throughGate: true));
        var transfers = pairs.Select(pair => TransferAsync(pair, blocks: 600, rate: 1_000_000)).ToArray();
        var most = 0L;
        while (!Task.WhenAll(transfers).IsCompleted)
        {
            most = Math.Max(most, Cores.ResidentMiB([gate]));
            await Task.WhenAny(Task.WhenAll(transfers), Task.Delay(200));
        }

        await Task.WhenAll(transfers);
        pairs.ForEach(pair => pair.Dispose());
        return most;
    }

    /// <summary>A client and a peer that have shaken hands.</summary>
    private async Task<Pair> ConnectAsync(bool throughGate)
    {
        // Of its own address: one has few places at a gate.
        var peer = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        peer.Bind(new IPEndPoint(new IPAddress([127, 99, (byte)RandomNumberGenerator.GetInt32(1, 255), (byte)RandomNumberGenerator.GetInt32(1, 255)]), 0));
        await peer.ConnectAsync(new IPEndPoint(IPAddress.Loopback, throughGate ? _peerPort : ((IPEndPoint)_client.LocalEndpoint).Port));
        byte[] hello = [19, .. "BitTorrent protocol"u8, 0, 0, 0, 0, 0, 0x10, 0, 0, .. _infoHash, .. "-XX0000-"u8, .. RandomNumberGenerator.GetBytes(12)];
        await peer.SendAsync(hello);
        var client = await _client.AcceptSocketAsync();
        client.NoDelay = true;
        await ReadAsync(client, new byte[hello.Length]);
        await client.SendAsync(hello);
        await ReadAsync(peer, new byte[hello.Length]);
        return new Pair(client, peer);
    }

    private async Task TransferAsync(Pair pair, long blocks, int rate) => await Task.WhenAll(AnswerAsync(pair.Peer, blocks, rate), FetchAsync(pair.Client, blocks));

    /// <summary>Asks for blocks, and has every piece that is whole.</summary>
    private async Task FetchAsync(Socket socket, long blocks)
    {
        var (buffer, received, asked, had) = (new byte[256 << 10], 0L, 0L, 0L);
        var pieces = new List<int>();
        var messages = new List<byte>();
        while (received < blocks * Frame)
        {
            messages.Clear();
            for (; asked < blocks && asked < received / Frame + Window; asked++)
            {
                if (asked % BlocksInPiece == 0)
                    pieces.Add(Interlocked.Increment(ref _piece) & 0xFFFFF);
                messages.AddRange(Numbers(6, pieces[^1], (int)(asked % BlocksInPiece) * Block, Block));
            }

            for (; had < received / Frame / BlocksInPiece; had++)
                messages.AddRange(Numbers(4, pieces[(int)had]));
            if (messages.Count > 0)
                await socket.SendAsync(messages.ToArray());
            received += await socket.ReceiveAsync(buffer) is > 0 and var count ? count : throw new LocalException("the gate ended a connection");
        }
    }

    /// <summary>Gives every block that is asked for; other messages have other lengths.</summary>
    private static async Task AnswerAsync(Socket socket, long blocks, int rate)
    {
        var (frame, buffer, kept, sent, clock) = (new byte[Frame], new byte[64 << 10], 0, 0L, Stopwatch.StartNew());
        BinaryPrimitives.WriteInt32BigEndian(frame, Frame - 4);
        frame[4] = 7;
        while (sent < blocks)
        {
            kept += await socket.ReceiveAsync(buffer.AsMemory(kept)) is > 0 and var count ? count : throw new LocalException("the gate ended a connection");
            var at = 0;
            while (kept - at >= 4 && kept - at >= 4 + BinaryPrimitives.ReadInt32BigEndian(buffer.AsSpan(at)))
            {
                if (buffer[at + 4] == 6)
                {
                    buffer.AsSpan(at + 5, 8).CopyTo(frame.AsSpan(5));
                    for (var offset = 0; offset < Frame;)
                        offset += await socket.SendAsync(frame.AsMemory(offset));
                    sent++;
                    if (rate > 0 && sent * (double)Block / rate - clock.Elapsed.TotalSeconds is > 0 and var early)
                        await Task.Delay(TimeSpan.FromSeconds(early));
                }

                at += 4 + BinaryPrimitives.ReadInt32BigEndian(buffer.AsSpan(at));
            }

            buffer.AsSpan(at, kept - at).CopyTo(buffer);
            kept -= at;
        }
    }

    private static byte[] Numbers(byte id, params ReadOnlySpan<int> numbers)
    {
        var message = new byte[5 + (numbers.Length * 4)];
        BinaryPrimitives.WriteInt32BigEndian(message, message.Length - 4);
        message[4] = id;
        for (var i = 0; i < numbers.Length; i++)
            BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(5 + (i * 4)), numbers[i]);
        return message;
    }

    private static async Task ReadAsync(Socket socket, byte[] bytes)
    {
        for (var received = 0; received < bytes.Length;)
            received += await socket.ReceiveAsync(bytes.AsMemory(received)) is > 0 and var count ? count : throw new LocalException("the gate refused a connection");
    }

    private sealed record Pair(Socket Client, Socket Peer) : IDisposable
    {
        public void Dispose()
        {
            Client.Dispose();
            Peer.Dispose();
        }
    }
}
