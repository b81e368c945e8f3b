using Microsoft.Extensions.Logging;
using Npgsql;
using Orleans.Concurrency;
using Pbts.GrainInterfaces.Chain;

namespace Pbts.Grains.Chain;

/// <summary>Runs the sync by a timer; a reminder keeps it going through crashes and restarts.</summary>
[Reentrant]
internal sealed partial class MemberSyncGrain(
    ChainConnection connection, MemberSyncStore store, MemberStanding standing, SyncBudget budget, ContractRecords contracts, IChainSubmitter chain, ILogger<MemberSyncGrain> logger)
    : Grain, IMemberSyncGrain, IRemindable
{
    private const string ReminderName = "sync";
    private static readonly TimeSpan ReminderPeriod = TimeSpan.FromMinutes(1);

    private MemberSync? _sync;
    private string? _problem;
    private Task<string?>? _running;
    private bool _newcomers;
    private bool _importing;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (connection is not { Rpc: { } rpc, Key: { } key }) return Task.CompletedTask;
        _sync = new MemberSync(rpc, key.Address, connection.Options, store, standing, budget, contracts, chain);
        if (connection.Options.SyncSeconds == 0) return Task.CompletedTask;
        var period = TimeSpan.FromSeconds(connection.Options.SyncSeconds);
        this.RegisterGrainTimer(RunAsync, new GrainTimerCreationOptions(period, period) { Interleave = true, KeepAlive = true });
        return this.RegisterOrUpdateReminder(ReminderName, ReminderPeriod, ReminderPeriod, cancellationToken);
    }

    public async Task MemberProvenAsync()
    {
        // One search at a time, and one more after it for whoever came meanwhile: not one each when many register at once.
        _newcomers = true;
        if (_sync is null || _importing) return;
        _importing = true;
        try
        {
            while (_newcomers)
            {
                _newcomers = false;
                await GuardAsync(() => _sync.ImportAsync());
            }
        }
        finally
        {
            _importing = false;
        }
    }

    public Task<string?> SyncNowAsync() => _sync is null
        ? Task.FromResult<string?>("No node or no signing key is configured (RPC, PK0).")
        : _running is { IsCompleted: false } ? _running : _running = GuardAsync(RoundAsync);

    /// <summary>The reminder has done its work when the grain is active.</summary>
    public Task ReceiveReminder(string reminderName, TickStatus status) => Task.CompletedTask;

    private Task RunAsync(CancellationToken cancellationToken) => SyncNowAsync();

    private async Task<string?> RoundAsync() => await _sync!.ImportAsync() ?? await _sync.ExportAsync();

    private async Task<string?> GuardAsync(Func<Task<string?>> work)
    {
        string? problem;
        try
        {
            problem = await work();
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException)
        {
            problem = "the database does not answer";
        }
        catch (OrleansException)
        {
            problem = "the silo of the signing key does not answer";
        }
        if (problem is not null && problem != _problem) LogProblem(problem);
        return _problem = problem;
    }

    [LoggerMessage(LogLevel.Warning, "Members' totals are not in step with the contract: {Problem}")]
    private partial void LogProblem(string problem);
}
