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
    public async Task A_newer_database_is_used_as_long_as_its_scripts_only_added()
    {
        await using var database = await EmptyAsync();
        SchemaMigrator.Migration one = new(1, "one", "CREATE TABLE a (x integer)"), added = new(2, "added", "ALTER TABLE a ADD COLUMN y integer");
        await MigrateAsync(database, one, added);

        await MigrateAsync(database, one);

        Assert.Equal(2L, await ScalarAsync(database, "SELECT count(*) FROM schema_version"));
    }

    [Fact]
    public async Task A_script_that_takes_something_away_names_the_oldest_program_that_may_go_on()
    {
        await using var database = await EmptyAsync();
        SchemaMigrator.Migration[] all =
            [new(1, "one", "CREATE TABLE a (x integer, y integer)"), new(2, "two", "ALTER TABLE a ADD COLUMN z integer"), new(3, "three", "SELECT 1"), new(4, "less", "-- y is in z.\n-- oldest: 0003\nALTER TABLE a DROP COLUMN y")];
        await MigrateAsync(database, all);

        var error = await Assert.ThrowsAsync<SchemaException>(() => MigrateAsync(database, all[..2]));

        Assert.Equal("The database is newer than this program may use: it needs one that knows schema version 0003, this program knows up to 0002. Run the newer program.", error.Message);
        await MigrateAsync(database, all[..3]);
        await MigrateAsync(database, all);
    }

    [Fact]
    public async Task Nothing_is_taken_away_while_older_programs_are_connected()
    {
        var connection = await postgres.CreateDatabaseAsync(migrated: false);
        await using var database = NpgsqlDataSource.Create(connection);
        SchemaMigrator.Migration one = new(1, "one", "CREATE TABLE a (x integer, y integer)"), two = new(2, "two", "SELECT 1"), less = new(3, "less", "-- oldest: 0002\nALTER TABLE a DROP COLUMN y");
        await MigrateAsync(database, one);
        await using (var old = await ConnectAsync(SchemaMigrator.NameOf(1)))
        await using (var next = await ConnectAsync(SchemaMigrator.NameOf(2)))
        {
            var error = await Assert.ThrowsAsync<SchemaException>(() => MigrateAsync(database, one, two, less));
            Assert.Contains("0003 (less) takes away what programs that do not know version 0002 use, and such are running: 0001 at ", error.Message, StringComparison.Ordinal);
            Assert.DoesNotContain("0002 at", error.Message, StringComparison.Ordinal);
            Assert.Equal(2L, await ScalarAsync(database, "SELECT count(*) FROM information_schema.columns WHERE table_name = 'a'"));

            await old.CloseAsync();
            await Wait.UntilAsync(async () => await ScalarAsync(database, $"SELECT count(*) FROM pg_stat_activity WHERE application_name = '{SchemaMigrator.NameOf(1)}'") is 0L);
            await MigrateAsync(database, one, two, less);
        }

        async Task<NpgsqlConnection> ConnectAsync(string name)
        {
            var opened = new NpgsqlConnection($"{connection};Application Name={name};Pooling=false");
            await opened.OpenAsync();
            return opened;
        }
    }

    [Fact]
    public async Task Databases_of_another_line_of_programs_are_refused()
    {
        await using var database = await EmptyAsync();
        SchemaMigrator.Migration one = new(1, "one", "SELECT 1"), two = new(2, "two", "SELECT 1"), three = new(3, "three", "SELECT 1"), four = new(4, "four", "SELECT 1");
        await MigrateAsync(database, one, two, three);

        Assert.Contains("0002", (await Assert.ThrowsAsync<SchemaException>(() => MigrateAsync(database, one, three))).Message, StringComparison.Ordinal);
        await MigrateAsync(database, one, two, three, four);
        var between = await Assert.ThrowsAsync<SchemaException>(() => MigrateAsync(database, new(0, "zero", "SELECT 1"), one, two, three));
        Assert.Contains("lacks version 0000", between.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("-- oldest: 3")]
    [InlineData("-- oldest: 0")]
    [InlineData("-- oldest: the one before")]
    [InlineData("--oldest:")]
    [InlineData("-- oldest: 1\n-- oldest: 2")]
    public void A_script_that_names_the_oldest_program_wrongly_is_no_script(string sql) =>
        Assert.Throws<FormatException>(() => new SchemaMigrator.Migration(2, "two", sql));

    [Fact]
    public async Task A_script_that_waits_for_a_backup_holds_nobody_up()
    {
        await using var database = await EmptyAsync();
        SchemaMigrator.Migration one = new(1, "one", "CREATE TABLE a (x integer)"), added = new(2, "added", "ALTER TABLE a ADD COLUMN y integer");
        await MigrateAsync(database, one);
        await using var backup = await database.OpenConnectionAsync();
        await using var transaction = await backup.BeginTransactionAsync();
        await using (var read = new NpgsqlCommand("SELECT count(*) FROM a", backup))
            await read.ExecuteScalarAsync();

        var migrating = MigrateAsync(database, one, added);
        await Wait.UntilAsync(async () => await ScalarAsync(database, "SELECT count(*) FROM pg_locks WHERE relation = 'a'::regclass AND NOT granted") is 1L);
        // By a script that waits on, this would be held up for as long as the backup.
        Assert.Equal(0L, await ScalarAsync(database, "SELECT count(*) FROM a"));
        Assert.False(migrating.IsCompleted);

        await transaction.CommitAsync();
        await migrating;
        Assert.Equal(2L, await ScalarAsync(database, "SELECT count(*) FROM schema_version"));
    }

    [Fact]
    public async Task A_changed_script_is_refused()
    {
        await using var database = NpgsqlDataSource.Create(await postgres.CreateDatabaseAsync());
        await ScalarAsync(database, "UPDATE schema_version SET checksum = 'other' WHERE version = 1 RETURNING 1");

        var error = await Assert.ThrowsAsync<SchemaException>(() => MigrateAsync(database));

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

    private async Task<NpgsqlDataSource> EmptyAsync() => NpgsqlDataSource.Create(await postgres.CreateDatabaseAsync(migrated: false));

    private static Task MigrateAsync(NpgsqlDataSource database, params SchemaMigrator.Migration[] migrations) =>
        SchemaMigrator.MigrateAsync(database, migrations, NullLogger.Instance, CancellationToken.None);

    private static Task MigrateAsync(NpgsqlDataSource database) =>
        SchemaMigrator.MigrateAsync(database, NullLogger.Instance, CancellationToken.None);

    private static async Task<object?> ScalarAsync(NpgsqlDataSource database, string sql)
    {
        await using var command = database.CreateCommand(sql);
        return await command.ExecuteScalarAsync();
    }
}
