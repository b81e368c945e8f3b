using System.Net;
using Npgsql;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Operations;

/// <summary>The audit log under people who knock at the door.</summary>
[Collection("postgres")]
public sealed class AuditTests(PostgresServer postgres)
{
    private const int Kept = 20_000;

    [Fact]
    public async Task Refused_attempts_do_not_push_actions_out_of_the_table()
    {
        var connection = await postgres.CreateDatabaseAsync();
        await using var database = NpgsqlDataSource.Create(connection);
        await ExecuteAsync("INSERT INTO audit (at, action, address, outcome) VALUES (now(), 'POST /config', '127.0.0.1', 'done')");
        await ExecuteAsync($"INSERT INTO audit (at, action, address, outcome) SELECT now(), 'GET /knock', '127.0.0.1', 'refused' FROM generate_series(1, {Kept + 500})");

        await using var node = await NodeProcess.StartNodeAsync(connection, ("PBTS_ADMIN_TOKEN", "an-administration-token-for-tests"));
        using var refused = await node.Http.GetAsync("/console/api/users");
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        for (var tries = 0; await CountAsync("outcome = 'refused'") > Kept + 1; tries++)
        {
            Assert.True(tries < 300, "Old refusals were not removed within 30 seconds.");
            await Task.Delay(100);
        }

        Assert.Equal(1, await CountAsync("outcome = 'done'"));
        Assert.Equal(1, await CountAsync("action = 'GET /console/api/users'"));

        async Task<long> CountAsync(string which)
        {
            await using var command = database.CreateCommand($"SELECT count(*) FROM audit WHERE {which}");
            return (long)(await command.ExecuteScalarAsync())!;
        }

        async Task ExecuteAsync(string sql)
        {
            await using var command = database.CreateCommand(sql);
            await command.ExecuteNonQueryAsync();
        }
    }
}
