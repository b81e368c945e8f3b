using Microsoft.Extensions.Logging;
using Npgsql;

namespace Pbts.Grains.Database;

/// <summary>
/// Brings a PostgreSQL database to the schema of this build: the embedded <c>NNNN_name.sql</c> files, in order,
/// each exactly once and in its own transaction, recorded in <c>schema_version</c>. Any number of processes may
/// call it at once; an advisory lock makes them take turns.
///
/// Programs of several versions use one database while it is upgraded. A program is named by the newest script it knows, and
/// the database says which is the oldest that may use it: scripts that only add leave that alone, one that takes away what
/// older programs use raises it (<c>-- oldest: NNNN</c> in the script).
/// </summary>
public static partial class SchemaMigrator
{
    // Any fixed number will do, as long as every process of every version uses the same one.
    private const long AdvisoryLock = 0x50425453_0001;

    // Whoever asks for a table after a script that waits for it waits too, and a backup may have it for hours.
    private const string LockPatience = "SET LOCAL lock_timeout = '1s'";
    private static readonly TimeSpan LockPause = TimeSpan.FromSeconds(3);

    private const string ProgramPrefix = "pbts schema ";

    /// <summary>Applies what is missing. The database itself must exist.</summary>
    /// <exception cref="SchemaException">
    /// The database no longer has what this build needs, or was made by scripts that differ from those of this build; or older
    /// programs are connected that need what would be taken away.
    /// </exception>
    public static Task MigrateAsync(NpgsqlDataSource database, ILogger logger, CancellationToken cancellationToken) =>
        MigrateAsync(database, Migration.Embedded, logger, cancellationToken);

    /// <summary>What this program calls itself in its connections, so that the database knows how old who uses it is.</summary>
    public static string ProgramName { get; } = NameOf(Migration.Embedded[^1].Version);

    internal static string NameOf(int newestScript) => $"{ProgramPrefix}{newestScript:D4}";

    internal static async Task MigrateAsync(
        NpgsqlDataSource database, IReadOnlyList<Migration> migrations, ILogger logger, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(database);
        ArgumentNullException.ThrowIfNull(logger);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await ExecuteAsync(connection, $"SELECT pg_advisory_lock({AdvisoryLock})", cancellationToken);
        try
        {
            var applied = await ReadAppliedAsync(connection, cancellationToken);
            var missing = Missing(applied, migrations);
            foreach (var migration in missing)
            {
                while (!await TryApplyAsync(connection, migration, cancellationToken))
                {
                    LogWaiting(logger, migration.Version, migration.Name);
                    await Task.Delay(LockPause, cancellationToken);
                }

                LogApplied(logger, migration.Version, migration.Name);
            }
        }
        finally
        {
            // A broken connection has released the lock already.
            if (connection.State == System.Data.ConnectionState.Open)
                await ExecuteAsync(connection, $"SELECT pg_advisory_unlock({AdvisoryLock})", CancellationToken.None);
        }
    }

    /// <summary>What is to be applied, once it is certain that this program may use what is there.</summary>
    private static List<Migration> Missing(Dictionary<int, Applied> applied, IReadOnlyList<Migration> migrations)
    {
        var known = migrations.ToDictionary(m => m.Version);
        var newest = known.Keys.DefaultIfEmpty().Max();
        var missing = migrations.Where(m => !applied.ContainsKey(m.Version)).ToList();
        if (applied.Values.Select(a => a.Oldest).DefaultIfEmpty().Max() is var oldest && oldest > newest)
            throw new SchemaException(
                $"The database is newer than this program may use: it needs one that knows schema version {oldest:D4}, " +
                $"this program knows up to {newest:D4}. Run the newer program.");
        var unknown = applied.Keys.Where(version => !known.ContainsKey(version)).Order().ToList();
        if (unknown.Count > 0 && (unknown[0] < newest || missing.Count > 0))
            throw new SchemaException(
                $"The database has schema version {unknown[0]:D4}, which this program does not know, although " +
                (unknown[0] < newest ? $"it knows {newest:D4}" : $"the database lacks version {missing[0].Version:D4}, which it knows") +
                ": they are of different lines. Run a program that knows both.");
        foreach (var migration in migrations.Where(m => applied.TryGetValue(m.Version, out var found) && found.Checksum != m.Checksum))
            throw new SchemaException(
                $"Schema version {migration.Version:D4} ({migration.Name}) of the database was made by a different script than this program has. " +
                "An applied script must not be edited: put the change into a new one.");
        return missing;
    }

