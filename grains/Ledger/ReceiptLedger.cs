using System.Data;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;
using NpgsqlTypes;
using Pbts.GrainInterfaces.Configuration;
using Pbts.GrainInterfaces.Operations;
using Pbts.Protocol.Receipts;

namespace Pbts.Grains.Ledger;

/// <summary>The ledger in PostgreSQL. Reports that come in while a statement runs share the next one.</summary>
internal sealed partial class ReceiptLedger : IReceiptLedger, IAsyncDisposable
{
    private const int MaxReportsInStatement = 32;
    private const int Attempts = 3;

    // One statement, so one transaction. Whether an epoch is open is decided by the database's clock; the second within it was
    // checked before, on the same clock. New ids are found by the primary key; ON CONFLICT waits for a concurrent
    // transaction that inserts the same id and then skips it. Rows are inserted and locked in a fixed order, so
    // that two statements cannot wait for each other.
    private const string Spend = """
        WITH bounds AS (
            SELECT greatest(receipt_floor.epoch, ceil((now.seconds - coalesce((SELECT value::numeric FROM settings WHERE name = 'receipt_window'), $8)) / 3600 - 1))::bigint AS oldest,
                   floor((now.seconds + $9) / 3600)::bigint AS newest
            FROM receipt_floor, (SELECT extract(epoch FROM now()) AS seconds) AS now),
        fresh AS (
            INSERT INTO receipts (epoch, id, sender, receiver, info_hash, piece_index, bytes)
            SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::bigint[], $4::bigint[], $5::bytea[], $6::bigint[], $7::bigint[])
                AS entry (epoch, id, sender, receiver, info_hash, piece_index, bytes)
            WHERE epoch BETWEEN (SELECT oldest FROM bounds) AND (SELECT newest FROM bounds)
            ORDER BY epoch, id
            ON CONFLICT DO NOTHING
            RETURNING epoch, id, sender, receiver, bytes),
        change AS (
            SELECT member, sum(up) AS up, sum(down) AS down FROM (
                SELECT sender AS member, bytes AS up, 0 AS down FROM fresh
                UNION ALL
                SELECT receiver, 0, bytes FROM fresh WHERE receiver IS NOT NULL) AS flow
            GROUP BY member),
        locked AS (
            SELECT users.id FROM users JOIN change ON change.member = users.id ORDER BY users.id FOR UPDATE OF users),
        credited AS (
            UPDATE users SET uploaded   = least(users.uploaded + change.up, 9223372036854775807)::bigint,
                             downloaded = least(users.downloaded + change.down, 9223372036854775807)::bigint
            FROM locked JOIN change ON change.member = locked.id
            WHERE users.id = locked.id)
        SELECT id, oldest, newest FROM fresh, bounds
        UNION ALL
        SELECT NULL, oldest, newest FROM bounds
        """;

    private readonly NpgsqlDataSource _database;
    private readonly ReceiptPartitions _partitions;
    private readonly ILogger<ReceiptLedger> _logger;
    private readonly LedgerMetrics _metrics;
    private readonly int _timeout;
    private readonly long _window;
    private readonly Batcher<IReadOnlyList<LedgerEntry>, LedgerOutcome[]> _batcher;

    public ReceiptLedger(NpgsqlDataSource database, ReceiptPartitions partitions, IOptions<ReceiptsOptions> options, LedgerMetrics metrics, IMeterFactory meters, ILogger<ReceiptLedger> logger)
    {
        _database = database;
        _partitions = partitions;
        _logger = logger;
        _metrics = metrics;
        _timeout = options.Value.LedgerTimeout;
        _window = options.Value.Window;
        _batcher = new(SpendBatchAsync, MaxReportsInStatement, options.Value.LedgerQueue, workers: 2);
        meters.Create(Telemetry.Name).CreateObservableGauge("pbts.ledger.queue", () => Waiting, "{report}", "Reports that wait for the database.");
    }

    public int Waiting => _batcher.Waiting;

    public async ValueTask<LedgerOutcome[]?> SpendAsync(IReadOnlyList<LedgerEntry> entries)
    {
        if (entries.Count == 0)
            return [];
        if (_batcher.TryRun(entries) is not { } spending)
            return null;
        try
        {
            return await spending;
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException)
        {
            LogUnavailable(e.Message);
            return null;
        }
    }

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

