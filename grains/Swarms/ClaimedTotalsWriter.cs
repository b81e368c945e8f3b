using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using NpgsqlTypes;

namespace Pbts.Grains.Swarms;

/// <summary>Writes claimed transfer behind the announces: every few seconds, and once more when the silo stops.</summary>
internal sealed partial class ClaimedTotalsWriter(ClaimedTotals claimed, NpgsqlDataSource database, TimeProvider time, ILogger<ClaimedTotalsWriter> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
                await WriteAsync();
        }
        catch (OperationCanceledException)
        {
            await WriteAsync();
        }
    }

    private async Task WriteAsync()
    {
        var sums = claimed.Drain();
        if (sums.Count == 0)
            return;
        try
        {
            // Rows are locked in id order, as every writer of totals does, and totals saturate.
            await using var command = database.CreateCommand("""
                WITH given AS (
                    SELECT users.id, u, d FROM unnest($1, $2, $3) AS sums (name, u, d) JOIN users ON users.user_id = name
                    ORDER BY users.id FOR UPDATE OF users
                )
                UPDATE users SET
                    claimed_uploaded = least(claimed_uploaded::numeric + u, 9223372036854775807),
                    claimed_downloaded = least(claimed_downloaded::numeric + d, 9223372036854775807)
                FROM given WHERE users.id = given.id
                """);
            command.CommandTimeout = 10;
            command.Parameters.Add(new() { Value = sums.Keys.ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text });
            command.Parameters.Add(new() { Value = sums.Values.Select(sum => sum.Uploaded).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint });
            command.Parameters.Add(new() { Value = sums.Values.Select(sum => sum.Downloaded).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint });
            await command.ExecuteNonQueryAsync();
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException)
        {
            LogFailed(e, sums.Count);
            foreach (var (user, sum) in sums)
                claimed.Restore(user, sum);
        }
    }

    [LoggerMessage(LogLevel.Warning, "Claimed transfer of {Users} users could not be written yet; it is tried again.")]
    private partial void LogFailed(Exception exception, int users);
}
