using System.Diagnostics;
using System.Runtime.InteropServices;
using Pbts.Local.Processes;

namespace Pbts.Local;

/// <summary><c>./pbts up</c>: starts what does not run, and looks after it until it is told to stop.</summary>
public sealed class UpCommand(LocalOptions options)
{
    /// <summary>Set by whoever starts again what has ended: then programs and settings are taken as they are.</summary>
    public const string KeeperVariable = "PBTS_KEEPER";

    /// <summary>The exit code of a command that a signal has ended, as shells have it.</summary>
    public const int Interrupted = 130;

    private static readonly bool ForKeeper = Environment.GetEnvironmentVariable(KeeperVariable) is { Length: > 0 };

    private readonly LocalTracker _tracker = new(new Instance(options.Data), Console.WriteLine);

    private Instance Instance => _tracker.Instance;

    /// <summary>Runs it and gives the exit code.</summary>
    public async Task<int> RunAsync()
    {
        using var stop = new CancellationTokenSource();
        using var signals = new StopSignals(stop);
        Instance.Create();
        using (await Instance.LockAsync())
        {
            try
            {
                if (!await StartAsync().WaitAsync(stop.Token))
                    return 0;
            }
            catch (OperationCanceledException)
            {
                return await StopAsync();
            }
            catch when (!ForKeeper)
            {
                // Whoever keeps things running keeps what it got to run, and tries again.
                if (_tracker.Launcher.Started is { Count: > 0 } started)
                    await _tracker.StopAsync(started);
                throw;
            }

            Console.WriteLine();
            await ShowAsync(_tracker);
        }

        if (options.Detach)
        {
            if (!ForKeeper)
                Keeper.Start(_tracker);
            return 0;
        }

        Console.WriteLine("Ctrl-C stops it.");
        return await SuperviseAsync(_tracker.Launcher.Started, stop.Token);
    }

    /// <summary><c>./pbts keep</c>: in the background what <c>up</c> does in the foreground; <c>down</c> ends it.</summary>
    public async Task<int> KeepAsync()
    {
        using var stop = new CancellationTokenSource();
        using var signals = new StopSignals(stop);
        try
        {
            await new Supervisor(_tracker, Instance.Recorded).RunAsync(stop.Token);
        }
        catch (OperationCanceledException)
        {
            // What it keeps goes on.
        }

        return 0;
    }

    public static async Task ShowAsync(LocalTracker tracker)
    {
        foreach (var line in (await Status.OfAsync(tracker)).ToLines())
            Console.WriteLine(line);
    }

    /// <summary>False when all of it runs already.</summary>
    private async Task<bool> StartAsync()
    {
        var names = Instance.Recorded;
        if (names.Count > 0 && names.All(name => Instance.PidOf(name) is not null))
        {
            Console.WriteLine($"Already running in {Instance.Folder}");
            await ShowAsync(_tracker);
            return false;
        }

        var partly = names.Count > 0 && (ForKeeper || _tracker.IsAnyAlive);
        foreach (var name in names.Where(name => Instance.PidOf(name) is null))
        {
            // In part: what is missing stays on record until it has been started.
            if (partly)
                _tracker.Launcher.KillOrphans(name);
            else
                await _tracker.Launcher.StopAsync([name], Signal.Kill, TimeSpan.Zero);
        }

        if (partly)
        {
            Console.WriteLine($"Already running in {Instance.Folder} in part; starting what is missing, with the settings it was started with");
            _tracker.NeedSameBacking();
        }
        else
        {
            foreach (var (option, port) in new[] { ("--port", options.Port), ("--https", options.Https) }.Where(listen => listen.Item2 > 0))
                await NeedPortAsync(option, port, mayFallFree: names.Count > 0);
            (Instance["host"], Instance["port"], Instance["https"]) = (options.Host, Ports.Text(options.Port), Ports.Text(options.Https));
            (Instance["silos"], Instance["apis"]) = (Ports.Text(options.Silos), Ports.Text(options.Apis));
            Instance["chain"] = options.Chain ? "1" : "0";
        }

        await _tracker.StartAsync(partly ? null : Clone.Root);
        return true;
    }

    /// <summary>What was killed may hold its port a moment longer: that is waited for.</summary>
    private static async Task NeedPortAsync(string option, int port, bool mayFallFree)
    {
        for (var waited = Stopwatch.StartNew(); Ports.IsBusy(port); await Task.Delay(100))
        {
            if (!mayFallFree || waited.Elapsed > TimeSpan.FromSeconds(2))
                throw new LocalException($"port {port} is in use by another program; choose another ({option} {Ports.Free()}) or stop that one (ss -ltnp 'sport = :{port}' names it)");
        }
    }

    private async Task<int> SuperviseAsync(IReadOnlyCollection<string> names, CancellationToken stopped)
    {
        try
        {
            await new Supervisor(_tracker, names).RunAsync(stopped);
            Console.WriteLine("Stopped.");
            return 0;
        }
        catch (OperationCanceledException)
        {
            return await StopAsync();
        }
    }

    private async Task<int> StopAsync()
    {
        Console.WriteLine();
        await _tracker.StopAsync(_tracker.Launcher.Started);
        Console.WriteLine($"Stopped. The data stays in {Instance.Folder}.");
        return Interrupted;
    }

    /// <summary>Ctrl-C and its kin, the first of which cancels and the others of which do nothing more.</summary>
    private sealed class StopSignals : IDisposable
    {
        private readonly PosixSignalRegistration[] _registrations;

        public StopSignals(CancellationTokenSource stop) =>
            _registrations = [.. new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP }.Select(signal => PosixSignalRegistration.Create(signal, context =>
            {
                context.Cancel = true;
                stop.Cancel();
            }))];

        public void Dispose()
        {
            foreach (var registration in _registrations)
                registration.Dispose();
        }
    }
}
