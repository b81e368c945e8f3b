using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;
using NpgsqlTypes;
using Pbts.GrainInterfaces.Ledger;
using Pbts.Grains.Database;
using Pbts.Hosting.Configuration;
using Pbts.Hosting.Metrics;
using Pbts.Hosting.Resilience;
using Pbts.Hosting.Workers;
using Pbts.Protocol.Receipts;
using Pbts.Protocol.Vouchers;

namespace Pbts.Grains.Ledger;

/// <summary>
/// The ledger in PostgreSQL. Reports that come in while a transaction runs share the next one. A transaction locks the rows of
/// all members concerned, in the order of their ids so that two never wait for each other, reads what is on record, lets
/// <see cref="Crediting"/> decide, and writes what changes. Nobody else writes proven totals.
/// </summary>
internal sealed partial class ReceiptLedger : IReceiptLedger, IAsyncDisposable
{
    private const int MaxReportsInTransaction = 32;
    private const int Attempts = 3;

    private readonly NpgsqlDataSource _database;
    private readonly ReceiptPartitions _partitions;
    private readonly CreditRules _rules;
    private readonly ILogger<ReceiptLedger> _logger;
    private readonly LedgerMetrics _metrics;
    private readonly int _timeout;
    private readonly long _window;
    private readonly Batcher<Work, LedgerResult> _batcher;

    public ReceiptLedger(
        NpgsqlDataSource database, ReceiptPartitions partitions, CreditRules rules, IOptions<ReceiptsOptions> options, LedgerMetrics metrics, IMeterFactory meters,
        ILogger<ReceiptLedger> logger)
    {
        _database = database;
        _partitions = partitions;
        _rules = rules;
        _logger = logger;
        _metrics = metrics;
        _timeout = options.Value.LedgerTimeout;
        _window = options.Value.Window;
        _batcher = new(RunBatchAsync, MaxReportsInTransaction, options.Value.LedgerQueue, workers: 2);
        meters.Create(Telemetry.Name).CreateObservableGauge("pbts.ledger.queue", () => Waiting, "{report}", "Reports that wait for the database.");
    }

    public int Waiting => _batcher.Waiting;

    public async ValueTask<LedgerResult?> SettleAsync(IReadOnlyList<LedgerEntry> receipts, IReadOnlyList<VoucherEntry> vouchers)
    {
        if (receipts.Count + vouchers.Count == 0)
            return new([], [], null);
        return await RunAsync(new(receipts, vouchers, receipts.Count > 0 ? receipts[0].Sender : vouchers[0].Sender));
    }

    public async ValueTask<bool> ConfirmAsync(long sender) => await RunAsync(new([], [], sender)) is not null;

    public async ValueTask<HashSet<(long Epoch, ReceiptId Id)>> FindSpentAsync(IReadOnlyList<(long Epoch, ReceiptId Id)> ids)
    {
        await using var command = _database.CreateCommand("""
            SELECT epoch, id FROM receipts
            WHERE (epoch, id) IN (SELECT * FROM unnest($1::bigint[], $2::bytea[]))
            """);
        command.CommandTimeout = _timeout;
        command.Parameters.Add(Array(ids.Select(i => i.Epoch), NpgsqlDbType.Bigint));
        command.Parameters.Add(Array(ids.Select(i => i.Id.ToArray()), NpgsqlDbType.Bytea));
        var spent = new HashSet<(long, ReceiptId)>();
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
            spent.Add((reader.GetInt64(0), ReceiptId.From(reader.GetFieldValue<byte[]>(1))));
        return spent;
    }

    public async ValueTask<IReadOnlyDictionary<VoucherId, VoucherSession>> FindSessionsAsync(IReadOnlyCollection<VoucherId> ids)
    {
        await using var command = _database.CreateCommand(LedgerReads.Sessions);
        command.CommandTimeout = _timeout;
        command.Parameters.Add(Array(ids.Select(id => id.ToArray()), NpgsqlDbType.Bytea));
        var sessions = new Dictionary<VoucherId, VoucherSession>();
        await using var reader = await command.ExecuteReaderAsync();
        await LedgerReads.ReadSessionsAsync(reader, sessions);
        return sessions;
    }

    public ValueTask DisposeAsync() => _batcher.DisposeAsync();

    internal static NpgsqlParameter Array<T>(IEnumerable<T> values, NpgsqlDbType type) =>
        new() { Value = values.ToArray(), NpgsqlDbType = NpgsqlDbType.Array | type };

    private async Task<LedgerResult?> RunAsync(Work work)
    {
        if (_batcher.TryRun(work) is not { } running)
            return null;
        try
        {
            return await running;
        }
        catch (Exception e) when (Away.IsDatabase(e))
        {
            LogUnavailable(Away.Describe(e));
            return null;
        }
    }

    private async Task<IReadOnlyList<LedgerResult>> RunBatchAsync(IReadOnlyList<Work> reports)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await RunOnceAsync(reports);
            }
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.CheckViolation && e.ConstraintName is null or "" && attempt < Attempts)
            {
                // An epoch without a partition: the clock has passed midnight before the upkeep did.
                await _partitions.EnsureAsync(reports.SelectMany(report => report.Receipts).Select(receipt => receipt.Epoch));
            }
            catch (NpgsqlException e) when (attempt < Attempts && (Away.IsBrokenConnection(e) || Repeatable.LeaveReadOnly(_database, e)))
            {
                // Doing it again is safe: what the lost attempt committed comes back as a duplicate.
                LogRetry(e.SqlState ?? "connection lost");
            }
            catch (OvertakenException) when (attempt < Attempts)
            {
                LogRetry("overtaken");
            }
        }
    }

    private async Task<IReadOnlyList<LedgerResult>> RunOnceAsync(IReadOnlyList<Work> reports)
    {
        var started = Stopwatch.GetTimestamp();
        await using var connection = await _database.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        var receipts = reports.SelectMany(report => report.Receipts).ToArray();
        var vouchers = reports.SelectMany(report => report.Vouchers).ToArray();
        var state = await LedgerReads.ReadAsync(connection, [.. reports.Select(report => report.Sender)], receipts, vouchers, _window, _timeout);
        var crediting = new Crediting(state, _rules);
        LedgerResult[] results = [.. reports.Select(report => new LedgerResult([.. report.Receipts.Select(crediting.Spend)], [.. report.Vouchers.Select(crediting.Credit)], null))];
        await LedgerWrites.WriteAsync(connection, state, crediting, _rules.CreditsProven, _timeout);
        await transaction.CommitSafelyAsync(_timeout);
        _metrics.Credited(crediting.Credited.Receipts, crediting.Credited.Vouchers);
        _metrics.Withheld(crediting.Withheld);
        _metrics.Committed(Stopwatch.GetElapsedTime(started), receipts.Length + vouchers.Length);
        return [.. results.Zip(reports, (result, report) => result with { Totals = state.TotalsOf(report.Sender) })];
    }

    [LoggerMessage(LogLevel.Warning, "The ledger cannot reach the database: {Problem}")]
    private partial void LogUnavailable(string problem);

    [LoggerMessage(LogLevel.Information, "A transaction of the ledger is tried again: {Reason}")]
    private partial void LogRetry(string reason);

    /// <param name="Sender">Who reports: all entries have one sender.</param>
    private sealed record Work(IReadOnlyList<LedgerEntry> Receipts, IReadOnlyList<VoucherEntry> Vouchers, long Sender);
}
