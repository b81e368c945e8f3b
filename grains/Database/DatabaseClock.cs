using System.Diagnostics;
using Npgsql;

namespace Pbts.Grains.Database;

/// <summary>
/// The time that decides: the database's, which all silos share, carried on by this process's monotonic clock between two
/// looks at it. A silo's own clock may be wrong, and only says whether it is.
/// </summary>
public sealed class DatabaseClock(NpgsqlDataSource database, TimeProvider time)
{
    /// <summary>How far a silo's own clock may be from the database's.</summary>
    public static readonly TimeSpan Tolerance = TimeSpan.FromMinutes(1);

    private Reading? _reading;

    /// <summary>How far this machine's clock is ahead of the database's, at the last look; negative when it is behind.</summary>
    public TimeSpan Ahead => Volatile.Read(ref _reading)?.Ahead ?? TimeSpan.Zero;

    /// <summary>What is wrong with this machine's clock; null when nothing is.</summary>
    public string? Problem => Describe(Ahead);

    /// <summary>The database's time.</summary>
    public async ValueTask<DateTimeOffset> NowAsync()
    {
        var reading = Volatile.Read(ref _reading) ?? await ReadAsync();
        return reading.Now + Stopwatch.GetElapsedTime(reading.At);
    }

    /// <summary>Looks at the database's clock.</summary>
    public Task RefreshAsync() => ReadAsync();

    /// <summary>What is wrong with a clock that is so far ahead of the database's; null when nothing is.</summary>
    public static string? Describe(TimeSpan ahead) => ahead.Duration() <= Tolerance ? null
        : $"the clock of this machine is {ahead.Duration():d\\.hh\\:mm\\:ss} {(ahead > TimeSpan.Zero ? "ahead of" : "behind")} the database's: set it right";

    private Task<Reading> ReadAsync() => Repeatable.RunAsync(async () =>
    {
        await using var command = database.CreateCommand("SELECT clock_timestamp()");
        command.CommandTimeout = 5;
        var asked = Stopwatch.GetTimestamp();
        var now = new DateTimeOffset((DateTime)(await command.ExecuteScalarAsync())!);
        var answered = Stopwatch.GetTimestamp();
        // An answer that took long says less: the machine's clock is only wrong by what the time of the question cannot explain.
        var wall = time.GetUtcNow();
        var took = Stopwatch.GetElapsedTime(asked, answered);
        var ahead = wall - now;
        ahead = ahead > took ? ahead - took : ahead < TimeSpan.Zero ? ahead : TimeSpan.Zero;
        var reading = new Reading(now, answered, ahead);
        Volatile.Write(ref _reading, reading);
        return reading;
    });

    private sealed record Reading(DateTimeOffset Now, long At, TimeSpan Ahead);
}
