using System.Diagnostics;
using Microsoft.Extensions.Options;
using Npgsql;
using Pbts.Grains.Database;
using Pbts.Hosting.Configuration;
using Pbts.Hosting.Database;
using Pbts.Hosting.Resilience;

namespace Pbts.Silo;

internal static partial class DatabaseStartup
{
    /// <summary>A database that starts beside us (containers, a rebooting machine) may take this long.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Waits for the database and brings its schema up to date.</summary>
    public static async Task MigrateDatabaseAsync(this WebApplication app)
    {
        var database = app.Services.GetRequiredService<NpgsqlDataSource>();
        var logger = app.Services.GetRequiredService<ILogger<NpgsqlDataSource>>();
        for (var started = Stopwatch.StartNew(); ;)
        {
            try
            {
                await CheckAsync(app, database);
                await SchemaMigrator.MigrateAsync(database, logger, app.Lifetime.ApplicationStopping);
                return;
            }
            catch (SchemaException e)
            {
                throw Refusal(e.Message);
            }
            catch (NpgsqlException e) when (e is not PostgresException { SqlState: not PostgresErrorCodes.CannotConnectNow } && started.Elapsed < Patience)
            {
                if (app.Services.GetRequiredService<DatabaseServers>().Unsafe is { } problem)
                    throw Refusal($"PBTS_DATABASE (Node:Database) names a server that would acknowledge what may be lost: {problem}.");
                LogWaiting(logger, Away.Describe(e));
                await Task.Delay(TimeSpan.FromSeconds(1), app.Lifetime.ApplicationStopping);
            }
        }
    }

    /// <summary>Refuses a database that cannot hold what members write, and a machine that does not know the time.</summary>
    private static async Task CheckAsync(WebApplication app, NpgsqlDataSource database)
    {
        await using (var command = database.CreateCommand("SELECT pg_encoding_to_char(encoding) FROM pg_database WHERE datname = current_database()"))
        {
            var encoding = (string)(await command.ExecuteScalarAsync())!;
            if (encoding != "UTF8")
                throw Refusal($"PBTS_DATABASE (Node:Database) has the encoding {encoding}: names need UTF8. Create one with CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0.");
        }

        var clock = app.Services.GetRequiredService<DatabaseClock>();
        await clock.RefreshAsync();
        if (clock.Problem is { } problem)
            throw Refusal(problem + ". Receipts are dated, and the silos of a cluster have to agree on the time.");
    }

    private static OptionsValidationException Refusal(string problem) => new(nameof(NodeOptions), typeof(NodeOptions), [problem]);

    [LoggerMessage(LogLevel.Warning, "Waiting for the database: {Problem}")]
    private static partial void LogWaiting(ILogger logger, string problem);
}
