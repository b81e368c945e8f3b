using System.Runtime.InteropServices;
using Pbts.Local.Processes;

namespace Pbts.Local;

/// <summary>A tracker whose data and processes go when whoever measures it ends.</summary>
public sealed class TemporaryTracker : IAsyncDisposable
{
    /// <summary>A load generator is one address: what limits an address is off.</summary>
    private static readonly string[] Unlimited =
    [
        "Tracker__AnnounceRate", "Tracker__PeersPerAddress", "Tracker__NewSwarmRate", "Tracker__ConnectionsPerAddress", "Tracker__ScrapeRate",
        "Receipts__ReportRate", "Receipts__VerificationRate", "Limits__RequestRate", "Limits__PasskeyRate",
    ];

    private readonly LocalTracker _tracker;
    private readonly DirectoryInfo _folder;
    private bool _ended;

    private readonly PosixSignalRegistration[] _signals;

    private TemporaryTracker(LocalTracker tracker, DirectoryInfo folder)
    {
        (_tracker, _folder) = (tracker, folder);
        // Its processes are in sessions of their own: Ctrl-C does not reach them.
        _signals = [.. new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP }.Select(signal => PosixSignalRegistration.Create(signal, context =>
        {
            context.Cancel = true;
            DisposeAsync().AsTask().GetAwaiter().GetResult();
            Environment.Exit(UpCommand.Interrupted);
        }))];
    }

    public int Port => _tracker.Instance.Number("port");

    public string Url => $"http://127.0.0.1:{Port}";

    /// <summary>The chain's node.</summary>
    public string ChainUrl => $"http://127.0.0.1:{_tracker.Instance["chain_port"]}";

    public string Database => $"Host={_tracker.Instance["socket"]};Port=5432;Username=pbts;Database=pbts;Maximum Pool Size=40";

    /// <summary>Starts one.</summary>
    /// <param name="silos">Silos of their own, 0 for an all-in-one node.</param>
    /// <param name="apis">Front ends of their own.</param>
    /// <param name="processors">How many processors its processes count; null: those of the machine.</param>
    /// <param name="chain">Whether there is an Ethereum chain beside it.</param>
    /// <param name="settings">As in the environment.</param>
    public static async Task<TemporaryTracker> StartAsync(int silos = 0, int apis = 0, int? processors = null, bool chain = false, params (string Name, string Value)[] settings)
    {
        Console.WriteLine("==> Starting a tracker");
        foreach (var (name, value) in (IEnumerable<(string, string)>)[.. Unlimited.Select(limit => (limit, "0")), ("DOTNET_PROCESSOR_COUNT", $"{processors}"), .. settings])
            Environment.SetEnvironmentVariable(name, value.Length == 0 ? null : value);
        var folder = CreateFolder();
        var instance = new Instance(Path.Combine(folder.FullName, "data"));
        instance.Create();
        (instance["host"], instance["port"], instance["chain"]) = ("127.0.0.1", Ports.Text(Ports.Free()), chain ? "1" : "0");
        (instance["silos"], instance["apis"]) = (Ports.Text(silos), Ports.Text(apis));
        var tracker = new TemporaryTracker(new LocalTracker(instance, _ => { }), folder);
        try
        {
            await tracker._tracker.StartAsync();
            return tracker;
        }
        catch
        {
            await tracker.DisposeAsync();
            throw;
        }
    }

    /// <summary>A temporary folder that users who stand in for root, as PostgreSQL's, get through.</summary>
    public static DirectoryInfo CreateFolder()
    {
        var folder = Directory.CreateTempSubdirectory("pbts-");
        folder.UnixFileMode |= UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;
        return folder;
    }

    public int PidOf(string name) => _tracker.Instance.PidOf(name) ?? throw new LocalException($"{name} has ended; its log: {LogOf(name)}");

    public int PortOf(string name) => _tracker.Instance.Number($"port_{name}");

    public string MetricsOf(string name) => $"http://127.0.0.1:{_tracker.Instance[$"management_{name}"]}/metrics";

    public string LogOf(string name) => _tracker.Instance.LogOf(name);

    /// <summary>Starts one more proxy before front ends, which chooses at random, and gives its port.</summary>
    public async Task<int> StartRandomProxyAsync(IEnumerable<string> fronts)
    {
        var port = Ports.Free();
        var folder = Directory.CreateDirectory(Path.Combine(_tracker.Instance.Folder, "random")).FullName;
        var (program, javaScript) = Installed.Nginx();
        var configuration = NginxProxy.Write(folder, javaScript, [$"127.0.0.1:{port}"], fronts.Select(PortOf), "random;");
        _tracker.Launcher.Launch($"{NginxProxy.Name}-random", [program, "-p", folder, "-e", "stderr", "-c", configuration]);
        await Task.Delay(1000);
        return port;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var signal in _signals)
            signal.Dispose();
        if (Interlocked.Exchange(ref _ended, true))
            return;
        await _tracker.StopAsync(_tracker.Instance.Recorded);
        _folder.Delete(recursive: true);
    }
}
