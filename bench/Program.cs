using Pbts.Bench;
using Pbts.Load;
using Pbts.Local;

// Each on a tracker of its own, which is gone afterwards. ./pbts bench builds and runs this.
const string Node = LocalTracker.FirstNode;
string[] announces = ["--runs", "--seconds", "--connections", "--torrents", "--peers", "--opentracker", "--json"];
string[] site = [.. announces, "--registered", "--members"];
try
{
    return args switch
    {
        ["announce", "--site", .. var rest] => await AnnounceBenchmark.SiteAsync(Arguments.Parse(rest, site)),
        ["announce", .. var rest] => await AnnounceBenchmark.HttpAsync(Arguments.Parse(rest, announces)),
        ["udp", .. var rest] => await AnnounceBenchmark.UdpAsync(Arguments.Parse(rest, announces)),
        ["split", .. var rest] => await AnnounceBenchmark.SplitAsync(Arguments.Parse(rest, announces)),
        // One load of the comparison over UDP, on a core of its own.
        ["udp-load", .. var rest] => AnnounceBenchmark.RunUdpLoad(Arguments.Parse(rest, "--port", "--seconds", "--hashes", "--peers", "--numwant", "--sockets", "--window", "--keys")),
        ["verify", .. var rest] => await VerifyBenchmark.RunAsync(Arguments.Parse(rest, "--receipts", "--seconds", "--json")),
        ["proofs", .. var rest] => await ProofsAsync(Arguments.Parse(rest, "--members", "--runs", "--json")),
        ["inner", .. var rest] => InnerLoops.Run(Arguments.Parse(rest, "--json")),
        ["report", .. var rest] => await ReportAsync(Arguments.Parse(rest, "--receipts", "--receivers", "--reports", "--parallel", "--rounds", "--json")),
        ["vouchers", .. var rest] => await VouchersAsync(Arguments.Parse(rest, "--vouchers", "--receivers", "--reports", "--parallel", "--rounds", "--sessions", "--json")),
        ["trust", .. var rest] => await TrustBenchmark.RunAsync(Arguments.Parse(rest, "--members", "--downloads", "--seed", "--svg", "--json")),
        ["transfer", .. var rest] => await TransferAsync(Arguments.Parse(rest, "--quick!", "--json")),
        ["gate", .. var rest] => await GateAsync(Arguments.Parse(rest, "--json")),
        ["memory", .. var rest] => await MemoryAsync(Arguments.Parse(rest, "--swarms", "--peers", "--json")),
        ["soak", .. var rest] => await SoakAsync(Arguments.Parse(rest, "--minutes", "--json")),
        ["overload", .. var rest] => await OverloadAsync(Arguments.Parse(rest, "--silos!", "--times", "--seconds", "--clients", "--json")),
        ["cluster", .. var rest] => await ClusterAsync(Arguments.Parse(rest, "--announces", "--torrents", "--json")),
        _ => throw new LocalException("say what to measure: ./pbts bench announce, udp, split, verify, report, vouchers, proofs, trust, inner, transfer, gate, memory, soak, overload, stranger or cluster"),
    };
}
catch (Exception e) when (e is LocalException or LoadException)
{
    await Console.Error.WriteLineAsync($"pbts: {e.Message}");
    return 1;
}

static async Task<int> ReportAsync(Arguments arguments)
{
    await using var tracker = await TemporaryTracker.StartAsync();
    return await ReportBenchmark.RunAsync(arguments.With("--url", tracker.Url));
}

static async Task<int> VouchersAsync(Arguments arguments)
{
    // The receivers come to owe more than members may at first.
    await using var tracker = await TemporaryTracker.StartAsync(settings: ("MIN_RATIO", "0"));
    return await VoucherBenchmark.RunAsync(arguments.With("--url", tracker.Url).With("--database", tracker.Database));
}

