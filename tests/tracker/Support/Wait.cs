using System.Diagnostics;

namespace Pbts.Tracker.Tests.Support;

/// <summary>Waits for what is to come about, however long a busy machine takes, within reason.</summary>
internal static class Wait
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>For what other tests hold meanwhile.</summary>
    private static readonly TimeSpan OthersPatience = TimeSpan.FromMinutes(2);

    /// <summary>
    /// Until this process holds no more than so many bytes above what it held before. Other tests run in it at the same time:
    /// what they hold goes away, a leak stays.
    /// </summary>
    public static Task UntilReleasedAsync(long before, long most) =>
        UntilAsync(() => Task.FromResult(GC.GetTotalMemory(forceFullCollection: true) - before <= most), $"More than {most} bytes are held.", OthersPatience);

    public static Task UntilAsync(Func<Task<bool>> condition, string what = "It did not come about.", TimeSpan? patience = null) => UntilAsync(condition, () => what, patience);

    /// <param name="what">What to say when it has not come about: as it is then.</param>
    public static async Task UntilAsync(Func<Task<bool>> condition, Func<string> what, TimeSpan? patience = null)
    {
        for (var waited = Stopwatch.StartNew(); !await condition(); await Task.Delay(50))
        {
            if (waited.Elapsed > (patience ?? Patience))
                Assert.Fail(what());
        }
    }
}
