using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using Pbts.Grains.Users;
using Pbts.Hosting.Resilience;

namespace Pbts.Grains.Claims;

/// <summary>
/// Writes claimed transfer behind the announces: every few seconds, and once more when the silo has stopped, after which
/// no announce can come any more.
/// </summary>
internal sealed partial class ClaimedTotalsWriter(ClaimedTotals claimed, UserStore users, ILogger<ClaimedTotalsWriter> logger) : BackgroundService, IHostedLifecycleService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => WriteAsync();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
                await WriteAsync();
        }
        catch (OperationCanceledException)
        {
            // The last of it is written when everything else has stopped.
        }
    }

    private async Task WriteAsync()
    {
        var sums = claimed.Drain();
        if (sums.Count == 0)
            return;
        try
        {
            await users.AddClaimedAsync(sums);
        }
        catch (Exception e) when (Away.IsDatabase(e))
        {
            // Kept until written: a database that is away loses no claims, only a crash does.
            LogFailed(e, sums.Count);
            foreach (var (user, sum) in sums)
                claimed.Restore(user, sum);
        }
    }

    [LoggerMessage(LogLevel.Warning, "Claimed transfer of {Users} users could not be written yet; it is tried again.")]
    private partial void LogFailed(Exception exception, int users);
}
