namespace Pbts.Hosting;

/// <summary>
/// Ends a process in bounded time once it was asked to stop. With the database away Orleans would not: it goes on trying to
/// write its membership, which cannot be cancelled. Nothing that counts is lost by an end without it, as by a crash.
/// </summary>
public static partial class BoundedStop
{
    /// <summary>Time to finish requests and to hand swarms over.</summary>
    internal static readonly TimeSpan Orderly = TimeSpan.FromSeconds(25);

    /// <summary>Time after which the process ends whatever is still under way.</summary>
    private static readonly TimeSpan AtMost = TimeSpan.FromSeconds(30);

    /// <summary>Runs the process until it was asked to stop and has stopped, or its time for that is over.</summary>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunBoundedAsync(this WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        var over = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var limit = new Timer(_ => over.TrySetResult());
        using var stopping = app.Lifetime.ApplicationStopping.Register(() => limit.Change(AtMost, Timeout.InfiniteTimeSpan));
        var running = app.RunAsync();
        if (await Task.WhenAny(running, over.Task) != running)
        {
            LogUnfinished(app.Logger, AtMost.TotalSeconds);
            return 1;
        }

        await running;
        return Environment.ExitCode;
    }

    [LoggerMessage(LogLevel.Error, "The process did not stop in order within {Seconds} s, as when the database is away: it ends now. Other silos notice as after a crash.")]
    private static partial void LogUnfinished(ILogger logger, double seconds);
}
