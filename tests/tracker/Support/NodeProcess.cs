using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Pbts.Local.Processes;

namespace Pbts.Tracker.Tests.Support;

/// <summary>
/// One tracker process, the real program on free ports: an all-in-one node, a silo without the api, or a front
/// end. Its log is kept in memory for the message of a failing test.
/// </summary>
internal sealed class NodeProcess : IAsyncDisposable
{
    /// <summary>Among the settings of a process: it has the limits that are the default, for strangers as for tests.</summary>
    public static readonly (string Name, string Value) WithLimits = ("PBTS_TEST_LIMITS", "default");

    /// <summary>The setting of what a receipt for a torrent that is not registered is worth.</summary>
    public const string Unregistered = "Receipts__Unregistered";

    /// <summary>Among the settings of a process: addresses that it listens at beside its own.</summary>
    public const string AlsoListen = "PBTS_TEST_ALSO_LISTEN";

    /// <summary>Limits that would take all tests for one caller, and the wait that a machine busy with other tests makes for one too long.</summary>
    internal static readonly string[] UnlimitedInTests =
        [
        "Tracker__AnnounceRate", "Tracker__ShedAfter", "Tracker__PeersPerAddress", "Tracker__NewSwarmRate", "Tracker__ScrapeRate", "Tracker__ConnectionsPerAddress",
        "Receipts__ReportRate", "Receipts__VerificationRate", "Receipts__ForgeryBudget", "Limits__RequestRate", "Limits__PasskeyRate",
    ];

    private readonly Process _process;
    private readonly List<string> _log = [];

    private readonly Func<NodeProcess> _again;

    private NodeProcess(Process process, IPAddress address, int port, int managementPort, Func<NodeProcess> again)
    {
        _again = again;
        Management = new Uri($"http://127.0.0.1:{managementPort}");
        _process = process;
        Port = port;
        Url = new Uri($"http://{address}:{port}");
        Http = new HttpClient { BaseAddress = Url, Timeout = TimeSpan.FromSeconds(60) };
    }

    public int Port { get; }

    /// <summary>Base address over IPv4; the same port listens on <c>[::1]</c>.</summary>
    public Uri Url { get; }

    /// <summary>Base address of metrics and health for the operator.</summary>
    public Uri Management { get; }

    public HttpClient Http { get; }

