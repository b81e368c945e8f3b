using System.Diagnostics;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Peers;

/// <summary>A tracker in one of two joined network namespaces, for clients that refuse loopback addresses.</summary>
public sealed class MixedNetwork : IAsyncLifetime
{
    private readonly PostgresServer _postgres = new();
    private Process? _tracker;
    private Task<string>? _log;

    internal TestNetwork Network { get; } = new();

    internal string Url => $"http://{Network.Left.Address}:8000";

    public async Task InitializeAsync()
    {
        await _postgres.InitializeAsync();
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "Pbts.Silo.dll")])
        {
            RedirectStandardOutput = true, WorkingDirectory = Path.GetTempPath(),
        };
        // The namespace has all ports to itself, and PostgreSQL listens on a Unix socket.
        start.Environment["PBTS_DATABASE"] = await _postgres.CreateDatabaseAsync();
        start.Environment["PBTS_LISTEN"] = Url;
        start.Environment["PBTS_MANAGEMENT_LISTEN"] = "";
        _tracker = Process.Start(Network.Left.Inside(start))!;
        _log = _tracker.StandardOutput.ReadToEndAsync();
        for (var waited = Stopwatch.StartNew(); ; await Task.Delay(500))
        {
            await using var config = CliProcess.Start(Network.Left, [], "config", "--tracker", Url, "--json");
            if (await config.ExitAsync(TimeSpan.FromSeconds(60)) == 0)
                return;
            if (_tracker.HasExited || waited.Elapsed > TimeSpan.FromSeconds(90))
            {
                _tracker.Kill();
                throw new InvalidOperationException($"The tracker did not become ready: {config.Error}\n{await _log}");
            }
        }
    }

    public async Task DisposeAsync()
    {
        if (_tracker is not null)
        {
            _tracker.Kill();
            await _tracker.WaitForExitAsync();
            _tracker.Dispose();
        }
        await _postgres.DisposeAsync();
        Network.Dispose();
    }
}
