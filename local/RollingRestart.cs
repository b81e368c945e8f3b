using System.Diagnostics;
using Pbts.Local.Processes;

namespace Pbts.Local;

/// <summary>
/// Restarts silos and then front ends, each only when the one before is ready again: with several behind the proxy nobody
/// notices. Takes up new settings from the environment, and the programs of another clone where one is named; with those, a
/// process that does not become ready gets back the programs it had, and nothing more is restarted.
/// </summary>
/// <param name="say">Told what happens, a line at a time.</param>
public sealed class RollingRestart(LocalTracker tracker, Action<string> say)
{
    private static readonly TimeSpan StartPatience = TimeSpan.FromMinutes(2);

    /// <summary>The first silo of a new version may have to bring a large database up to date.</summary>
    private static readonly TimeSpan UpgradePatience = TimeSpan.FromMinutes(10);

    private Instance Instance => tracker.Instance;

    /// <param name="clone">The clone whose programs are to run from now on; null: each process keeps its own.</param>
    /// <exception cref="LocalException">A process did not become ready.</exception>
    public async Task RunAsync(string? clone)
    {
        await tracker.PrepareAsync();
        string[] names = [.. Instance.Recorded.Where(LocalTracker.IsSilo), .. Instance.Recorded.Where(name => LocalTracker.IsApi(name) || name == LocalTracker.FirstNode)];
        if (names.Length < 2)
            say("There is one process alone: the tracker is away while it restarts");
        foreach (var name in names)
        {
            var before = tracker.CloneOf(name);
            try
            {
                await RestartAsync(name, clone, clone is null ? StartPatience : UpgradePatience);
            }
            catch (LocalException e) when (clone is not null && before is not null && before != clone)
            {
                await PutBackAsync(name, before, clone, e);
            }

            // The proxy does not go back to what refused it for two seconds: until then the next one must stay.
            if (name != LocalTracker.FirstNode && name != names[^1])
                await Task.Delay(3000);
        }
    }

    private async Task RestartAsync(string name, string? clone, TimeSpan patience)
    {
        say($"==> Restarting {name}{(clone is null ? "" : $" with the programs of {clone}")}");
        var waited = Stopwatch.StartNew();
        await tracker.Launcher.StopAsync([name], Signal.Terminate, LocalTracker.StopPatience);
        tracker.StartHost(name, Instance.Number($"port_{name}"), clone);
        await tracker.WaitReadyAsync(name, patience);
        say($"    {name} is ready again after {waited.Elapsed.TotalSeconds:0} s");
    }

    private async Task PutBackAsync(string name, string before, string clone, LocalException problem)
    {
        var newer = string.Join(", ", Instance.Recorded.Where(other => other != name && tracker.CloneOf(other) == clone));
        var others = newer.Length == 0 ? "nothing else was changed" : $"{newer} run those of {clone}; to go back: ./pbts rolling-restart --data {Instance.Folder} --clone {before}";
        say($"    {problem.Message}");
        try
        {
            await RestartAsync(name, before, StartPatience);
        }
        catch (LocalException again)
        {
            throw new LocalException($"{name} runs neither with the programs of {clone} nor again with those of {before} ({again.Message}); {others}", problem);
        }

        throw new LocalException($"{name} did not become ready with the programs of {clone} and has those of {before} again; {others}", problem);
    }
}
