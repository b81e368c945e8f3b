using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using Pbts.Api.Administration;
using Pbts.Api.Announce;
using Pbts.Api.Callers;
using Pbts.Hosting.Configuration;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Operations;

/// <summary>The audit log under people who knock at the door.</summary>
public sealed class AuditTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    private const int Kept = 20_000;

    [Fact]
    public async Task Whoever_knocks_fills_no_log()
    {
        const int Knocks = 300;
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), ("PBTS_ADMIN_TOKEN", "an-administration-token-for-tests"));
        var request = $"GET /migrations/{new string('x', 20_000)} HTTP/1.1\r\nHost: t\r\n";
        var answers = Encoding.ASCII.GetString(await RawHttp.ExchangeAsync(new(IPAddress.Loopback, node.Port), Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(request + "\r\n", Knocks)) + request + "Connection: close\r\n\r\n")));
        Assert.Equal(Knocks + 1, answers.Split("HTTP/1.1 401").Length - 1);
        var lines = node.Log.Split('\n').Where(line => line.Contains("GET /migrations", StringComparison.Ordinal)).ToArray();
        Assert.InRange(lines.Length, 1, 60);
        Assert.All(lines, line => Assert.InRange(line.Length, 1, 500));
    }

    [Fact]
    public void Refusals_that_the_log_leaves_out_are_a_number_in_it()
    {
        var (time, log) = (new FakeTimeProvider(), new List<string>());
        using var loggers = LoggerFactory.Create(logging => logging.AddProvider(new Collector(log)));
        using var database = NpgsqlDataSource.Create("Host=127.0.0.1");
        var addresses = new ClientAddressResolver(Options.Create(new TrackerOptions()), time, loggers.CreateLogger<ClientAddressResolver>());
        using var audit = new AuditTrail(loggers, database, addresses, time);
        for (var i = 0; i < 1000; i++)
            audit.Record(new DefaultHttpContext(), AuditTrail.Refused, refused: true);
        Assert.Equal(60, log.Count);
        time.Advance(TimeSpan.FromSeconds(61));
        Assert.Equal("940 more attempts were refused within a minute", log[60]);
        audit.Record(new DefaultHttpContext(), AuditTrail.Refused, refused: true);
        Assert.Equal(62, log.Count);
    }

    private sealed class Collector(List<string> log) : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => log.Add(formatter(state, exception));

        public void Dispose()
        {
        }
    }

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
