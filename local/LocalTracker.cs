using System.Diagnostics;
using System.Net;
using System.Security.Cryptography;
using Pbts.Local.Postgres;
using Pbts.Local.Processes;

namespace Pbts.Local;

/// <summary>
/// A tracker on this machine: PostgreSQL, the chain, the tracker's processes and the proxy before them. Starts what does not
/// run, in the order in which each needs the other, and stops it from the outside in.
/// </summary>
public sealed class LocalTracker
{
    public const string FirstNode = "node-1";

    private const string AllowLocal = "Administration__AllowLocal";

    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(120);

    /// <summary>Longer than the 30 s in which a process hands over what it has.</summary>
    internal static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(40);

    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromSeconds(5) };

    private readonly Action<string> _say;
    private readonly LocalPostgres _postgres;
    private readonly LocalChain _chain;
    private readonly NginxProxy _proxy;
    private readonly Dictionary<string, string> _environment = [];

    public LocalTracker(Instance instance, Action<string> say)
    {
        (Instance, _say) = (instance, say);
        Launcher = new(instance, say);
        _postgres = new(instance, Launcher, say);
        _chain = new(instance, Launcher, say);
        _proxy = new(instance, Launcher, say);
    }

    public Instance Instance { get; }

    public Launcher Launcher { get; }

    /// <summary>Whether something that was started here still runs.</summary>
    public bool IsAnyAlive => Instance.Recorded.Any(name => Instance.PidOf(name) is not null);

    /// <summary>Where clients on this machine find it.</summary>
    public string Url => $"http://{ListenUrls.Endpoints(ListenUrls.Reach(PlainHost), Instance.Number("port"))[0]}";

    /// <summary>The port where clients elsewhere find it by HTTPS; 0: nowhere.</summary>
    public int Https => Instance.Number("https");

    /// <summary>The database's connection string, for people; null when there is none.</summary>
    public string? DatabaseText => Instance["external_database"] == "1" ? "the one PBTS_DATABASE named"
        : Instance.PidOf(LocalPostgres.Name) is null ? null : $"Host={Instance["socket"]};Port=5432;Username=pbts;Database=pbts";

    /// <summary>
    /// Whether what ends without having been stopped is started again, the database and the proxy too: where there are several
    /// processes. Orleans ends a silo that the others have declared dead, for example because its network was away: started
    /// again, it is a member again.
    /// </summary>
    public bool IsKeptRunning => Instance.Number("silos") + Instance.Number("apis") > 0;

    /// <summary>With HTTPS the host's addresses are for it: passkeys do not leave the machine in plain text.</summary>
    private string PlainHost => Https > 0 ? "127.0.0.1" : Instance["host"] ?? "";

    /// <summary>What this instance was started with from outside has to be given again: it is not kept.</summary>
    /// <exception cref="LocalException">It was not.</exception>
    public void NeedSameBacking()
    {
        if (Instance["external_database"] == "1" && Given("PBTS_DATABASE") is null)
            throw new LocalException("this instance uses a database of its own choice: set PBTS_DATABASE as for ./pbts up");
        if (Instance["external_chain"] == "1" && Given("RPC") is null)
            throw new LocalException("this instance uses a chain of its own choice: set RPC as for ./pbts up");
        if (Https > 0 && Given("PBTS_CERTIFICATE") is null)
            throw new LocalException("this instance serves HTTPS: set PBTS_CERTIFICATE (and PBTS_CERTIFICATE_KEY) as for ./pbts up");
    }

    /// <summary>Has the proxy take up a certificate that was renewed; processes without one look for themselves.</summary>
    public void RenewCertificate()
    {
        if (Https > 0 && IsKeptRunning)
            _proxy.Renew(Given("PBTS_CERTIFICATE")!);
    }

    /// <summary>Starts what does not run, by the settings of the instance, and waits until all is ready.</summary>
    /// <param name="clone">Whose programs; null: those that each process had, and this clone's for new ones.</param>
    public async Task StartAsync(string? clone = null)
    {
        if (Https > 0 && Given("PBTS_CERTIFICATE") is null)
            throw new LocalException("--https needs PBTS_CERTIFICATE, and PBTS_CERTIFICATE_KEY where the key is in a file of its own");
        await StartBackingAsync();
        await StartHostsAsync(clone);
    }

    /// <summary>What has to be there before one of the tracker's processes is started by itself.</summary>
    internal async Task PrepareAsync()
    {
        NeedSameBacking();
        await StartBackingAsync();
        Administer();
    }

    /// <summary>Stops processes from the outside in, so that nobody loses what it still needs.</summary>
    public async Task StopAsync(IReadOnlyCollection<string> names)
    {
        _say($"==> Stopping: {string.Join(' ', names)}");
        await Launcher.StopAsync([.. names.Where(name => name.StartsWith(NginxProxy.Name, StringComparison.Ordinal))], Signal.Terminate, TimeSpan.FromSeconds(10));
        await Launcher.StopAsync([.. names.Where(IsApi)], Signal.Terminate, StopPatience);
        await Launcher.StopAsync([.. names.Where(name => IsSilo(name) || name.StartsWith("node-", StringComparison.Ordinal))], Signal.Terminate, StopPatience);
        await Launcher.StopAsync([.. names.Where(name => name == LocalChain.Name)], Signal.Terminate, TimeSpan.FromSeconds(15));
        await Launcher.StopAsync([.. names.Where(name => name == LocalPostgres.Name)], Signal.Interrupt, TimeSpan.FromSeconds(30));
    }

    /// <summary>How a process is.</summary>
    public async Task<ProcessState> StateAsync(string name)
    {
        if (Instance.PidOf(name) is null)
            return ProcessState.Stopped;
        var ready = name switch
        {
            LocalPostgres.Name => await _postgres.IsReadyAsync(),
            LocalChain.Name => await _chain.IsReadyAsync(),
            _ => await IsHttpReadyAsync(name),
        };
        return ready ? ProcessState.Ready : ProcessState.Starting;
    }

    /// <summary>Where a process is asked; only the first node and the proxy listen at <c>--host</c>, the rest on loopback.</summary>
    public string UrlOf(string name)
    {
        var host = name is FirstNode or NginxProxy.Name ? ListenUrls.Reach(PlainHost) : "127.0.0.1";
        return $"http://{ListenUrls.Endpoints(host, Instance.Number($"port_{name}"))[0]}";
    }

    /// <exception cref="LocalException">It ended, or took too long.</exception>
    public async Task WaitReadyAsync(string name, TimeSpan patience)
    {
        for (var waited = Stopwatch.StartNew(); waited.Elapsed < patience; await Task.Delay(200))
        {
            switch (await StateAsync(name))
            {
                case ProcessState.Ready:
                    return;
                case ProcessState.Stopped:
                    await ShowLogAsync(name);
                    throw new LocalException($"{name} ended while it was starting; its log: {Instance.LogOf(name)}");
            }
        }

        await ShowLogAsync(name);
        throw new LocalException($"{name} was not ready after {patience.TotalSeconds:0} s; its log: {Instance.LogOf(name)}");
    }

    internal static bool IsSilo(string name) => name.StartsWith("silo-", StringComparison.Ordinal);

    internal static bool IsApi(string name) => name.StartsWith("api-", StringComparison.Ordinal);

    /// <summary>A variable that the user has set.</summary>
    private static string? Given(string variable) => Environment.GetEnvironmentVariable(variable) is { Length: > 0 } value ? value : null;

    /// <summary>The database and the chain, and what the tracker's processes need to know of them.</summary>
    private async Task StartBackingAsync()
    {
        if (Given("PBTS_DATABASE") is { } database)
        {
            _say("    PBTS_DATABASE is set: no PostgreSQL of its own");
            Instance["external_database"] = "1";
            _environment["PBTS_DATABASE"] = database;
        }
        else
        {
            Instance["external_database"] = "0";
            await _postgres.StartAsync(WaitReadyAsync);
            _environment["PBTS_DATABASE"] = _postgres.Database;
        }

        Instance["external_chain"] = "0";
        if (Given("RPC") is { } rpc)
        {
            _say("    RPC is set: no chain of its own");
            (Instance["external_chain"], Instance["rpc"]) = ("1", rpc);
        }
        else if (Instance["chain"] == "1")
        {
            foreach (var (name, value) in await _chain.StartAsync(WaitReadyAsync))
                _environment[name] = value;
        }
        else
        {
            Instance["rpc"] = "";
        }
    }

    private async Task StartHostsAsync(string? clone)
    {
        var port = Instance.Number("port");
        var (silos, apis) = (Instance.Number("silos"), Instance.Number("apis"));
        Administer();
        if (silos + apis == 0)
        {
            StartHost(FirstNode, port, clone);
            await WaitReadyAsync(FirstNode, StartPatience);
            return;
        }

        string[] names = [.. Enumerable.Range(1, Math.Max(1, silos)).Select(number => $"silo-{number}")];
        string[] fronts = [.. Enumerable.Range(1, apis).Select(number => $"api-{number}")];
        // The first creates the tables and the cluster; the others join it together.
        foreach (var group in new[] { names[..1], names[1..], fronts })
        {
            foreach (var name in group)
                StartHost(name, Instance.PidOf(name) is null ? Ports.Free() : Instance.Number($"port_{name}"), clone);
            foreach (var name in group)
                await WaitReadyAsync(name, StartPatience);
        }

        Instance[$"port_{NginxProxy.Name}"] = Ports.Text(port);
        var tls = Https > 0 ? new ProxyTls(ListenUrls.Endpoints(Instance["host"]!, Https), Given("PBTS_CERTIFICATE")!, Given("PBTS_CERTIFICATE_KEY") ?? Given("PBTS_CERTIFICATE")!) : null;
        _proxy.Start(ListenUrls.Endpoints(PlainHost, port), (apis > 0 ? fronts : names).Select(name => Instance.Number($"port_{name}")), tls);
        await WaitReadyAsync(NginxProxy.Name, TimeSpan.FromSeconds(30));
    }

    /// <summary>
    /// Who administers. Without a proxy, programs of this user on this machine, unless the operator has a token of its own;
    /// behind one every request comes from a process of ours on loopback, so its forwarding header is trusted, and the token
    /// is needed, since whose process it is no longer says who asks.
    /// </summary>
    private void Administer()
    {
        if (IsKeptRunning)
        {
            (_environment["Tracker__TrustedProxies__0"], _environment["Tracker__TrustedProxies__1"]) = ("127.0.0.1", "::1");
            _environment[AllowLocal] = "false";
        }

        if (Given("PBTS_ADMIN_TOKEN") is not null)
            return;
        if (!File.Exists(Instance.TokenFile) || new FileInfo(Instance.TokenFile).Length == 0)
        {
            using var file = new StreamWriter(Instance.TokenFile, new FileStreamOptions
            {
                Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            });
            file.Write(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32)));
        }

        _environment["PBTS_ADMIN_TOKEN"] = File.ReadAllText(Instance.TokenFile);
        if (!IsKeptRunning && Given(AllowLocal) is null)
            _environment[AllowLocal] = "true";
    }

    /// <summary>The clone whose programs a process runs; null for what is not the tracker's own, or not known.</summary>
    public string? CloneOf(string name) => Instance[$"clone_{name}"];

    /// <summary>Starts one of the tracker's processes, unless it runs.</summary>
    /// <param name="clone">Whose programs; null: those it had before.</param>
    internal void StartHost(string name, int port, string? clone)
    {
        if (Instance.PidOf(name) is not null)
            return;
        var first = name == FirstNode;
        var role = IsApi(name) ? "api" : first || Instance.Number("apis") == 0 ? "node" : "silo";
        // On record for whoever starts it again.
        Instance[$"clone_{name}"] = clone ?? CloneOf(name) ?? Clone.Root;
        var program = Clone.Program(role == "api" ? "api" : "silo", CloneOf(name));
        Instance[$"port_{name}"] = Ports.Text(port);
        var listen = !first ? $"http://127.0.0.1:{Ports.Text(port)}"
            : ListenUrls.Of("http", PlainHost, port) + (Https > 0 ? ";" + ListenUrls.Of("https", Instance["host"]!, Https) : "");
        var environment = new Dictionary<string, string>(_environment)
        {
            ["PBTS_NAME"] = name,
            ["PBTS_LISTEN"] = listen,
            // The proxy passes HTTP alone, so the first front end has UDP, which cannot be encrypted. What the user has set wins.
            ["PBTS_UDP_LISTEN"] = first || name == "api-1" || (name == "silo-1" && role == "node") ? Given("PBTS_UDP_LISTEN") ?? ListenUrls.Of("udp", PlainHost, Instance.Number("port")) : "off",
            // Prometheus looks for it where it was.
            ["PBTS_MANAGEMENT_LISTEN"] = $"http://127.0.0.1:{Ports.Text(Instance.KeptPort($"management_{name}"))}",
        };
        if (role != "api")
        {
            environment["PBTS_ROLE"] = role;
            environment["PBTS_ADVERTISED_ADDRESS"] = "127.0.0.1";
            // A silo that comes back to its address shows that the one before is dead: nobody has to wait until that is noticed.
            environment["PBTS_SILO_PORT"] = Ports.Text(Instance.KeptPort($"silo_port_{name}"));
            environment["PBTS_GATEWAY_PORT"] = "0";
        }

        _say($"==> Starting {name} ({listen})");
        Launcher.Launch(name, ["dotnet", program], Path.GetDirectoryName(program)!, environment);
    }

    private async Task<bool> IsHttpReadyAsync(string name)
    {
        try
        {
            using var answer = await Http.GetAsync(new Uri($"{UrlOf(name)}/health/ready"));
            return answer.StatusCode == HttpStatusCode.OK;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            return false;
        }
    }

    private async Task ShowLogAsync(string name)
    {
        foreach (var line in File.Exists(Instance.LogOf(name)) ? File.ReadLines(Instance.LogOf(name)).TakeLast(20) : [])
            await Console.Error.WriteLineAsync(line);
    }
}
