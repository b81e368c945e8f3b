using Microsoft.Extensions.Logging;
using Orleans.Concurrency;
using Pbts.GrainInterfaces.Chain;
using Pbts.Grains.Chain.Contracts;
using Pbts.Grains.Chain.Outbox;
using Pbts.Grains.Chain.Sync;
using Pbts.Hosting.Configuration;
using Pbts.Protocol;

namespace Pbts.Grains.Chain.Anchors;

/// <summary>Anchors roots by a timer; a reminder keeps it going through crashes and restarts.</summary>
[Reentrant]
internal sealed partial class AnchorGrain(
    ChainConnection connection, ChainOutbox outbox, AnchorStore store, SyncBudget budget, ContractRecords contracts, IChainSubmitter chain, ILogger<AnchorGrain> logger)
    : Grain, IAnchorGrain, IRemindable
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(10);

    private Anchoring? _anchoring;
    private Pump? _pump;
    private bool _now;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (connection is not { Reader: { } reader, Key: { } key })
            return Task.CompletedTask;
        _anchoring = new Anchoring(reader, key.Address, connection.Options, store, budget, contracts, chain);
        _pump = new Pump(this, "anchor", Period, RoundAsync, LogProblem);
        if (connection.Options.ParseSync() == ChainSync.Members || connection.Options.AnchorInterval == TimeSpan.Zero)
            return Task.CompletedTask;
        _pump.Start(Period);
        return _pump.RemindAsync();
    }

    public async Task<ContractResult<AnchorView>> AnchorAsync(TimeSpan wait)
    {
        if (_pump is null)
            return new Problem(ProblemKind.NotConfigured, "No node or no signing key is configured (RPC, PK0).");
        // A round that is under way may have begun before what is to be anchored; what it has under way is done with first.
        await _pump.RunAsync();
        _now = true;
        if (await _pump.RunAsync() is { } problem)
            return problem;
        if (await store.ReadOpenAsync() is { } open)
        {
            await GrainFactory.GetGrain<IChainAccountGrain>(connection.Key!.Address.ToString()).WaitAsync(open.OutboxId, wait);
            await store.SettleAsync();
        }
        return await GetAsync() is { } view ? view : new Problem(ProblemKind.NotFound, "There are no members whose totals could be anchored");
    }

    public async Task<AnchorView?> GetAsync() => await store.ReadNewestAsync() is { } row
        ? new AnchorView
        {
            Contract = row.Contract.ToString(), Sequence = row.Sequence, Root = row.Root.HashText, Up = row.Root.Up, Down = row.Root.Down, Members = row.Members,
            Transaction = await outbox.FindAsync(row.OutboxId), TakenAt = row.TakenAt,
        }
        : null;

    /// <summary>The reminder has done its work when the grain is active.</summary>
    public Task ReceiveReminder(string reminderName, TickStatus status) => Task.CompletedTask;

    private Task<Problem?> RoundAsync(CancellationToken cancellationToken)
    {
        var now = _now;
        _now = false;
        return _anchoring!.RoundAsync(now, cancellationToken);
    }

    [LoggerMessage(LogLevel.Warning, "The members' totals are not anchored: {Problem}")]
    private partial void LogProblem(Exception? exception, string problem);
}
