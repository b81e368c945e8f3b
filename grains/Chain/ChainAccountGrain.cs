using System.Diagnostics;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using Orleans.Concurrency;
using Pbts.GrainInterfaces.Chain;

namespace Pbts.Grains.Chain;

/// <summary>
/// Drives the outbox of one key: at once when something is submitted, then every poll interval until nothing is
/// outstanding; a reminder brings it back after a crash. Reentrant, because a slow node must not keep submitters waiting.
/// </summary>
[Reentrant]
internal sealed partial class ChainAccountGrain(ChainConnection connection, ChainOutbox outbox, IHostApplicationLifetime lifetime, ILogger<ChainAccountGrain> logger)
    : Grain, IChainAccountGrain, IRemindable
{
    private const string ReminderName = "outbox";
    private static readonly TimeSpan ReminderPeriod = TimeSpan.FromMinutes(1);

    /// <summary>Between two looks at what is waited for.</summary>
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(100);

    private readonly HashSet<Guid> _awaited = [];
    private ChainAccount? _account;
    private IGrainTimer? _timer;
    private Task<IGrainReminder>? _reminder;
    private Task<IReadOnlyDictionary<Guid, ChainTransaction>>? _look;
    private bool _pumping;
    private string? _obstacle;

    private TimeSpan Poll => TimeSpan.FromMilliseconds(connection.Options.PollMilliseconds);

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (connection is { Rpc: { } rpc, Key: { } key } && key.Address.ToString() == this.GetPrimaryKeyString())
        {
            _account = new ChainAccount(rpc, key, connection.Options, outbox, logger);
            _timer = this.RegisterGrainTimer(PumpAsync, new GrainTimerCreationOptions(TimeSpan.Zero, Poll) { Interleave = true, KeepAlive = true });
        }
        return Task.CompletedTask;
    }

    public async Task<string?> SubmitAsync(ChainSubmission submission)
    {
        if (_account is null) return "This process does not hold the account's key (PK0) or knows no node (RPC).";
        await RemindAsync();
        var refusal = await _account.SubmitAsync(submission);
        if (refusal is null) _timer!.Change(TimeSpan.Zero, Poll);
        return refusal;
    }

    public async Task<ChainTransaction?> WaitAsync(Guid id, TimeSpan wait)
    {
        for (var waited = Stopwatch.StartNew(); ;)
        {
            var transaction = wait == TimeSpan.Zero ? await outbox.FindAsync(id) : await LookAsync(id);
            // A silo that stops has better to do than to wait for the chain: the outbox is worked on elsewhere.
            if (transaction is null or { IsDecided: true } || waited.Elapsed >= wait || lifetime.ApplicationStopping.IsCancellationRequested) return transaction;
        }
    }

    public Task ReceiveReminder(string reminderName, TickStatus status)
    {
        _timer?.Change(TimeSpan.Zero, Poll);
        return Task.CompletedTask;
    }

    /// <summary>The row as it stands in a moment. All who wait are answered by one question: hundreds that each asked for themselves would take every connection to the database.</summary>
    private async Task<ChainTransaction?> LookAsync(Guid id)
    {
        _awaited.Add(id);
        return (await (_look ??= LookAtAllAsync())).GetValueOrDefault(id);
    }

    private async Task<IReadOnlyDictionary<Guid, ChainTransaction>> LookAtAllAsync()
    {
        await Task.Delay(Between);
        Guid[] awaited = [.. _awaited];
        _awaited.Clear();
        _look = null;
        return await outbox.FindAsync(awaited);
    }

    private async Task PumpAsync(CancellationToken cancellationToken)
    {
        if (_pumping) return;
        _pumping = true;
        try
        {
            var obstacle = await _account!.PumpAsync(cancellationToken);
            if (obstacle is not null && obstacle != _obstacle) LogObstacle(_account.Address.ToString(), obstacle);
            _obstacle = obstacle;
            if (!await outbox.HasOpenAsync(_account.Address)) await RestAsync();
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException)
        {
            LogDatabase(e);
        }
        finally
        {
            _pumping = false;
        }
    }

    /// <summary>Sees to it that there is a reminder. Those who submit at once share one registration: each of its own would wait for the row of the others.</summary>
    private async Task RemindAsync()
    {
        var reminder = _reminder ??= this.RegisterOrUpdateReminder(ReminderName, ReminderPeriod, ReminderPeriod);
        try
        {
            await reminder;
        }
        catch
        {
            if (_reminder == reminder) _reminder = null;
            throw;
        }
    }

    private async Task RestAsync()
    {
        _timer!.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        var known = _reminder;
        _reminder = null;
        if ((known is null ? await this.GetReminder(ReminderName) : await known) is { } reminder) await this.UnregisterReminder(reminder);
        // Something may have been submitted while the reminder went away.
        if (!await outbox.HasOpenAsync(_account!.Address)) return;
        await RemindAsync();
        _timer.Change(TimeSpan.Zero, Poll);
    }

    [LoggerMessage(LogLevel.Warning, "The transactions of {Account} do not go on: {Obstacle}")]
    private partial void LogObstacle(string account, string obstacle);

    [LoggerMessage(LogLevel.Warning, "The outbox cannot be worked on while the database does not answer")]
    private partial void LogDatabase(Exception exception);
}
