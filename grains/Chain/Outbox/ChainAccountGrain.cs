using System.Diagnostics;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Concurrency;
using Pbts.GrainInterfaces.Chain;
using Pbts.Protocol;

namespace Pbts.Grains.Chain.Outbox;

/// <summary>
/// Drives the outbox of one key: at once when something is submitted, then every poll interval until nothing is
/// outstanding; a reminder brings it back after a crash. Reentrant, because a slow node must not keep submitters waiting.
/// </summary>
[Reentrant]
internal sealed partial class ChainAccountGrain(ChainConnection connection, ChainOutbox outbox, IHostApplicationLifetime lifetime, ILogger<ChainAccountGrain> logger)
    : Grain, IChainAccountGrain, IRemindable
{
    /// <summary>Between two looks at what is waited for.</summary>
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(100);

    private readonly HashSet<Guid> _awaited = [];
    private ChainAccount? _account;
    private Pump? _pump;
    private Task<IReadOnlyDictionary<Guid, ChainTransaction>>? _look;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (connection is { Rpc: { } rpc, Reader: { } reader, Key: { } key } && key.Address.ToString() == this.GetPrimaryKeyString())
        {
            _account = new ChainAccount(rpc, reader, key, connection.Options, outbox, logger);
            _pump = new Pump(
                this, "outbox", TimeSpan.FromMilliseconds(connection.Options.PollMilliseconds), RoundAsync, (e, obstacle) => LogObstacle(e, key.Address.ToString(), obstacle));
            _pump.Start(TimeSpan.Zero);
        }
        return Task.CompletedTask;
    }

    public async Task<string?> SubmitAsync(ChainSubmission submission)
    {
        if (_account is null || _pump is null)
            return "This process does not hold the account's key (PK0) or knows no node (RPC).";
        await _pump.RemindAsync();
        var refusal = await _account.SubmitAsync(submission);
        if (refusal is null)
            _pump.Wake();
        return refusal?.Text;
    }

    public async Task<ChainTransaction?> WaitAsync(Guid id, TimeSpan wait)
    {
        for (var waited = Stopwatch.StartNew(); ;)
        {
            var transaction = wait == TimeSpan.Zero ? await outbox.FindAsync(id) : await LookAsync(id);
            // A silo that stops has better to do than to wait for the chain: the outbox is worked on elsewhere.
            if (transaction is null or { IsDecided: true } || waited.Elapsed >= wait || lifetime.ApplicationStopping.IsCancellationRequested)
                return transaction;
        }
    }

    public Task ReceiveReminder(string reminderName, TickStatus status)
    {
        _pump?.Wake();
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

    private async Task<Problem?> RoundAsync(CancellationToken cancellationToken)
    {
        var obstacle = await _account!.PumpAsync(cancellationToken);
        if (await outbox.HasOpenAsync(_account.Address))
            return obstacle;
        _pump!.Rest();
        await _pump.ForgetAsync();
        // Something may have been submitted while the reminder went away.
        if (await outbox.HasOpenAsync(_account.Address))
        {
            await _pump.RemindAsync();
            _pump.Wake();
        }
        return obstacle;
    }

    [LoggerMessage(LogLevel.Warning, "The transactions of {Account} do not go on: {Obstacle}")]
    private partial void LogObstacle(Exception? exception, string account, string obstacle);
}
