using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Pbts.Grains.Database;

/// <summary>
/// Brings a PostgreSQL database to the schema of this build: the embedded <c>NNNN_name.sql</c> files, in order,
/// each exactly once and in its own transaction, recorded in <c>schema_version</c>. Any number of processes may
/// call it at once; an advisory lock makes them take turns.
/// </summary>
public static partial class SchemaMigrator
{
    // Any fixed number will do, as long as every process of every version uses the same one.
    private const long AdvisoryLock = 0x50425453_0001;

    /// <summary>Applies what is missing. The database itself must exist.</summary>
    /// <exception cref="InvalidOperationException">
    /// The database holds a schema this build does not know, or one that differs from what this build would apply.
    /// </exception>
    public static Task MigrateAsync(NpgsqlDataSource database, ILogger logger, CancellationToken cancellationToken) =>
        MigrateAsync(database, Migration.Embedded, logger, cancellationToken);

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
            Check(applied, migrations);
            foreach (var migration in migrations.Where(m => !applied.ContainsKey(m.Version)))
            {
                await ApplyAsync(connection, migration, cancellationToken);
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

    private static void Check(Dictionary<int, string> applied, IReadOnlyList<Migration> migrations)
    {
        var known = migrations.ToDictionary(m => m.Version);
        foreach (var (version, checksum) in applied.OrderBy(a => a.Key))
        {
            if (!known.TryGetValue(version, out var migration))
                throw new InvalidOperationException(
                    $"The database is newer than this program: it has schema version {version:D4}, " +
                    $"this program knows up to {known.Keys.DefaultIfEmpty().Max():D4}. Run the newer program.");
            if (migration.Checksum != checksum)
                throw new InvalidOperationException(
                    $"Schema version {version:D4} ({migration.Name}) of the database was made by a different script than this program has. " +
                    "An applied script must not be edited: put the change into a new one.");
        }
    }

    private static async Task<Dictionary<int, string>> ReadAppliedAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await ExecuteAsync(connection, """
            CREATE TABLE IF NOT EXISTS schema_version (
                version    integer PRIMARY KEY,
                name       text NOT NULL,
                checksum   text NOT NULL,
                applied_at timestamptz NOT NULL DEFAULT now())
            """, cancellationToken);
        await using var select = new NpgsqlCommand("SELECT version, checksum FROM schema_version", connection);
        await using var reader = await select.ExecuteReaderAsync(cancellationToken);
        var applied = new Dictionary<int, string>();
        while (await reader.ReadAsync(cancellationToken))
            applied.Add(reader.GetInt32(0), reader.GetString(1));
        return applied;
    }

    private static async Task ApplyAsync(NpgsqlConnection connection, Migration migration, CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await ExecuteAsync(connection, migration.Sql, cancellationToken);
        await using var record = new NpgsqlCommand("INSERT INTO schema_version (version, name, checksum) VALUES ($1, $2, $3)", connection)
        {
            Parameters = { new() { Value = migration.Version }, new() { Value = migration.Name }, new() { Value = migration.Checksum } },
        };
        await record.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitSafelyAsync(seconds: 0);
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        // No time limit: waiting for another process's migration, or a long one of our own, is not an error.
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Applied schema version {Version} ({Name})")]
    private static partial void LogApplied(ILogger logger, int version, string name);

    /// <summary>One schema script: <paramref name="Version"/> and <paramref name="Name"/> come from its file name.</summary>
    internal sealed record Migration(int Version, string Name, string Sql)
    {
        public static IReadOnlyList<Migration> Embedded { get; } = Load();

        public string Checksum => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Sql.ReplaceLineEndings("\n"))));

        private static List<Migration> Load()
        {
            var assembly = typeof(SchemaMigrator).Assembly;
            var migrations = new List<Migration>();
            foreach (var file in assembly.GetManifestResourceNames().Where(n => n.EndsWith(".sql", StringComparison.Ordinal)))
            {
                using var reader = new StreamReader(assembly.GetManifestResourceStream(file)!);
                var version = int.Parse(file.AsSpan(0, 4), NumberStyles.None, CultureInfo.InvariantCulture);
                migrations.Add(new Migration(version, Path.GetFileNameWithoutExtension(file)[5..], reader.ReadToEnd()));
            }
            return [.. migrations.OrderBy(m => m.Version)];
        }
    }
}
