using System.Diagnostics;
using Npgsql;
using Pbts.Grains.Database;

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
                await SchemaMigrator.MigrateAsync(database, logger, app.Lifetime.ApplicationStopping);
                return;
            }
            catch (NpgsqlException e) when (e is not PostgresException { SqlState: not PostgresErrorCodes.CannotConnectNow } && started.Elapsed < Patience)
            {
                LogWaiting(logger, e.Message);
                await Task.Delay(TimeSpan.FromSeconds(1), app.Lifetime.ApplicationStopping);
            }
        }
    }

    [LoggerMessage(LogLevel.Warning, "Waiting for the database: {Problem}")]
    private static partial void LogWaiting(ILogger logger, string problem);
}
