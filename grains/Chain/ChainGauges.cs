using System.Diagnostics.Metrics;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using Pbts.GrainInterfaces.Operations;
using Pbts.Grains.Chain.Sync;
using Pbts.Hosting.Metrics;
using Pbts.Hosting.Resilience;

namespace Pbts.Grains.Chain;

/// <summary>
/// Measures how much waits for the chain and how far a migration is, by looking into the database now and then. Every silo
/// says the same: take the maximum, not the sum.
/// </summary>
internal sealed partial class ChainGauges(
    NpgsqlDataSource database, SyncBudget budget, ChainConnection connection, IMeterFactory meters, ILogger<ChainGauges> logger) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(10);

    private long _queued;
    private long _sent;
    private long _remaining;
    private long _migrated;
    private long _failed;
    private double _anchorAge;
    private SyncBudgetState _sync = new(0, null, 0);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var meter = meters.Create(Telemetry.Name);
        meter.CreateObservableGauge("pbts.chain.outbox",
            () => (Measurement<long>[])[State(_queued, "queued"), State(_sent, "sent")], "{transaction}", "Transactions that are not in a block yet, of the whole cluster.");
        meter.CreateObservableGauge("pbts.migration.users",
            () => (Measurement<long>[])[State(_remaining, "remaining"), State(_migrated, "migrated"), State(_failed, "failed")], "{user}", "Users of the migration that is not finished, of the whole cluster.");
        meter.CreateObservableGauge("pbts.chain.sync.gas",
            () => (Measurement<long>[])[State(_sync.GasUsed, "used"), State(connection.Options.SyncGasPerDay, "budget")], "{gas}", "Gas of the sync in the last 24 hours, and the most it may be (0: no limit), of the whole cluster.");
        meter.CreateObservableGauge("pbts.chain.sync.paused", () => _sync.PausedSince is null ? 0 : 1, "{state}", "1 while members' totals wait for the gas budget.");
        meter.CreateObservableGauge("pbts.chain.sync.waiting", () => _sync.Waiting, "{member}", "Members that would be added to the contract if somebody vouched for them.");
        meter.CreateObservableGauge("pbts.chain.anchor.age", () => _anchorAge, "s", "Time since the totals of all members were last those of a root on the chain; 0 while there is none.");
        using var timer = new PeriodicTimer(Period);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
                await LookAsync(stoppingToken);
        }
        catch (OperationCanceledException)
        {
            // The silo stops.
        }
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using var command = database.CreateCommand("""
                SELECT open.queued, open.sent, moved.remaining, moved.migrated, moved.failed,
                       (SELECT extract(epoch FROM now() - checked_at)::float8 FROM anchors WHERE settled ORDER BY id DESC LIMIT 1)
                FROM (SELECT count(*) FILTER (WHERE state = 'queued') AS queued, count(*) FILTER (WHERE state = 'sent') AS sent
                      FROM chain_outbox WHERE state IN ('queued', 'sent', 'mined')) AS open,
                     (SELECT count(*) FILTER (WHERE state IN ('candidate', 'pending', 'sent')) AS remaining,
                             count(*) FILTER (WHERE state = 'migrated') AS migrated, count(*) FILTER (WHERE state = 'failed') AS failed
                      FROM migration_user
                      WHERE migration_id = (SELECT id FROM migration WHERE state IN ('pending', 'running', 'paused'))) AS moved
                """);
            command.CommandTimeout = 5;
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            await reader.ReadAsync(cancellationToken);
            (_queued, _sent) = (reader.GetInt64(0), reader.GetInt64(1));
            var anchorAge = reader.IsDBNull(5) ? 0 : reader.GetDouble(5);
            var sync = await budget.ReadAsync().WaitAsync(cancellationToken);
            (_sync, _anchorAge) = (sync, anchorAge);
            (_remaining, _migrated, _failed) = (reader.GetInt64(2), reader.GetInt64(3), reader.GetInt64(4));
        }
        catch (Exception e) when (Away.IsDatabase(e))
        {
            LogStale(e.Message);
        }
    }

    private static Measurement<long> State(long count, string state) => new(count, new KeyValuePair<string, object?>("state", state));

    [LoggerMessage(LogLevel.Debug, "The chain's figures are not up to date: {Problem}")]
    private partial void LogStale(string problem);
}