    public int Pid => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>Processor time it has used, from fields 14 and 15 of its stat (proc(5)), in which a tick is 10 ms.</summary>
    public double CpuSeconds
    {
        get
        {
            var fields = File.ReadAllText($"/proc/{Pid}/stat").Split(") ")[1].Split(' ');
            return (long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture)) / 100.0;
        }
    }

    /// <summary>Memory it has in use.</summary>
    public long ResidentBytes => 1024 * long.Parse(
        File.ReadLines($"/proc/{Pid}/status").Single(line => line.StartsWith("VmRSS:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);

    /// <summary>The exit code of a process that has ended.</summary>
    public int ExitCode => _process.ExitCode;

    /// <summary>A client that calls from another loopback address: to the tracker another caller.</summary>
    public HttpClient CreateClient(string from)
    {
        var handler = new SocketsHttpHandler
        {
            MaxConnectionsPerServer = 1000,
            ConnectCallback = async (context, cancellation) =>
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                socket.Bind(new IPEndPoint(IPAddress.Parse(from), 0));
                await socket.ConnectAsync(IPAddress.Loopback, context.DnsEndPoint.Port, cancellation);
                return new NetworkStream(socket, ownsSocket: true);
            },
        };
        return new HttpClient(handler) { BaseAddress = Url, Timeout = TimeSpan.FromSeconds(60) };
    }

    /// <summary>Waits for the process to end by itself, and for the last of its log.</summary>
    public Task WaitForExitAsync() => _process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(90));

    public string Log
    {
        get
        {
            lock (_log)
                return string.Join('\n', _log);
        }
    }

    /// <summary>Starts a silo with the api mounted and waits until it is ready.</summary>
    public static Task<NodeProcess> StartNodeAsync(string database, params (string Name, string Value)[] environment) =>
        StartAsync("Pbts.Silo.dll", database, [("PBTS_ROLE", "node"), .. environment]);

    /// <summary>Starts a silo that serves health alone.</summary>
    public static Task<NodeProcess> StartSiloAsync(string database, params (string Name, string Value)[] environment) =>
        StartAsync("Pbts.Silo.dll", database, [("PBTS_ROLE", "silo"), .. environment]);

    /// <summary>Starts a front end, an Orleans client.</summary>
    public static Task<NodeProcess> StartApiAsync(string database, params (string Name, string Value)[] environment) =>
        StartAsync("Pbts.Api.dll", database, environment);

    /// <summary>Starts without waiting for readiness; for tests of what happens before it.</summary>
    public static NodeProcess Launch(string program, string database, params (string Name, string Value)[] environment) =>
        Launch(program, database, Ports.Free(3), [], IPAddress.Loopback, environment);

    /// <summary>Starts an all-in-one node through another program, which runs its arguments, and waits until it is ready.</summary>
    public static async Task<NodeProcess> StartThroughAsync(string[] through, string database, params (string Name, string Value)[] environment)
    {
        var node = Launch("Pbts.Silo.dll", database, Ports.Free(3), through, IPAddress.Loopback, environment);
        await node.WaitUntilReadyAsync();
        return node;
    }

    /// <summary>Starts an all-in-one node in a network namespace of its own, without waiting for readiness.</summary>
    /// <param name="address">Where clients reach it.</param>
    public static NodeProcess LaunchInNamespace(string name, IPAddress address, string database, params (string Name, string Value)[] environment) =>
        Launch("Pbts.Silo.dll", database, Ports.Free(3), [NetworkLab.Ip, "netns", "exec", name], address, environment);

    /// <summary>Starts the same program with the same settings on the same ports, without waiting for anything.</summary>
    public NodeProcess LaunchAgain() => _again();

    /// <summary>Starts the same program with the same settings on the same ports once this one has ended, and waits until it is ready.</summary>
    public async Task<NodeProcess> StartAgainAsync()
    {
        await DisposeAsync();
        var node = _again();
        await node.WaitUntilReadyAsync();
        return node;
    }

    private static NodeProcess Launch(string program, string database, int[] ports, string[] through, IPAddress address, (string Name, string Value)[] environment)
    {
        string[] command = [.. through, "dotnet", Path.Combine(AppContext.BaseDirectory, program)];
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetTempPath(),
        };
        start.Environment["PBTS_DATABASE"] = database;
        start.Environment["PBTS_LISTEN"] = IPAddress.IsLoopback(address) ? $"http://127.0.0.1:{ports[0]};http://[::1]:{ports[0]}" : $"http://{address}:{ports[0]}";
        start.Environment["PBTS_SILO_PORT"] = $"{ports[1]}";
        start.Environment["PBTS_MANAGEMENT_LISTEN"] = $"http://127.0.0.1:{ports[2]}";

        // All tests are one caller to the tracker; those of the limits set them, or take them as they are.
        if (!environment.Contains(WithLimits))
        {
            foreach (var limit in UnlimitedInTests)
                start.Environment[limit] = "0";
        }

        // Receipts of several sizes tell which of them were counted; what the default makes of a size has tests of its own.
        start.Environment[Unregistered] = "claimed";
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        if (start.Environment.TryGetValue(AlsoListen, out var more))
            start.Environment["PBTS_LISTEN"] += ";" + more;
        var node = new NodeProcess(
            Process.Start(start)!, address, ports[0], ports[2], () => Launch(program, database, ports, through, address, environment));
        node._process.OutputDataReceived += node.Keep;
        node._process.ErrorDataReceived += node.Keep;
        node._process.BeginOutputReadLine();
        node._process.BeginErrorReadLine();
        AppDomain.CurrentDomain.ProcessExit += (_, _) => node._process.Send(Signal.Kill);
        return node;
    }

    /// <summary>Stops cleanly (SIGTERM) and waits for the end.</summary>
    public async Task StopAsync()
    {
        _process.Send(Signal.Terminate);
        await _process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));
    }

    /// <summary>Kills the process (SIGKILL).</summary>
    public async Task KillAsync()
    {
        _process.Send(Signal.Kill);
        await _process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        Http.Dispose();
        _process.Dispose();
    }

    /// <summary>Waits until the process answers that it is ready.</summary>
    public async Task WaitUntilReadyAsync()
    {
        for (var waited = Stopwatch.StartNew(); ; await Task.Delay(100))
        {
            try
            {
                if ((await Http.GetAsync("/health/ready")).StatusCode == HttpStatusCode.OK)
                    return;
            }
            catch (HttpRequestException)
            {
            }

            if (_process.HasExited || waited.Elapsed > TimeSpan.FromSeconds(90))
                throw new InvalidOperationException($"The process did not become ready:\n{Log}");
        }
    }

    private static async Task<NodeProcess> StartAsync(string program, string database, (string, string)[] environment)
    {
        var node = Launch(program, database, environment);
        await node.WaitUntilReadyAsync();
        return node;
    }

    private void Keep(object sender, DataReceivedEventArgs line)
    {
        lock (_log)
        {
            if (_log.Count > 2000)
                _log.RemoveRange(0, 1000);
            _log.Add(line.Data ?? "");
        }
    }
}
