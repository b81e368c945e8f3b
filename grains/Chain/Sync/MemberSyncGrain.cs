using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Concurrency;
using Pbts.GrainInterfaces.Chain;
using Pbts.Grains.Chain.Contracts;
using Pbts.Grains.Chain.Outbox;
using Pbts.Grains.Issuers;
using Pbts.Hosting.Configuration;
using Pbts.Protocol;

namespace Pbts.Grains.Chain.Sync;

/// <summary>Runs the sync by a timer; a reminder keeps it going through crashes and restarts.</summary>
[Reentrant]
internal sealed partial class MemberSyncGrain(
    ChainConnection connection, MemberSyncStore store, MemberStanding standing, SyncBudget budget, ContractRecords contracts, IChainSubmitter chain,
    ImportStore imports, IOptions<IssuersOptions> issuers, ILogger<MemberSyncGrain> logger)
    : Grain, IMemberSyncGrain, IRemindable
{
    private MemberSync? _sync;
    private Pump? _pump;
    private bool _newcomers;
    private bool _importing;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (connection is not { Rpc: { } rpc, Reader: { } reader, Key: { } key })
            return Task.CompletedTask;
        _sync = new MemberSync(rpc, reader, key.Address, connection.Options, store, standing, budget, contracts, chain,
            issuers.Value.Referrers ? null : new ReferrerImports(rpc, store, imports));
        var period = TimeSpan.FromSeconds(connection.Options.SyncSeconds);
        _pump = new Pump(this, "sync", period, _ => RoundAsync(), LogProblem);
        if (period == TimeSpan.Zero)
            return Task.CompletedTask;
        _pump.Start(period);
        return _pump.RemindAsync();
    }

    public async Task MemberProvenAsync()
    {
        // One search at a time, and one more after it for whoever came meanwhile: not one each when many register at once.
        _newcomers = true;
        if (_sync is null || _pump is null || _importing)
            return;
        _importing = true;
        try
        {
            while (_newcomers)
            {
                _newcomers = false;
                await _pump.GuardAsync(() => _sync.ImportAsync());
            }
        }
        finally
        {
            _importing = false;
        }
    }

    public async Task<string?> SyncNowAsync() => _pump is null ? "No node or no signing key is configured (RPC, PK0)." : (await _pump.RunAsync())?.Text;

    /// <summary>The reminder has done its work when the grain is active.</summary>
    public Task ReceiveReminder(string reminderName, TickStatus status) => Task.CompletedTask;

    private async Task<Problem?> RoundAsync() => await _sync!.ImportAsync() ?? await _sync.ExportAsync();

    [LoggerMessage(LogLevel.Warning, "Members' totals are not in step with the contract: {Problem}")]
    private partial void LogProblem(Exception? exception, string problem);
}
