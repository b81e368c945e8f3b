using Npgsql;
using Pbts.Grains.Database;
using Pbts.Protocol.Ethereum;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Database;

/// <summary>Statements of one line: what they take and give, and that broken connections do not reach the caller.</summary>
public sealed class SqlTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    private static readonly EthereumAddress Somebody = new([.. Enumerable.Range(1, EthereumAddress.Size).Select(i => (byte)i)]);

    [Fact]
    public async Task Nulls_addresses_and_members_of_enumerations_go_in_and_come_out()
    {
        await using var database = await ThingsAsync();
        Assert.Equal(1, await database.ExecuteAsync("INSERT INTO thing (name, address, state, count) VALUES ($1, $2, $3, $4)", "one", Somebody, MigrationState.Running, 7L));
        Assert.Equal(1, await database.ExecuteAsync("INSERT INTO thing (name, address, state, count) VALUES ($1, $2, $3, $4)", "two", null, null, null));
        Assert.Equal(
            [("one", (EthereumAddress?)Somebody, "running", (long?)7), ("two", null, null, null)],
            await database.QueryAsync("SELECT name, address, state, count FROM thing ORDER BY name",
                row => (row.GetString(0), row.MaybeAddress(1), row.Maybe<string>(2), row.Maybe<long?>(3))));
        Assert.Equal("one", await database.ValueAsync<string>("SELECT name FROM thing WHERE address = $1", Somebody));
        Assert.Null(await database.ValueAsync<long?>("SELECT count FROM thing WHERE name = $1", "three"));
    }

    [Fact]
    public async Task Questions_and_changes_get_through_when_every_pooled_connection_is_broken()
    {
        await using var database = await ThingsAsync();
        for (var round = 1; round <= 3; round++)
        {
            await BreakAllAsync(database);
            Assert.Equal(1, await database.ExecuteAsync("INSERT INTO thing (name) VALUES ($1)", $"thing {round}"));
            await BreakAllAsync(database);
            Assert.Equal(round, await database.ValueAsync<int>("SELECT count(*)::int FROM thing"));
        }
    }

    [Fact]
    public async Task A_change_that_may_have_been_made_is_not_made_twice()
    {
        await using var database = await ThingsAsync();
        // Ends the connection when the change is being committed.
        await database.ExecuteAsync("""
            CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$
            """);
        await database.ExecuteAsync("CREATE SEQUENCE tries");
        await database.ExecuteAsync("ALTER TABLE thing ALTER count SET DEFAULT nextval('tries')");
        await database.ExecuteAsync("CREATE CONSTRAINT TRIGGER dies AFTER INSERT ON thing DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION die()");
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => database.ExecuteAsync("INSERT INTO thing (name) VALUES ('never')"));
        Assert.Equal(1, await database.ValueAsync<long>("SELECT last_value FROM tries"));
    }

    private async Task<NpgsqlDataSource> ThingsAsync()
    {
        var database = NpgsqlDataSource.Create(await postgres.CreateDatabaseAsync(migrated: false));
        await database.ExecuteAsync("CREATE TABLE thing (name text PRIMARY KEY, address bytea, state text, count bigint)");
        return database;
    }

    private static async Task BreakAllAsync(NpgsqlDataSource database)
    {
        // More than one connection in the pool.
        await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => database.ValueAsync<string>("SELECT pg_sleep(0.05)::text")));
        await using var killer = new NpgsqlConnection(database.ConnectionString + ";Pooling=false");
        await killer.OpenAsync();
        await killer.ExecuteAsync("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()");
    }
}