static async Task<int> ProofsAsync(Arguments arguments)
{
    // The tree first: nothing else is to run beside it.
    var tree = await ProofBenchmark.TreeAsync(arguments);
    await using var tracker = await TemporaryTracker.StartAsync(processors: 1, chain: true, settings: [("Chain__AnchorInterval", "00:00:00")]);
    return await ProofBenchmark.RunAsync(arguments.With("--url", tracker.Url).With("--database", tracker.Database).With("--pid", $"{tracker.PidOf(Node)}"), tree);
}

static async Task<int> TransferAsync(Arguments arguments)
{
    // The two peers owe each other more than members may at first.
    await using var tracker = await TemporaryTracker.StartAsync(settings: ("MIN_RATIO", "0"));
    return await TransferBenchmark.RunAsync(arguments.With("--url", tracker.Url).With("--cli", Path.Combine(AppContext.BaseDirectory, "Pbts.Cli.dll")));
}

static async Task<int> GateAsync(Arguments arguments)
{
    await using var tracker = await TemporaryTracker.StartAsync();
    return await GateBenchmark.RunAsync(arguments.With("--url", tracker.Url).With("--cli", Path.Combine(AppContext.BaseDirectory, "Pbts.Cli.dll")));
}

static async Task<int> MemoryAsync(Arguments arguments)
{
    // Peers are gone, and idle swarms put away, after one and a half intervals.
    await using var tracker = await TemporaryTracker.StartAsync(settings: [("Tracker__Interval", "120"), ("Tracker__MinInterval", "60"), ("Tracker__ShedAfter", "0")]);
    return await MemoryBenchmark.RunAsync(Watch(arguments, tracker, Node).With("--idle", "180"));
}

static async Task<int> SoakAsync(Arguments arguments)
{
    await using var tracker = await TemporaryTracker.StartAsync(processors: 1, settings: [("Tracker__Interval", "20"), ("Tracker__MinInterval", "10")]);
    Apart(tracker, Node);
    var code = await SoakBenchmark.RunAsync(Watch(arguments, tracker, Node));
    if (code == 0)
        return 0;
    // What the node has to say of it must not go with its folder.
    var kept = Path.Combine(Clone.Root, ".pbts", "soak-node.log");
    File.Copy(tracker.LogOf(Node), kept, overwrite: true);
    Console.WriteLine($"The node's log is kept in {kept}");
    return code;
}

static async Task<int> OverloadAsync(Arguments arguments)
{
    // A front end and a silo by themselves: the front end is asked directly, without the proxy.
    var split = arguments.Has("--silos");
    string[] names = split ? ["api-1", "silo-1"] : [Node];
    await using var tracker = split ? await TemporaryTracker.StartAsync(silos: 1, apis: 1, processors: 1) : await TemporaryTracker.StartAsync(processors: 1);
    Apart(tracker, names);
    return await OverloadBenchmark.RunAsync(Watch(arguments, tracker, names[0]));
}

static async Task<int> ClusterAsync(Arguments arguments)
{
    await using var tracker = await TemporaryTracker.StartAsync(silos: 3);
    string[] silos = ["silo-1", "silo-2", "silo-3"];
    // The same proxy once more, choosing at random.
    return await LocalityBenchmark.RunAsync(arguments.With("--hashing", $"{tracker.Port}").With("--random", $"{await tracker.StartRandomProxyAsync(silos)}")
        .With("--nodes", string.Join(',', silos.Select(tracker.MetricsOf))));
}

static Arguments Watch(Arguments arguments, TemporaryTracker tracker, string process) =>
    arguments.With("--port", $"{tracker.PortOf(process)}").With("--pid", $"{tracker.PidOf(process)}").With("--metrics", tracker.MetricsOf(process));

// The server on core 0 and the load, which is this program, on core 1.
static void Apart(TemporaryTracker tracker, params string[] processes)
{
    Cores.NeedTwo();
    foreach (var process in processes)
        Cores.Pin(tracker.PidOf(process), "0");
    Cores.Pin(Environment.ProcessId, "1");
}
