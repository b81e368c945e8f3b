using Npgsql;
using Pbts.Grains.Database;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Database;

/// <summary>What is tried again when a connection breaks, and what is not.</summary>
public sealed class RepeatableTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    [Fact]
    public async Task A_transaction_whose_connection_breaks_before_the_commit_is_run_again_and_kept_once()
    {
        await using var database = await NotesAsync();
        var runs = 0;
        var result = await Repeatable.TransactAsync(database, async connection =>
        {
            runs++;
            await AddAsync(connection, $"run {runs}");
            if (runs == 1)
                await BreakAsync(database, connection);
            await AddAsync(connection, $"run {runs}, second part");
            return ("done", true);
        });
        Assert.Equal(("done", 2), (result, runs));
        Assert.Equal(["run 2", "run 2, second part"], await ReadAsync(database));
    }

    [Fact]
    public async Task A_connection_that_always_breaks_is_told_after_three_attempts()
    {
        await using var database = await NotesAsync();
        var runs = 0;
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => Repeatable.TransactAsync(database, async connection =>
        {
            runs++;
            await BreakAsync(database, connection);
            await AddAsync(connection, "never");
            return (0, true);
        }));
        Assert.Equal(3, runs);
        Assert.Empty(await ReadAsync(database));
    }

    [Fact]
    public async Task A_commit_without_an_answer_is_not_repeated()
    {
        await using var database = await NotesAsync();
        var runs = 0;
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => Repeatable.TransactAsync(database, async connection =>
        {
            runs++;
            await AddAsync(connection, "never");
            await BreakAsync(database, connection);
            return (0, true);
        }));
        Assert.Equal(1, runs);
    }

    [Fact]
    public async Task What_is_not_to_be_kept_is_rolled_back()
    {
        await using var database = await NotesAsync();
        Assert.Equal("refused", await Repeatable.TransactAsync(database, async connection =>
        {
            await AddAsync(connection, "never");
            return ("refused", false);
        }));
        Assert.Empty(await ReadAsync(database));
    }

    private async Task<NpgsqlDataSource> NotesAsync()
    {
        var database = NpgsqlDataSource.Create(await postgres.CreateDatabaseAsync(migrated: false));
        await using var create = database.CreateCommand("CREATE TABLE note (id bigint GENERATED ALWAYS AS IDENTITY, text text NOT NULL)");
        await create.ExecuteNonQueryAsync();
        return database;
    }

    private static async Task AddAsync(NpgsqlConnection connection, string text)
    {
        await using var command = new NpgsqlCommand("INSERT INTO note (text) VALUES ($1)", connection) { Parameters = { new() { Value = text } } };
        await command.ExecuteNonQueryAsync();
    }

    private static async Task BreakAsync(NpgsqlDataSource database, NpgsqlConnection connection)
    {
        await using var command = database.CreateCommand("SELECT pg_terminate_backend($1, 10000)");
        command.Parameters.Add(new() { Value = connection.ProcessID });
        Assert.True((bool)(await command.ExecuteScalarAsync())!);
    }

    private static async Task<List<string>> ReadAsync(NpgsqlDataSource database)
    {
        await using var command = database.CreateCommand("SELECT text FROM note ORDER BY id");
        await using var reader = await command.ExecuteReaderAsync();
        var texts = new List<string>();
        while (await reader.ReadAsync())
            texts.Add(reader.GetString(0));
        return texts;
    }
}
