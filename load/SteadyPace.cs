using System.Diagnostics;

namespace Pbts.Load;

/// <summary>Work begun at a steady rate, whatever becomes of it.</summary>
public static class SteadyPace
{
    /// <summary>Begins so many a second until told to stop, then waits for those under way.</summary>
    /// <param name="perSecond">How many.</param>
    /// <param name="once">Begins the one with this number, from 0.</param>
    /// <param name="stop">Ends it.</param>
    public static async Task RunAsync(int perSecond, Func<int, Task> once, CancellationToken stop)
    {
        var under = new List<Task>();
        var clock = Stopwatch.StartNew();
        for (var begun = 0; !stop.IsCancellationRequested; await Task.Delay(20, CancellationToken.None))
        {
            for (; begun < clock.Elapsed.TotalSeconds * perSecond; begun++)
                under.Add(once(begun));
            under.RemoveAll(one => one.IsCompletedSuccessfully);
        }

        await Task.WhenAll(under);
    }
}
