using System.Diagnostics;
using System.Net;
using System.Runtime.InteropServices;

namespace Pbts.Tracker.Tests.Support;

/// <summary>Debian's nginx with the configuration that <c>./pbts up</c> uses, before the given front ends.</summary>
internal sealed partial class Proxy : IAsyncDisposable
{
    private const string Program = "/usr/sbin/nginx";
    private const string JsModule = "/usr/lib/nginx/modules/ngx_http_js_module.so";

    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"pbts-proxy-{Guid.NewGuid():N}"[..20]);
    private readonly Process _process;

    private Proxy(IEnumerable<NodeProcess> fronts, string balance)
    {
        Port = NodeProcess.FreePorts(1)[0];
        Directory.CreateDirectory(_folder);
        // As root nginx has its workers run as somebody else, who keeps bodies of requests here.
        File.SetUnixFileMode(_folder, (UnixFileMode)0b111_101_101);
        var configuration = Path.Combine(_folder, "nginx.conf");
        var deploy = Path.Combine(AppContext.BaseDirectory, "deploy");
        File.Copy(Path.Combine(deploy, "route.js"), Path.Combine(_folder, "route.js"));
        File.WriteAllText(configuration, File.ReadAllText(Path.Combine(deploy, "nginx.conf.in"))
            .Replace("@JS@", JsModule, StringComparison.Ordinal)
            .Replace("@DIR@", _folder, StringComparison.Ordinal)
            .Replace("@LISTEN@", $"    listen 127.0.0.1:{Port};", StringComparison.Ordinal)
            .Replace("hash $route consistent;", balance, StringComparison.Ordinal)
            .Replace("@BACKENDS@", string.Join('\n', fronts.Select(front => $"    server 127.0.0.1:{front.Port} max_fails=1 fail_timeout=2s;")), StringComparison.Ordinal));
        _process = Process.Start(new ProcessStartInfo(Program, ["-p", _folder, "-e", Path.Combine(_folder, "log"), "-c", configuration]) { RedirectStandardError = true })!;
        // What it says of front ends that restart is no news to the tests.
        _process.BeginErrorReadLine();
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Stop();
    }

    public int Port { get; }

    public IPEndPoint Endpoint => new(IPAddress.Loopback, Port);

    public Uri Url => new($"http://127.0.0.1:{Port}");

    /// <param name="balance">How a front end is chosen: nginx's directive in place of the hash over the info hash.</param>
    public static async Task<Proxy> StartAsync(IEnumerable<NodeProcess> fronts, string balance = "hash $route consistent;")
    {
        if (!File.Exists(Program) || !File.Exists(JsModule))
            throw new InvalidOperationException("These tests need nginx and its JavaScript module. Run them with ./pbts test, which installs it.");
        var proxy = new Proxy(fronts, balance);
        using var client = new HttpClient { BaseAddress = proxy.Url };
        for (var waited = Stopwatch.StartNew(); ; await Task.Delay(50))
        {
            try
            {
                if ((await client.GetAsync("/health/ready")).IsSuccessStatusCode)
                    return proxy;
            }
            catch (HttpRequestException) when (waited.Elapsed < TimeSpan.FromSeconds(20))
            {
            }

            if (waited.Elapsed > TimeSpan.FromSeconds(20))
                throw new InvalidOperationException("nginx does not answer: " + await File.ReadAllTextAsync(Path.Combine(proxy._folder, "log")));
        }
    }

    public async ValueTask DisposeAsync()
    {
        Stop();
        await _process.WaitForExitAsync();
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private void Stop()
    {
        try
        {
            // The master ends its workers.
            if (!_process.HasExited)
                _ = Kill(_process.Id, 15);
        }
        catch (InvalidOperationException)
        {
            // Already disposed.
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int pid, int signal);
}
