using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using Pbts.Load;
using Pbts.Local;
using Pbts.Local.Processes;
using Pbts.Peer;

namespace Pbts.Bench;

/// <summary>
/// Announces a second, beside opentracker in the same run, both on one core: over HTTP (<c>announce</c>) or UDP (<c>udp</c>);
/// and of a front end and a silo on two cores beside a node that is both (<c>split</c>).
/// </summary>
internal sealed class AnnounceBenchmark : IAsyncDisposable
{
    /// <summary>Seconds of CPU that others may take before a run counts as disturbed.</summary>
    private const double Disturbance = 1.5;

    private const int Members = 100;
    private const int UdpSockets = 16;

    private static readonly string Lua = Path.Combine(Clone.Root, "bench", "announce.lua");

    private readonly Arguments _arguments;
    private readonly DirectoryInfo _folder = TemporaryTracker.CreateFolder();
    private readonly List<Run> _runs = [];
    private readonly string _cores;
    private TemporaryTracker _node = null!;
    private Process? _opentracker;

    private AnnounceBenchmark(Arguments arguments, string cores) => (_arguments, _cores) = (arguments, cores);

    private int Rounds => _arguments.Number("--runs", 3);

    private int Seconds => _arguments.Number("--seconds", 8);

    private int Connections => _arguments.Number("--connections", 64);

    private int Peers => _arguments.Number("--peers", 100);

    private string Hashes => Path.Combine(_folder.FullName, "hashes");

    private string Keys => Path.Combine(_folder.FullName, "keys");

    private string? OwnOpentracker => _arguments.Text("--opentracker", "") is { Length: > 0 } program ? program : null;

    public static async Task<int> HttpAsync(Arguments arguments)
    {
        await using var benchmark = new AnnounceBenchmark(arguments, "1");
        await benchmark.StartNodeAsync(processors: 1);
        var theirs = await benchmark.StartOpentrackerAsync();
        var node = Target.Of(benchmark._node, LocalTracker.FirstNode);
        Console.WriteLine("==> Warming up");
        benchmark.Wrk(node, 5);
        benchmark.Wrk(node, 5, keys: true);
        benchmark.Wrk(node, 3, close: true);
        benchmark.Wrk(theirs, 2, close: true);
        var keepAlive = benchmark.OwnOpentracker is not null;
        benchmark.RunRounds(() =>
        {
            benchmark.Measure("pbts", "passkey", node, () => benchmark.Wrk(node, benchmark.Seconds, keys: true));
            benchmark.Measure("pbts", "keep-alive", node, () => benchmark.Wrk(node, benchmark.Seconds));
            if (keepAlive)
                benchmark.Measure("opentracker", "keep-alive", theirs, () => benchmark.Wrk(theirs, benchmark.Seconds));
            benchmark.Measure("pbts", "close", node, () => benchmark.Wrk(node, benchmark.Seconds, close: true));
            benchmark.Measure("opentracker", "close", theirs, () => benchmark.Wrk(theirs, benchmark.Seconds, close: true));
        });
        benchmark.PrintTable();
        benchmark.PrintRatio("a new connection each", ("pbts", "close"), ("opentracker", "close"));
        if (keepAlive)
            benchmark.PrintRatio("keep-alive, passkey checked", ("pbts", "passkey"), ("opentracker", "keep-alive"));
        else
            Console.WriteLine("Debian's opentracker has no keep-alive; --opentracker takes one built with -DWANT_KEEPALIVE");
        return await benchmark.KeepAsync("announce");
    }

