using Pbts.Local.Processes;

namespace Pbts.Local;

/// <summary>The process that keeps the others running in the background (<c>./pbts keep</c>).</summary>
internal static class Keeper
{
    /// <summary>Starts it where there is something to keep running, unless it runs.</summary>
    public static void Start(LocalTracker tracker)
    {
        if (tracker.IsKeptRunning && tracker.Instance.PidOf(Instance.Keeper) is null)
            tracker.Launcher.Launch(Instance.Keeper, ["dotnet", Clone.Program("local"), "keep", "--data", tracker.Instance.Folder]);
    }

    /// <summary>Starts another one in the place of one that runs.</summary>
    public static async Task ReplaceAsync(LocalTracker tracker)
    {
        if (tracker.Instance.PidOf(Instance.Keeper) is null)
            return;
        await tracker.Launcher.StopAsync([Instance.Keeper], Signal.Terminate, TimeSpan.FromSeconds(5));
        Start(tracker);
    }
}
