using System.Globalization;
using Microsoft.Extensions.Logging;
using Npgsql;
using Pbts.Grains.Database;

namespace Pbts.Grains.Ledger;

/// <summary>
/// The daily partitions of spent receipts: made ahead, dropped behind. Dropping raises the floor first, in the same
/// transaction, and nothing is ever made below the floor, so what is dropped cannot be spent again. With the floor the database
/// adds what ends to <c>receipt_sums</c>.
/// </summary>
internal sealed partial class ReceiptPartitions(NpgsqlDataSource database, ILogger<ReceiptPartitions> logger)
{
    /// <summary>Epochs (hours) in a partition.</summary>
    public const long Span = 24;

    // Serialises making and dropping across the cluster.
    private const long AdvisoryLock = 0x50425453_0002;

    /// <summary>Makes the partitions of these epochs where they are missing and not below the floor.</summary>
    public async Task EnsureAsync(IEnumerable<long> epochs)
    {
        await using var connection = await database.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await LockAsync(connection);
        var floor = await FloorAsync(connection);
        foreach (var start in epochs.Select(StartOf).Except(await PartitionsAsync(connection)).Where(start => start >= floor).Order())
            await ExecuteAsync(connection, $"CREATE TABLE {Name(start)} PARTITION OF receipts FOR VALUES FROM ({start}) TO ({start + Span})");
        await transaction.CommitSafelyAsync();
    }

    /// <summary>Makes the partitions of yesterday to the day after tomorrow, by the database's clock.</summary>
    public async Task EnsureAheadAsync()
    {
        var now = await NowAsync();
        await EnsureAsync(Enumerable.Range(-1, 4).Select(day => now + (day * Span)));
    }

    /// <summary>
    /// Drops every partition that lies wholly further back than so many seconds before the database's now, and refuses those
    /// epochs from then on. No silo's own clock has a say: one that is wrong would close the ledger for all. While somebody
    /// reads all receipts for long (a dump, an audit) nothing is dropped: who waits for a table keeps the ledger waiting. Nor
    /// while somebody writes into such a day and PostgreSQL has this give way.
    /// </summary>
    public async Task DropOlderThanAsync(long seconds)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(seconds);
        try
        {
            await TryDropAsync(seconds);
        }
        catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.DeadlockDetected)
        {
            LogInUse();
        }
    }

    private async Task TryDropAsync(long seconds)
    {
        await using var connection = await database.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await LockAsync(connection);
        // Longer than it takes the database to find a deadlock: whoever still writes into such a day gives way to this.
        await ExecuteAsync(connection, "SET LOCAL lock_timeout = '2s'");
        var floor = Math.Max(StartOf(await EpochAsync(connection, seconds)), await FloorAsync(connection));
        // Adding up a day takes as long as it takes.
        await ExecuteAsync(connection, $"UPDATE receipt_floor SET epoch = {floor} WHERE epoch < {floor}", timeout: 0);
        foreach (var start in (await PartitionsAsync(connection)).Where(start => start + Span <= floor))
        {
            await ExecuteAsync(connection, $"DROP TABLE {Name(start)}");
            LogDropped(Name(start));
        }
        await transaction.CommitSafelyAsync();
    }

    private async Task<long> NowAsync()
    {
        await using var connection = await database.OpenConnectionAsync();
        return await EpochAsync(connection, ago: 0);
    }

    private static async Task<long> EpochAsync(NpgsqlConnection connection, long ago)
    {
        await using var command = new NpgsqlCommand("SELECT floor((extract(epoch FROM now()) - $1) / 3600)::bigint", connection) { Parameters = { new() { Value = ago } } };
        return (long)(await command.ExecuteScalarAsync())!;
    }

    private static long StartOf(long epoch) => Math.Max(epoch, 0) / Span * Span;

    private static string Name(long start) => string.Create(CultureInfo.InvariantCulture, $"receipts_{start}");

    private static Task LockAsync(NpgsqlConnection connection) => ExecuteAsync(connection, $"SELECT pg_advisory_xact_lock({AdvisoryLock})");

    private static async Task<long> FloorAsync(NpgsqlConnection connection)
    {
        await using var command = new NpgsqlCommand("SELECT epoch FROM receipt_floor", connection);
        return (long)(await command.ExecuteScalarAsync())!;
    }

    private static async Task<List<long>> PartitionsAsync(NpgsqlConnection connection)
    {
        await using var command = new NpgsqlCommand(
            "SELECT substr(inhrelid::regclass::text, 10)::bigint FROM pg_inherits WHERE inhparent = 'receipts'::regclass", connection);
        await using var reader = await command.ExecuteReaderAsync();
        var starts = new List<long>();
        while (await reader.ReadAsync())
            starts.Add(reader.GetInt64(0));
        return starts;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, int? timeout = null)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        command.CommandTimeout = timeout ?? command.CommandTimeout;
        await command.ExecuteNonQueryAsync();
    }

    [LoggerMessage(LogLevel.Information, "Old receipts are being read, by a dump or an audit, or still written: they are dropped later")]
    private partial void LogInUse();

    [LoggerMessage(LogLevel.Information, "Dropped the spent receipts of {Partition}: too old to be reported again")]
    private partial void LogDropped(string partition);
}
