using System.Globalization;
using Microsoft.Extensions.Options;
using Npgsql;
using Pbts.Hosting.Configuration;

namespace Pbts.Hosting.Database;

/// <summary>
/// Opens the database, and looks at the server behind each new connection: one that takes no writes, that would answer before
/// what it was told is safe, or that was the primary before another was promoted, is left alone.
/// </summary>
public sealed partial class DatabaseServers
{
    /// <summary>Nobody waits longer than this many seconds for a connection: a database that hangs is to be noticed, not to be waited for.</summary>
    private const int LongestWait = 3;

    private const string Settings = "SELECT current_setting('transaction_read_only') = 'on', current_setting('synchronous_commit'), current_setting('synchronous_standby_names')";

    // The first eight digits of the name of a WAL file; a server in recovery writes none.
    private const string Timeline = "CASE WHEN pg_is_in_recovery() THEN '0' ELSE left(pg_walfile_name(pg_current_wal_lsn()), 8) END";

    private readonly ILogger<DatabaseServers> _logger;
    private readonly bool _several;
    private long _timeline;
    private volatile string? _unsafe;

    public DatabaseServers(IOptions<NodeOptions> node, ILogger<DatabaseServers> logger)
    {
        ArgumentNullException.ThrowIfNull(node);
        _logger = logger;
        var builder = new NpgsqlDataSourceBuilder(node.Value.Database);
        var settings = builder.ConnectionStringBuilder;
        settings.Timeout = settings.Timeout is 0 ? LongestWait : Math.Min(settings.Timeout, LongestWait);
        _several = DatabaseAddress.HasSeveral(settings);
        builder.UsePhysicalConnectionInitializer(_ => throw new NotSupportedException("Connections are opened asynchronously."), CheckAsync);
        Source = builder.Build();
    }

    /// <summary>The database; its connections lead to the one server that takes writes.</summary>
    public NpgsqlDataSource Source { get; }

    /// <summary>What the operator has to set at the server, because it would acknowledge what may still be lost; null when nothing was seen.</summary>
    public string? Unsafe => _unsafe;

    private async Task CheckAsync(NpgsqlConnection connection)
    {
        bool readOnly;
        string commit, standbys;
        var timeline = 0L;
        await using (var command = new NpgsqlCommand(_several ? $"{Settings}, {Timeline}" : Settings, connection) { CommandTimeout = LongestWait })
        await using (var reader = await command.ExecuteReaderAsync())
        {
            await reader.ReadAsync();
            (readOnly, commit, standbys) = (reader.GetBoolean(0), reader.GetString(1), reader.GetString(2));
            if (_several)
                timeline = long.Parse(reader.GetString(3), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        }

        if (readOnly)
            throw Refuse(connection, "it takes no writes: it is a standby, or read-only");
        if (!KnowsNewest(timeline))
            throw Refuse(connection, "another server was promoted after this one had been the primary: stop it, and make it a standby of that");
        _unsafe = commit == "off" ? "synchronous_commit is off, so it answers before anything is on disk: set it to on"
            : commit == "local" && standbys.Length > 0 ? "synchronous_commit is local, so it answers before the standby has anything: set it to on" : null;
        if (_unsafe is { } problem)
            throw Refuse(connection, problem);
    }

    /// <summary>
    /// Each promotion begins a timeline, so a server on an earlier one knows nothing of what was written since. What it was asked
    /// before, by connections that are still open, it is not asked again.
    /// </summary>
    private bool KnowsNewest(long timeline)
    {
        var known = Volatile.Read(ref _timeline);
        while (timeline > known)
        {
            var seen = Interlocked.CompareExchange(ref _timeline, timeline, known);
            if (seen == known)
            {
                if (known > 0)
                {
                    LogPromoted(timeline);
                    Source.Clear();
                    // Those of Orleans.
                    NpgsqlConnection.ClearAllPools();
                }
                return true;
            }

            known = seen;
        }

        return timeline == known;
    }

    /// <summary>As Npgsql tells of a server that is down: it is not asked again for a while, and another may do.</summary>
    private static NpgsqlException Refuse(NpgsqlConnection connection, string problem) => new($"The database server {connection.Host}: {problem}.", new IOException(problem));

    [LoggerMessage(LogLevel.Warning, "Another database server has been promoted (timeline {Timeline}): from now on it is asked")]
    private partial void LogPromoted(long timeline);
}
