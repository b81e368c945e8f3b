using Microsoft.Extensions.Logging;
using Orleans.Concurrency;
using Pbts.GrainInterfaces.Chain;
using Pbts.Grains.Chain.Anchors;
using Pbts.Grains.Chain.Contracts;
using Pbts.Grains.Chain.Outbox;
using Pbts.Grains.Chain.Sync;
using Pbts.Hosting.Configuration;
using Pbts.Protocol;
using Pbts.Protocol.Ethereum;

namespace Pbts.Grains.Chain.Migrations;

/// <summary>Drives one migration by a timer; a reminder brings it back after a crash.</summary>
[Reentrant]
internal sealed partial class ReputationMigrationGrain(
    ChainConnection connection, MigrationStore store, ChainOutbox outbox, ContractRecords contracts, IChainSubmitter chain,
    AnchorStore anchorStore, ProofStore proofs, SyncBudget budget, ILogger<ReputationMigrationGrain> logger)
    : Grain, IReputationMigrationGrain, IRemindable
{
    private const int StepsAtOnce = 50;

    private MigrationAnchors? _anchors;
    private MigrationRunner? _runner;
    private Pump? _pump;
    private MigrationPhase? _phase;

    private Guid Id => this.GetPrimaryKey();

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (connection is not { Rpc: { } rpc, Reader: { } reader, Key: { } key })
            return Task.CompletedTask;
        var anchoring = new Anchoring(reader, key.Address, connection.Options, anchorStore, budget, contracts, chain);
        _anchors = new MigrationAnchors(rpc, reader, key.Address, connection.Options.LogRange, store, anchorStore, anchoring, proofs);
        _runner = new MigrationRunner(rpc, reader, key.Address, connection.Factory, connection.Options.LogRange, store, outbox, contracts, chain, _anchors);
        _pump = new Pump(
            this, "migration", TimeSpan.FromMilliseconds(connection.Options.PollMilliseconds), RoundAsync, (e, problem) => LogProblem(e, Id, problem));
        _pump.Start(TimeSpan.Zero);
        return Task.CompletedTask;
    }

    public async Task<ContractResult<MigrationView>> StartAsync(MigrationRequest request)
    {
        if (_pump is null || _anchors is null || connection.Factory is null)
            return new Problem(ProblemKind.NotConfigured, "The contract interface is not configured: set RPC, PK0 and FACTORY.");
        if (!EthereumAddress.TryParse(request.ReferrerAddress, out var referrer))
            return new Problem(ProblemKind.Invalid, "referrer_address is not an address");
        if (!(await connection.Reader!.OwnerAsync(referrer)).TryGet(out var owner, out var error))
            return error;
        if (owner is null)
            return new Problem(ProblemKind.Invalid, "referrer_address is not a Reputation contract");
        if (!(await _anchors.PlanAsync(request, referrer)).TryGet(out var plan, out error))
            return error;
        await _pump.RemindAsync();
        if (!await store.AddAsync(Id, referrer, request, plan))
            return new Problem(ProblemKind.Refused, "Another migration is not finished");
        await store.ChangeStateAsync(Id, MigrationState.Running, MigrationState.Pending);
        _pump.Wake();
        return (await store.ViewAsync(Id))!;
    }

    public Task<MigrationView?> GetAsync() => store.ViewAsync(Id);

    public async Task<ContractResult<MigrationView>> CommandAsync(MigrationCommand command)
    {
        var changed = command switch
        {
            MigrationCommand.Pause => await store.ChangeStateAsync(Id, MigrationState.Paused, MigrationState.Pending, MigrationState.Running),
            MigrationCommand.Resume => await store.ChangeStateAsync(Id, MigrationState.Running, MigrationState.Paused),
            _ => await store.ChangeStateAsync(Id, MigrationState.Cancelled, MigrationState.Pending, MigrationState.Running, MigrationState.Paused),
        };
        _pump?.Wake();
        if (await store.ViewAsync(Id) is not { } view)
            return new Problem(ProblemKind.NotFound, "unknown migration");
        var verb = command switch { MigrationCommand.Pause => "paused", MigrationCommand.Resume => "resumed", _ => "cancelled" };
        return changed ? view : new Problem(ProblemKind.Refused, $"A migration that is {view.State.ToText()} cannot be {verb}");
    }

    public Task ReceiveReminder(string reminderName, TickStatus status)
    {
        _pump?.Wake();
        return Task.CompletedTask;
    }

    private async Task<Problem?> RoundAsync(CancellationToken cancellationToken)
    {
        for (var i = 0; i < StepsAtOnce && await _runner!.StepAsync(Id, cancellationToken); i++)
        {
        }
        var migration = await store.FindAsync(Id);
        if (migration is not null && migration.Phase != _phase)
            LogPhase(Id, migration.State.ToText(), (_phase = migration.Phase).Value.ToText());
        if (migration is { State: MigrationState.Pending or MigrationState.Running })
        {
            await chain.ResumeAsync();
            return null;
        }
        _pump!.Rest();
        if (migration is not { State: MigrationState.Paused })
            await _pump.ForgetAsync();
        // The new contract has no root yet, and the interval is the old one's.
        if (migration is { State: MigrationState.Completed, Method: MigrationMethod.Anchor } && connection.Options.ParseSync() != ChainSync.Members)
            await GrainFactory.GetGrain<IAnchorGrain>(0).AnchorAsync(TimeSpan.Zero);
        return null;
    }

    [LoggerMessage(LogLevel.Information, "Migration {Id} is {State}, at {Phase}")]
    private partial void LogPhase(Guid id, string state, string phase);

    [LoggerMessage(LogLevel.Warning, "Migration {Id} waits: {Problem}")]
    private partial void LogProblem(Exception? exception, Guid id, string problem);
}
