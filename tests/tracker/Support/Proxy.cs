using System.Diagnostics;
using System.Net;
using Pbts.Local;
using Pbts.Local.Processes;

namespace Pbts.Tracker.Tests.Support;

/// <summary>Debian's nginx with the configuration that <c>./pbts up</c> uses, before the given front ends.</summary>
internal sealed class Proxy : IAsyncDisposable
{
    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"pbts-proxy-{Guid.NewGuid():N}"[..20]);
    private readonly Process _process;

    private Proxy(IEnumerable<NodeProcess> fronts, string balance, ProxyTls? tls)
    {
        var (program, javaScript) = Installed.Nginx();
        Port = Ports.Free();
        Directory.CreateDirectory(_folder);
        // As root nginx has its workers run as somebody else, who keeps bodies of requests here.
        File.SetUnixFileMode(_folder, (UnixFileMode)0b111_101_101);
        var configuration = NginxProxy.Write(_folder, javaScript, [$"127.0.0.1:{Port}"], fronts.Select(front => front.Port), balance, tls);
        _process = Process.Start(new ProcessStartInfo(program, ["-p", _folder, "-e", Path.Combine(_folder, "log"), "-c", configuration]) { RedirectStandardError = true })!;
        // What it says of front ends that restart is no news to the tests.
        _process.BeginErrorReadLine();
        // The master ends its workers.
        AppDomain.CurrentDomain.ProcessExit += (_, _) => _process.Send(Signal.Terminate);
    }

    public int Port { get; }

    public IPEndPoint Endpoint => new(IPAddress.Loopback, Port);

    public Uri Url => new($"http://127.0.0.1:{Port}");

    /// <param name="balance">How a front end is chosen: nginx's directive in place of the hash over the info hash.</param>
    /// <param name="tls">HTTPS, where it has that.</param>
    public static async Task<Proxy> StartAsync(IEnumerable<NodeProcess> fronts, string balance = "hash $route consistent;", ProxyTls? tls = null)
    {
        var proxy = new Proxy(fronts, balance, tls);
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
        _process.Send(Signal.Terminate);
        await _process.WaitForExitAsync();
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
