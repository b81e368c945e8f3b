using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Concurrency;
using Pbts.GrainInterfaces.Trust;
using Pbts.Hosting.Configuration;
using Pbts.Hosting.Resilience;

namespace Pbts.Grains.Trust;

/// <summary>
/// Has the scores computed, off its turns. That none is computed twice is decided in the database (<see cref="TrustStore"/>): there may
/// be two of these while the cluster changes.
/// </summary>
[Reentrant]
internal sealed partial class TrustGrain(TrustJob job, TrustViews views, IOptions<TrustOptions> options, ILogger<TrustGrain> logger) : Grain, ITrustGrain, IRemindable, IDisposable
{
    private const string Reminder = "trust";
    private const string DatabaseAway = "the database does not answer";

    /// <summary>How late a computation may be; nobody compares minutes.</summary>
    private static readonly TimeSpan LongestPeriod = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan ShortestPeriod = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LongestRun = TimeSpan.FromHours(2);

    private readonly CancellationTokenSource _ending = new();
    private Task? _running;
    private string? _problem;
    private long? _gaveUp;

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (options.Value.Interval > 0)
        {
            var period = TimeSpan.FromSeconds(options.Value.Interval);
            period = period > LongestPeriod ? LongestPeriod : period < ShortestPeriod ? ShortestPeriod : period;
            await this.RegisterOrUpdateReminder(Reminder, period, period, cancellationToken);
        }
        else if (await this.GetReminder(Reminder, cancellationToken) is { } reminder)
        {
            await this.UnregisterReminder(reminder, cancellationToken);
        }
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) => _ending.CancelAsync();

    public void Dispose() => _ending.Dispose();

    /// <summary>Being active is all.</summary>
    public Task WakeAsync() => Task.CompletedTask;

    public async Task ReceiveReminder(string reminderName, TickStatus status)
    {
        if (_running is { IsCompleted: false } || options.Value.Interval == 0)
            return;
        // What would come to nothing again is not tried at every reminder: it reads the whole ledger.
        if (_gaveUp is { } at && Stopwatch.GetElapsedTime(at) < TimeSpan.FromSeconds(options.Value.Interval))
            return;
        try
        {
            if (await job.IsDueAsync())
                Begin(asked: false).Ignore();
        }
        catch (Exception e) when (Away.IsDatabase(e))
        {
            LogProblem(e, DatabaseAway);
        }
    }

    public async Task<TrustStatus> RunAsync()
    {
        var running = _running is { IsCompleted: false } ? _running : Begin(asked: true);
        await Task.WhenAny(running, Task.Delay(Patience));
        return await GetAsync();
    }

    public async Task<TrustStatus> GetAsync() => new(_running is { IsCompleted: false } || await views.IsRunningAsync(), await views.ReadLastAsync(), _problem);

    public Task<IReadOnlyList<TrustClusterView>> ListClustersAsync(long after, int count) => views.ReadClustersAsync(after, count);

    public Task<IReadOnlyList<string>> ListSeedsAsync() => views.ReadSeedsAsync();

    public Task<MemberTrustScore?> FindAsync(string userId) => views.FindAsync(userId);

    public Task<MemberTrustScore?> SetSeedAsync(string userId, bool isMarked) => views.SetSeedAsync(userId, isMarked);

    private Task Begin(bool asked)
    {
        DelayDeactivation(LongestRun);
        return _running = RunAsync(asked);
    }

    private async Task RunAsync(bool asked)
    {
        try
        {
            var outcome = await job.RunAsync(asked, _ending.Token);
            _problem = outcome.Problem;
            _gaveUp = _problem is null ? null : Stopwatch.GetTimestamp();
            if (outcome is { Problem: { } problem })
                LogProblem(null, problem);
            else if (outcome.Run is { } run)
                LogDone(run.Id, run.Members, run.Edges, run.Seeds, run.Clusters, (run.FinishedAt - run.StartedAt).TotalSeconds);
        }
        catch (Exception e) when (Away.IsDatabase(e) || e is OperationCanceledException)
        {
            _problem = e is OperationCanceledException ? "it was interrupted" : DatabaseAway;
            LogProblem(e, _problem);
        }
    }

    [LoggerMessage(LogLevel.Information, "Trust scores, run {Run}: {Members} members, {Edges} pairs, {Seeds} seeds, {Clusters} clusters, in {Seconds:F1} s")]
    private partial void LogDone(long run, long members, long edges, long seeds, long clusters, double seconds);

    [LoggerMessage(LogLevel.Warning, "Trust scores were not computed: {Problem}")]
    private partial void LogProblem(Exception? exception, string problem);
}
