using System.Diagnostics;

namespace Pbts.Local;

/// <summary>
/// Says what has ended without having been stopped, and starts it again where several processes are kept running. Ends when
/// nothing is left of what it looks after.
/// </summary>
/// <param name="tracker">What it looks after.</param>
/// <param name="names">The processes.</param>
public sealed class Supervisor(LocalTracker tracker, IReadOnlyCollection<string> names)
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    /// <summary>Whoever has run for longer begins with short pauses anew.</summary>
    private static readonly TimeSpan LongRun = TimeSpan.FromMinutes(1);

    private readonly HashSet<string> _told = [];
    private readonly Dictionary<string, (long Restarted, TimeSpan Pause)> _restarts = [];

    private Instance Instance => tracker.Instance;

    /// <exception cref="LocalException">All of it has ended by itself.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await Task.Delay(Every, cancellationToken);
            // Another ./pbts at work here is stopping or starting things on purpose.
            if (Instance.TryLock() is not { } free)
                continue;
            free.Dispose();
            tracker.RenewCertificate();
            foreach (var name in names.Where(name => Instance.IsRecorded(name) && Instance.PidOf(name) is null))
            {
                if (!tracker.IsKeptRunning)
                    Tell(name);
                else if (await RestartAsync(name))
                    break; // All that was missing has been started.
            }

            // What is kept running is on record until `down`, whatever becomes of it.
            if (names.Any(name => Instance.PidOf(name) is not null) || (tracker.IsKeptRunning && Instance.Recorded.Count > 0))
                continue;
            if (Instance.Recorded.Count > 0)
                throw new LocalException("nothing is left running");
            return;
        }
    }

    private void Tell(string name)
    {
        if (_told.Add(name))
            Console.Error.WriteLine($"pbts: {name} ended unexpectedly; its log: {Instance.LogOf(name)} (./pbts up --detach --data {Instance.Folder} starts it again)");
    }

    private async Task<bool> RestartAsync(string name)
    {
        var known = _restarts.TryGetValue(name, out var last);
        var since = known ? Stopwatch.GetElapsedTime(last.Restarted) : TimeSpan.MaxValue;
        if (known && since <= last.Pause)
            return false;
        await Console.Error.WriteLineAsync($"pbts: {name} ended unexpectedly; starting it again (its log: {Instance.LogOf(name)})");
        var up = new ProcessStartInfo("dotnet", [Clone.Program("local"), "up", "--detach", "--data", Instance.Folder]) { RedirectStandardOutput = true };
        up.Environment[UpCommand.KeeperVariable] = "1";
        using var started = Process.Start(up)!;
        await started.StandardOutput.ReadToEndAsync();
        await started.WaitForExitAsync();
        if (started.ExitCode != 0)
            await Console.Error.WriteLineAsync("pbts: that did not work; trying again");
        // Ever longer pauses for what ends again and again.
        var pause = since > LongRun ? TimeSpan.FromSeconds(1) : TimeSpan.FromSeconds(Math.Min(2 * last.Pause.TotalSeconds, LongestPause.TotalSeconds));
        _restarts[name] = (Stopwatch.GetTimestamp(), pause);
        return true;
    }
}
