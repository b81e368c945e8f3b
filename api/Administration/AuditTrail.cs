using System.Threading.Channels;
using Npgsql;
using NpgsqlTypes;
using Pbts.Api.Callers;
using Pbts.Hosting.Resilience;

namespace Pbts.Api.Administration;

/// <summary>One administrative action, or an attempt at one that was refused.</summary>
internal sealed record AuditEntry(DateTimeOffset At, string Action, string Address, string Outcome);

/// <summary>
/// What administrators did, in the log (category <c>Pbts.Audit</c>) at once and in the database a moment later, where all
/// processes of the cluster put it. Refused attempts beyond so many a minute are a number in the log; fewer of them go to the
/// database and have a share of the table of their own, so that nobody can wash it clean by knocking.
/// </summary>
internal sealed partial class AuditTrail(ILoggerFactory loggers, NpgsqlDataSource database, ClientAddressResolver addresses, TimeProvider time) : BackgroundService
{
    /// <summary>The outcome of an attempt that was refused.</summary>
    public const string Refused = "refused";

    private const int Kept = 20_000;
    private const int MaxBatch = 200;
    private const int MaxAction = 300;
    private const int RefusalsPerMinute = 20;
    private const int LoggedPerMinute = 60;
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly ILogger _log = loggers.CreateLogger("Pbts.Audit");
    private readonly Channel<AuditEntry> _queue = Channel.CreateBounded<AuditEntry>(new BoundedChannelOptions(5000) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly Lock _refusals = new();
    private long _minute;
    private int _refused;
    private ITimer? _ending;

    public void Record(HttpContext context, string outcome, bool refused)
    {
        var action = Printable.Cut($"{context.Request.Method} {context.Request.Path}", MaxAction);
        var address = addresses.Resolve(context).ToString();
        var place = refused ? CountRefusal() : 0;
        if (place < LoggedPerMinute)
            LogAudit(_log, action, address, outcome);
        if (place < RefusalsPerMinute)
            _queue.Writer.TryWrite(new(time.GetUtcNow(), action, address, outcome));
    }

    /// <summary>The newest entries of the whole cluster, newest first.</summary>
    public async Task<List<AuditEntry>> ReadAsync(int count)
    {
        await using var command = database.CreateCommand("SELECT at, action, address, outcome FROM audit ORDER BY id DESC LIMIT $1");
        command.Parameters.Add(new() { Value = count });
        await using var reader = await command.ExecuteReaderAsync();
        var entries = new List<AuditEntry>();
        while (await reader.ReadAsync())
            entries.Add(new(reader.GetFieldValue<DateTimeOffset>(0), reader.GetString(1), reader.GetString(2), reader.GetString(3)));
        return entries;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // Reads on until the queue is closed and empty, so a clean stop loses nothing.
        await using var closing = stoppingToken.UnsafeRegister(static queue => ((Channel<AuditEntry>)queue!).Writer.TryComplete(), _queue);
        var batch = new List<AuditEntry>();
        while (await _queue.Reader.WaitToReadAsync(CancellationToken.None))
        {
            while (batch.Count < MaxBatch && _queue.Reader.TryRead(out var entry))
                batch.Add(entry);
            while (!await TryWriteAsync(batch) && !stoppingToken.IsCancellationRequested)
                await Task.Delay(Pause, CancellationToken.None);
            batch.Clear();
        }
    }

    /// <summary>How many were refused in this minute before. Those that the log leaves out are summed up at its end.</summary>
    private int CountRefusal()
    {
        lock (_refusals)
        {
            if (_refused == LoggedPerMinute)
                _ending = time.CreateTimer(_ => EndMinute(), null, Minute, Timeout.InfiniteTimeSpan);
            else if (_refused < LoggedPerMinute && time.GetElapsedTime(_minute) > Minute)
                (_minute, _refused) = (time.GetTimestamp(), 0);
            return _refused++;
        }
    }

    private void EndMinute()
    {
        lock (_refusals)
        {
            LogRefusals(_log, _refused - LoggedPerMinute);
            (_minute, _refused) = (time.GetTimestamp(), 0);
            _ending?.Dispose();
            _ending = null;
        }
    }

    private async Task<bool> TryWriteAsync(List<AuditEntry> entries)
    {
        try
        {
            await using var command = database.CreateCommand($"""
                WITH added AS (
                    INSERT INTO audit (at, action, address, outcome)
                    SELECT * FROM unnest($1::timestamptz[], $2::text[], $3::text[], $4::text[]))
                DELETE FROM audit WHERE id IN (
                    (SELECT id FROM audit WHERE outcome = '{Refused}' ORDER BY id DESC OFFSET {Kept})
                    UNION ALL
                    (SELECT id FROM audit WHERE outcome <> '{Refused}' ORDER BY id DESC OFFSET {Kept}))
                """);
            command.CommandTimeout = 10;
            command.Parameters.Add(Column(entries, entry => entry.At.UtcDateTime, NpgsqlDbType.TimestampTz));
            command.Parameters.Add(Column(entries, entry => Clean(entry.Action), NpgsqlDbType.Text));
            command.Parameters.Add(Column(entries, entry => entry.Address, NpgsqlDbType.Text));
            command.Parameters.Add(Column(entries, entry => entry.Outcome, NpgsqlDbType.Text));
            await command.ExecuteNonQueryAsync();
            return true;
        }
        catch (Exception e) when (Away.IsDatabase(e))
        {
            return false;
        }
    }

    /// <summary>The database takes no NUL in a text.</summary>
    private static string Clean(string text) => text.Replace('\0', ' ');

    private static NpgsqlParameter Column<T>(List<AuditEntry> entries, Func<AuditEntry, T> value, NpgsqlDbType type) =>
        new() { Value = entries.Select(value).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | type };

    [LoggerMessage(LogLevel.Warning, "{Count} more attempts were refused within a minute")]
    private static partial void LogRefusals(ILogger audit, int count);

    [LoggerMessage(LogLevel.Information, "{Action} from {Address}: {Outcome}")]
    private static partial void LogAudit(ILogger audit, string action, string address, string outcome);
}