    /// <summary>
    /// The same announces on the same node before and after a site has said something of all its torrents, groups and members: with
    /// factors, history and credited totals. Memory a torrent is that of the 1,000 and more that are announced.
    /// </summary>
    public static async Task<int> SiteAsync(Arguments arguments)
    {
        await using var benchmark = new AnnounceBenchmark(arguments, "1");
        var (registered, members) = (arguments.Number("--registered", 100_000), arguments.Number("--members", 10_000));
        await benchmark.StartNodeAsync(processors: 1);
        var node = Target.Of(benchmark._node, LocalTracker.FirstNode);
        using var http = new HttpClient { BaseAddress = new Uri(benchmark._node.Url) };
        Console.WriteLine($"==> {members} members");
        var keys = Enumerable.Range(1, members).Select(member => Convert.ToHexStringLower(SHA1.HashData(Encoding.ASCII.GetBytes($"member {member}")))[..32]).ToArray();
        await PutAsync(http, "members", keys.Select((key, member) => (object)new { user_id = $"{member + 1}", passkey = key }));
        await File.WriteAllLinesAsync(benchmark.Keys, keys);
        Console.WriteLine("==> Warming up");
        benchmark.Wrk(node, 8, keys: true);
        benchmark.RunRounds(() => benchmark.Measure("without", "passkey", node, () => benchmark.Wrk(node, benchmark.Seconds, keys: true)));
        var before = Cores.ResidentMiB(node.Pids);
        Console.WriteLine($"==> {registered} torrents, 20 groups");
        await PutAsync(http, "groups", Enumerable.Range(1, 20).Select(group => (object)new { id = group, name = $"group {group}", upload_factor = 100 + group }));
        await PutAsync(http, "members", keys.Select((_, member) => (object)new { user_id = $"{member + 1}", group_id = 1 + member % 20 }));
        var watch = Stopwatch.StartNew();
        await PutAsync(http, "torrents", Enumerable.Range(1, registered).Select(torrent => (object)new
        {
            infohash = Convert.ToHexStringLower(SHA1.HashData(Encoding.ASCII.GetBytes($"{torrent}"))), id = torrent, download_factor = torrent % 3 * 50,
        }));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"    in {watch.Elapsed.TotalSeconds:F1} s"));
        benchmark.Wrk(node, 8, keys: true);
        benchmark.RunRounds(() => benchmark.Measure("with", "passkey", node, () => benchmark.Wrk(node, benchmark.Seconds, keys: true)));
        benchmark.PrintTable();
        benchmark.PrintRatio($"{registered} torrents and {members} members of a site", ("with", "passkey"), ("without", "passkey"));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"memory: {before} MiB before, {Cores.ResidentMiB(node.Pids)} MiB after"));
        return await benchmark.KeepAsync("announce-site");

        static async Task PutAsync(HttpClient http, string what, IEnumerable<object> things)
        {
            foreach (var page in things.Chunk(1000))
            {
                using var answer = await http.PutAsJsonAsync($"api/v1/{what}", new Dictionary<string, object> { [what] = page });
                if (!answer.IsSuccessStatusCode)
                    throw new LocalException($"PUT /api/v1/{what}: {await answer.Content.ReadAsStringAsync()}");
            }
        }
    }

    public static async Task<int> UdpAsync(Arguments arguments)
    {
        await using var benchmark = new AnnounceBenchmark(arguments, "1");
        await benchmark.StartNodeAsync(processors: 1);
        var theirs = await benchmark.StartOpentrackerAsync();
        var node = Target.Of(benchmark._node, LocalTracker.FirstNode);
        Console.WriteLine("==> Warming up");
        benchmark.Udp(node, 8, keys: true);
        benchmark.Udp(theirs, 2);
        benchmark.RunRounds(() =>
        {
            benchmark.Measure("pbts", "udp-passkey", node, () => benchmark.Udp(node, benchmark.Seconds, keys: true));
            benchmark.Measure("pbts", "udp", node, () => benchmark.Udp(node, benchmark.Seconds));
            benchmark.Measure("opentracker", "udp", theirs, () => benchmark.Udp(theirs, benchmark.Seconds));
        });
        benchmark.PrintTable();
        benchmark.PrintRatio("UDP, passkey checked", ("pbts", "udp-passkey"), ("opentracker", "udp"));
        return await benchmark.KeepAsync("udp");
    }

    public static async Task<int> SplitAsync(Arguments arguments)
    {
        await using var benchmark = new AnnounceBenchmark(arguments, "0,1");
        await benchmark.StartNodeAsync(processors: Environment.ProcessorCount);
        await using var split = await TemporaryTracker.StartAsync(silos: 1, apis: 1, processors: Environment.ProcessorCount);
        var (together, apart) = (Target.Of(benchmark._node, LocalTracker.FirstNode), Target.Of(split, "api-1", "silo-1"));
        foreach (var pid in (int[])[.. together.Pids, .. apart.Pids])
            Cores.Pin(pid, "0,1");
        Console.WriteLine("==> Warming up");
        benchmark.Wrk(together, 8);
        benchmark.Wrk(apart, 8);
        benchmark.RunRounds(() =>
        {
            benchmark.Measure("all-in-one", "keep-alive", together, () => benchmark.Wrk(together, benchmark.Seconds));
            benchmark.Measure("split", "keep-alive", apart, () => benchmark.Wrk(apart, benchmark.Seconds));
        });
        benchmark.PrintTable();
        benchmark.PrintRatio("two cores, which the load shares", ("split", "keep-alive"), ("all-in-one", "keep-alive"));
        return await benchmark.KeepAsync("split");
    }

    /// <summary>One load of the comparison over UDP: prints its line.</summary>
    public static int RunUdpLoad(Arguments arguments)
    {
        var keys = arguments.Text("--keys", "") is { Length: > 0 } file ? File.ReadAllLines(file) : [];
        using var load = new UdpLoad(arguments.Number("--port", 8000), arguments.Number("--sockets", 16), arguments.Number("--window", 4),
            UdpLoad.RenderAnnounces(File.ReadLines(arguments.Text("--hashes", "hashes")), arguments.Number("--peers", 100), arguments.Number("--numwant", 50), keys));
        Console.WriteLine(load.Run(TimeSpan.FromSeconds(arguments.Number("--seconds", 8))));
        return 0;
    }

    public async ValueTask DisposeAsync()
    {
        if (_opentracker is not null)
        {
            _opentracker.Kill();
            await _opentracker.WaitForExitAsync();
            _opentracker.Dispose();
        }

        if (_node is not null)
            await _node.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    /// <summary>A node on core 0 with members.</summary>
    private async Task StartNodeAsync(int processors)
    {
        Cores.NeedTwo();
        _node = await TemporaryTracker.StartAsync(processors: processors);
        await File.WriteAllLinesAsync(Hashes, Enumerable.Range(1, _arguments.Number("--torrents", 1000)).Select(torrent => Convert.ToHexStringLower(SHA1.HashData(Encoding.ASCII.GetBytes($"{torrent}")))));
        using var client = new TrackerClient(_node.Url);
        await File.WriteAllLinesAsync(Keys, (await LoadMember.RegisterManyAsync(client, Members, "bench")).Select(member => member.Passkey));
        Cores.Pin(_node.PidOf(LocalTracker.FirstNode), "0");
    }

    /// <summary>opentracker on core 0 too.</summary>
    private async Task<Target> StartOpentrackerAsync()
    {
        var program = OwnOpentracker ?? Installed.Program("opentracker");
        var port = Ports.Free();
        // One built without access lists knows no -w: it takes every torrent.
        foreach (var more in (string[][])[["-w", "/hashes"], []])
        {
            var opentracker = Process.Start(new ProcessStartInfo(program, ["-i", "127.0.0.1", "-p", $"{port}", "-P", $"{port}", "-d", _folder.FullName, "-u", "nobody", .. more])
            {
                RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = _folder.FullName,
            })!;
            opentracker.BeginOutputReadLine();
            opentracker.BeginErrorReadLine();
            await Task.Delay(1000);
            if (!opentracker.HasExited)
            {
                _opentracker = opentracker;
                Cores.Pin(opentracker.Id, "0");
                return new([opentracker.Id], port);
            }

            opentracker.Dispose();
        }

        throw new LocalException($"{program} did not start");
    }

    private string Wrk(Target target, int seconds, bool close = false, bool keys = false) => Load(
        ["taskset", "-c", _cores, Installed.Program("wrk"), "-t1", $"-c{Connections}", $"-d{seconds}s", "--timeout", "5s", "--latency", "-s", Lua, $"http://127.0.0.1:{target.Port}", "--",
            $"hashes={Hashes}", $"peers={Peers}", $"close={(close ? 1 : 0)}", .. keys ? (string[])[$"keys={Keys}"] : []]);

    private string Udp(Target target, int seconds, bool keys = false) => Load(
        ["taskset", "-c", _cores, "dotnet", typeof(AnnounceBenchmark).Assembly.Location, "udp-load", "--port", $"{target.Port}", "--seconds", $"{seconds}", "--hashes", Hashes, "--peers", $"{Peers}",
            "--sockets", $"{UdpSockets}", "--window", $"{(Connections + UdpSockets - 1) / UdpSockets}", .. keys ? (string[])["--keys", Keys] : []]);

    /// <summary>Runs a load and gives its line: RESULT requests requests/s p50-ms p99-ms errors.</summary>
    private static string Load(string[] command)
    {
        using var load = Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true })!;
        var output = load.StandardOutput.ReadToEnd();
        load.WaitForExit();
        return output.Split('\n').FirstOrDefault(line => line.StartsWith("RESULT", StringComparison.Ordinal)) ?? throw new LocalException($"nothing answered the load: {output}");
    }

    private void RunRounds(Action round)
    {
        for (var number = 1; number <= Rounds; number++)
        {
            Console.WriteLine($"==> Run {number} of {Rounds}");
            round();
        }
    }

    private void Measure(string tracker, string connections, Target target, Func<string> load)
    {
        var (theirs, ours, busy) = (Cores.Ticks(target.Pids), Cores.ChildTicks(), Cores.BusyTicks());
        var said = load().Split(' ').Skip(1).Select(field => double.Parse(field, CultureInfo.InvariantCulture)).ToArray();
        (theirs, ours, busy) = (Cores.Ticks(target.Pids) - theirs, Cores.ChildTicks() - ours, Cores.BusyTicks() - busy);
        var run = new Run(tracker, connections, said[1], said[2], said[3], (long)said[4], theirs / Cores.TicksPerSecond * 1e6 / said[0], Cores.ResidentMiB(target.Pids),
            Math.Max(0, (busy - theirs - ours) / Cores.TicksPerSecond));
        _runs.Add(run);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{tracker} {connections} {run.RequestsPerSecond:F0} {run.P50:F2} {run.P99:F2} {run.Errors} {run.CpuMicroseconds:F1} {run.ResidentMiB} {run.OthersSeconds:F1}"));
    }

    /// <summary>Medians, and a bar for the announces a second.</summary>
    private void PrintTable()
    {
        var rows = _runs.GroupBy(run => (run.Tracker, run.Connections)).Select(group => (group.Key, Runs: group.ToArray(), Rate: Median(group, run => run.RequestsPerSecond))).ToArray();
        var best = rows.Max(row => row.Rate);
        Console.WriteLine();
        Console.WriteLine($"{"tracker",-12} {"connections",-11} {"announces/s",12} {"p50 ms",9} {"p99 ms",9} {"errors",8} {"CPU us/req",12} {"RSS MiB",8} {"others s",10}");
        foreach (var ((tracker, connections), runs, rate) in rows)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{tracker,-12} {connections,-11} {rate,12:F0} {Median(runs, run => run.P50),9:F2} {Median(runs, run => run.P99),9:F2} {Median(runs, run => run.Errors),8:F0} {Median(runs, run => run.CpuMicroseconds),12:F1} {Median(runs, run => run.ResidentMiB),8:F0} {Median(runs, run => run.OthersSeconds),10:F1}  {new string('#', (int)(40 * rate / best))}"));
        }

        Console.WriteLine();
        if (_runs.Count(run => run.OthersSeconds > Disturbance) is > 0 and var disturbed)
            Console.WriteLine($"{disturbed} of {_runs.Count} runs were disturbed (others took more than {Disturbance} s of CPU): measure again on a quiet machine");
    }

    private void PrintRatio(string what, (string, string) ours, (string, string) theirs)
    {
        double Of((string Tracker, string Connections) of) => Median(_runs.Where(run => (run.Tracker, run.Connections) == of), run => run.RequestsPerSecond);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what}: {Of(ours) / Of(theirs):F2} (medians of {ours.Item1} {ours.Item2} / {theirs.Item1} {theirs.Item2})"));
    }

    private async Task<int> KeepAsync(string benchmark)
    {
        await Results.WriteAsync(_arguments, benchmark, new
        {
            runs = _runs.Select(run => new
            {
                tracker = run.Tracker, connections = run.Connections, requests_per_second = run.RequestsPerSecond, p50_ms = run.P50, p99_ms = run.P99, errors = run.Errors,
                cpu_us_per_request = run.CpuMicroseconds, rss_mib = run.ResidentMiB, disturbed = run.OthersSeconds,
            }),
        });
        return 0;
    }

    private static double Median(IEnumerable<Run> runs, Func<Run, double> of) => Samples.Median(runs.Select(of));

    /// <summary>What answers: its processes, and the port.</summary>
    private sealed record Target(IReadOnlyList<int> Pids, int Port)
    {
        public static Target Of(TemporaryTracker tracker, params string[] processes) => new([.. processes.Select(tracker.PidOf)], tracker.PortOf(processes[0]));
    }

    private sealed record Run(
        string Tracker, string Connections, double RequestsPerSecond, double P50, double P99, long Errors, double CpuMicroseconds, double ResidentMiB, double OthersSeconds);
}