    private static async Task<Dictionary<int, Applied>> ReadAppliedAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await ExecuteAsync(connection, """
            CREATE TABLE IF NOT EXISTS schema_version (
                version    integer PRIMARY KEY,
                name       text NOT NULL,
                checksum   text NOT NULL,
                applied_at timestamptz NOT NULL DEFAULT now())
            """, cancellationToken);
        // The column comes with the first script that needs it: to add it here would wait for a backup under way.
        await using var select = new NpgsqlCommand("SELECT version, checksum, coalesce((to_jsonb(s) ->> 'oldest')::integer, 0) FROM schema_version s", connection);
        await using var reader = await select.ExecuteReaderAsync(cancellationToken);
        var applied = new Dictionary<int, Applied>();
        while (await reader.ReadAsync(cancellationToken))
            applied.Add(reader.GetInt32(0), new(reader.GetString(1), reader.GetInt32(2)));
        return applied;
    }

    /// <summary>Programs that run do not look again, so nothing that they use may go while they are there.</summary>
    private static async Task NeedNoOlderAsync(NpgsqlConnection connection, Migration migration, int oldest, CancellationToken cancellationToken)
    {
        await using var select = new NpgsqlCommand("""
            SELECT string_agg(DISTINCT right(application_name, 4) || ' at ' || coalesce(host(client_addr), 'this machine'), ', ') FROM pg_stat_activity
            WHERE datname = current_database() AND application_name ~ ('^' || $1 || '[0-9]{4}$') AND right(application_name, 4)::integer < $2
            """, connection)
        {
            Parameters = { new() { Value = ProgramPrefix }, new() { Value = oldest } },
        };
        if (await select.ExecuteScalarAsync(cancellationToken) is string older)
            throw new SchemaException(
                $"Schema version {migration.Version:D4} ({migration.Name}) takes away what programs that do not know version {oldest:D4} use, and such are running: {older}. " +
                "Upgrade them to a version in between first, or stop them.");
    }

    /// <returns>False, and nothing has happened, when somebody else has had a table for too long.</returns>
    private static async Task<bool> TryApplyAsync(NpgsqlConnection connection, Migration migration, CancellationToken cancellationToken)
    {
        if (migration.Oldest is { } needed)
            await NeedNoOlderAsync(connection, migration, needed, cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await ExecuteAsync(connection, LockPatience, cancellationToken);
        try
        {
            await ExecuteAsync(connection, migration.Sql, cancellationToken);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            return false;
        }

        await using var record = new NpgsqlCommand("INSERT INTO schema_version (version, name, checksum) VALUES ($1, $2, $3)", connection)
        {
            Parameters = { new() { Value = migration.Version }, new() { Value = migration.Name }, new() { Value = migration.Checksum } },
        };
        await record.ExecuteNonQueryAsync(cancellationToken);
        if (migration.Oldest is { } oldest)
            await ExecuteAsync(connection, $"""
                ALTER TABLE schema_version ADD COLUMN IF NOT EXISTS oldest integer NOT NULL DEFAULT 0;
                UPDATE schema_version SET oldest = {oldest} WHERE version = {migration.Version}
                """, cancellationToken);
        await transaction.CommitSafelyAsync(seconds: 0);
        return true;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        // No time limit: waiting for another process's migration, or a long one of our own, is not an error.
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Applied schema version {Version} ({Name})")]
    private static partial void LogApplied(ILogger logger, int version, string name);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Schema version {Version} ({Name}) waits for a table that a backup or a long statement has; trying again")]
    private static partial void LogWaiting(ILogger logger, int version, string name);

    private sealed record Applied(string Checksum, int Oldest);
}