    public ValueTask DisposeAsync() => _batcher.DisposeAsync();

    private async Task<IReadOnlyList<LedgerOutcome[]>> SpendBatchAsync(IReadOnlyList<IReadOnlyList<LedgerEntry>> reports)
    {
        // The first of equal ids wins: the statement would take either.
        var entries = new Dictionary<ReceiptId, LedgerEntry>();
        foreach (var entry in reports.SelectMany(report => report))
            entries.TryAdd(entry.Id, entry);

        for (var attempt = 1; ; attempt++)
        {
            try
            {
                var (fresh, oldest, newest) = await SpendOnceAsync([.. entries.Values]);
                return [.. reports.Select(report => report.Select(entry => Outcome(entry, fresh, oldest, newest)).ToArray())];
            }
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.CheckViolation && attempt < Attempts)
            {
                // An epoch without a partition: the clock has passed midnight before the upkeep did.
                await _partitions.EnsureAsync(entries.Values.Select(entry => entry.Epoch));
            }
            catch (NpgsqlException e) when (e.IsTransient && e.InnerException is not TimeoutException && attempt < Attempts)
            {
                // Spending again is safe: what the lost attempt committed comes back as a duplicate.
                LogRetry(e.SqlState ?? "connection lost");
            }
        }
    }

    private static LedgerOutcome Outcome(LedgerEntry entry, HashSet<ReceiptId> fresh, long oldest, long newest) =>
        // Removing it makes the same id in the same statement credited to one report only.
        fresh.Remove(entry.Id) ? LedgerOutcome.Credited
        : entry.Epoch < oldest ? LedgerOutcome.Expired
        : entry.Epoch > newest ? LedgerOutcome.Future
        : LedgerOutcome.Duplicate;

    private async Task<(HashSet<ReceiptId> Fresh, long Oldest, long Newest)> SpendOnceAsync(LedgerEntry[] entries)
    {
        await using var command = _database.CreateCommand(Spend);
        command.CommandTimeout = _timeout;
        command.Parameters.Add(Array(entries.Select(e => e.Epoch), NpgsqlDbType.Bigint));
        command.Parameters.Add(Array(entries.Select(e => e.Id.ToArray()), NpgsqlDbType.Bytea));
        command.Parameters.Add(Array(entries.Select(e => e.Sender), NpgsqlDbType.Bigint));
        command.Parameters.Add(Array(entries.Select(e => e.Receiver), NpgsqlDbType.Bigint));
        command.Parameters.Add(Array(entries.Select(e => e.InfoHash.ToArray()), NpgsqlDbType.Bytea));
        command.Parameters.Add(Array(entries.Select(e => (long)e.PieceIndex), NpgsqlDbType.Bigint));
        command.Parameters.Add(Array(entries.Select(e => e.Bytes), NpgsqlDbType.Bigint));
        command.Parameters.Add(new() { Value = _window });
        command.Parameters.Add(new() { Value = ReceiptFreshness.FutureToleranceSeconds });
        var fresh = new HashSet<ReceiptId>();
        var (oldest, newest) = (0L, 0L);
        var started = Stopwatch.GetTimestamp();
        await using var reader = await command.ExecuteReaderAsync(CommandBehavior.SingleResult);
        while (await reader.ReadAsync())
        {
            (oldest, newest) = (reader.GetInt64(1), reader.GetInt64(2));
            if (!reader.IsDBNull(0))
                fresh.Add(ReceiptId.From(reader.GetFieldValue<byte[]>(0)));
        }
        _metrics.Committed(Stopwatch.GetElapsedTime(started), entries.Length);
        return (fresh, oldest, newest);
    }

    private static NpgsqlParameter Array<T>(IEnumerable<T> values, NpgsqlDbType type) =>
        new() { Value = values.ToArray(), NpgsqlDbType = NpgsqlDbType.Array | type };

    [LoggerMessage(LogLevel.Warning, "The ledger cannot reach the database: {Problem}")]
    private partial void LogUnavailable(string problem);

    [LoggerMessage(LogLevel.Information, "The database asked to try a ledger statement again: {SqlState}")]
    private partial void LogRetry(string sqlState);
}
