using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Pbts.Grains.Database;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Database;

public sealed class SchemaMigratorTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    private static readonly int ScriptCount = SchemaMigrator.Migration.Embedded.Count;

    [Fact]
    public async Task Migrating_twice_applies_every_script_once()
    {
        await using var database = NpgsqlDataSource.Create(await postgres.CreateDatabaseAsync(migrated: false));

        await MigrateAsync(database);
        var first = await ScalarAsync(database, "SELECT string_agg(version || ' ' || applied_at, ',' ORDER BY version) FROM schema_version");
        await MigrateAsync(database);

        Assert.Equal(first, await ScalarAsync(database, "SELECT string_agg(version || ' ' || applied_at, ',' ORDER BY version) FROM schema_version"));
        Assert.Equal((long)ScriptCount, await ScalarAsync(database, "SELECT count(*) FROM schema_version"));
    }

    [Fact]
    public async Task Concurrent_migrators_take_turns()
    {
        await using var database = NpgsqlDataSource.Create(await postgres.CreateDatabaseAsync(migrated: false));

        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => MigrateAsync(database)));

        Assert.Equal((long)ScriptCount, await ScalarAsync(database, "SELECT count(*) FROM schema_version"));
    }

    [Fact]
    public async Task A_newer_database_is_refused_and_left_alone()
    {
        await using var database = NpgsqlDataSource.Create(await postgres.CreateDatabaseAsync());
        await ScalarAsync(database, "INSERT INTO schema_version (version, name, checksum) VALUES (9999, 'future', 'x') RETURNING 1");

        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => MigrateAsync(database));

        Assert.Contains("9999", error.Message, StringComparison.Ordinal);
        Assert.Contains("newer", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_changed_script_is_refused()
    {
        await using var database = NpgsqlDataSource.Create(await postgres.CreateDatabaseAsync());
        await ScalarAsync(database, "UPDATE schema_version SET checksum = 'other' WHERE version = 1 RETURNING 1");

        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => MigrateAsync(database));

        Assert.Contains("0001", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_failing_script_leaves_nothing_and_is_tried_again()
    {
        await using var database = NpgsqlDataSource.Create(await postgres.CreateDatabaseAsync(migrated: false));
        SchemaMigrator.Migration good = new(1, "good", "CREATE TABLE a (x integer)");
        SchemaMigrator.Migration bad = new(2, "bad", "CREATE TABLE b (x integer); SELECT 1/0");
        SchemaMigrator.Migration repaired = bad with { Sql = "CREATE TABLE b (x integer)" };

        await Assert.ThrowsAsync<PostgresException>(() =>
            SchemaMigrator.MigrateAsync(database, [good, bad], NullLogger.Instance, CancellationToken.None));
        Assert.Equal(DBNull.Value, await ScalarAsync(database, "SELECT to_regclass('b')::text"));

        await SchemaMigrator.MigrateAsync(database, [good, repaired], NullLogger.Instance, CancellationToken.None);
        Assert.Equal("b", await ScalarAsync(database, "SELECT to_regclass('b')::text"));
    }

    private static Task MigrateAsync(NpgsqlDataSource database) =>
        SchemaMigrator.MigrateAsync(database, NullLogger.Instance, CancellationToken.None);

    private static async Task<object?> ScalarAsync(NpgsqlDataSource database, string sql)
    {
        await using var command = database.CreateCommand(sql);
        return await command.ExecuteScalarAsync();
    }
}
