using System.Diagnostics;

namespace Pbts.Tracker.Tests.Support;

/// <summary>Waits for what is to come about, however long a busy machine takes, within reason.</summary>
internal static class Wait
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public static async Task UntilAsync(Func<Task<bool>> condition, string what = "It did not come about.")
    {
        for (var waited = Stopwatch.StartNew(); !await condition(); await Task.Delay(50))
            Assert.True(waited.Elapsed < Patience, what);
    }
}
