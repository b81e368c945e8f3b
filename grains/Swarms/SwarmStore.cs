using Microsoft.Extensions.Logging;
using Npgsql;
using NpgsqlTypes;
using Pbts.GrainInterfaces.Operations;
using Pbts.Grains.Database;
using Pbts.Protocol.Receipts;

namespace Pbts.Grains.Swarms;

/// <summary>
/// What outlives an activation of a swarm: the durable count of completed downloads, and the peers of a swarm that was
/// put away cleanly. Statements of many swarms are gathered into one.
/// </summary>
internal sealed partial class SwarmStore : IAsyncDisposable
{
    private const int MaxBatch = 500;
    private const int Capacity = 200_000;

    /// <summary>After a failure, loads answer "nothing stored" at once for this long: announces go on without the database.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(3);

    private readonly NpgsqlDataSource _database;
    private readonly ILogger<SwarmStore> _logger;
    private readonly TimeProvider _time;
    private readonly Batcher<byte[], byte[]?> _load;
    private readonly Batcher<(byte[] InfoHash, byte[] Peers), bool> _save;
    private readonly Batcher<(byte[] InfoHash, long Peer), bool> _complete;
    private long _pausedUntil;

    public SwarmStore(NpgsqlDataSource database, TimeProvider time, ILogger<SwarmStore> logger)
    {
        _database = database;
        _time = time;
        _logger = logger;
        _load = new(TakeSnapshotsAsync, MaxBatch, Capacity, workers: 2);
        _save = new(SaveSnapshotsAsync, MaxBatch, Capacity, workers: 2);
        _complete = new(CompleteAsync, MaxBatch, Capacity);
    }

    /// <summary>Takes the peers put away for the swarm out of the store; null when there are none or the database does not answer.</summary>
    public async Task<byte[]?> TakeSnapshotAsync(byte[] infoHash)
    {
        if (_time.GetTimestamp() < Volatile.Read(ref _pausedUntil) || _load.TryRun(infoHash) is not { } load)
            return null;
        try
        {
            return await load;
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException or InvalidOperationException)
        {
            Volatile.Write(ref _pausedUntil, _time.GetTimestamp() + (long)(Pause.TotalSeconds * _time.TimestampFrequency));
            LogLoadFailed(e);
            return null;
        }
    }

    /// <summary>Puts the peers of a swarm away.</summary>
    public async Task SaveSnapshotAsync(byte[] infoHash, byte[] peers)
    {
        if (_save.TryRun((infoHash, peers)) is { } save)
            await save;
    }

    /// <summary>Counts a completed download once for this peer and torrent; done when it is durable.</summary>
    public async Task CompleteAsync(byte[] infoHash, long peer)
    {
        if (_complete.TryRun((infoHash, peer)) is not { } complete)
            throw new TimeoutException("Too many completed downloads are waiting for the database.");
        await complete;
    }

    /// <summary>Completed downloads of a torrent so far.</summary>
    public Task<long> CountCompletedAsync(byte[] infoHash) => Repeatable.RunAsync<long>(async () =>
    {
        await using var command = _database.CreateCommand("SELECT completed FROM swarm WHERE info_hash = $1");
        command.Parameters.Add(new() { Value = infoHash });
        return await command.ExecuteScalarAsync() is long completed ? completed : 0;
    });

    /// <summary>What is known of torrents whose swarms are active nowhere, in one statement.</summary>
    public Task<IReadOnlyList<QuietSwarm>> FindQuietAsync(IReadOnlyList<InfoHash> infoHashes) => Repeatable.RunAsync<IReadOnlyList<QuietSwarm>>(async () =>
    {
        await using var command = _database.CreateCommand("""
            SELECT coalesce(swarm.info_hash, put.info_hash), coalesce(swarm.completed, 0), put.info_hash IS NOT NULL
            FROM (SELECT info_hash, completed FROM swarm WHERE info_hash = ANY ($1)) AS swarm
            FULL JOIN (SELECT info_hash FROM swarm_snapshot WHERE info_hash = ANY ($1)) AS put ON put.info_hash = swarm.info_hash
            """);
        command.CommandTimeout = 3;
        command.Parameters.Add(new() { Value = infoHashes.Distinct().Select(infoHash => infoHash.Span.ToArray()).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea });
        var found = new Dictionary<InfoHash, QuietSwarm>();
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
            found[InfoHash.From(reader.GetFieldValue<byte[]>(0))] = new(reader.GetInt64(1), reader.GetBoolean(2));
        return [.. infoHashes.Select(infoHash => found.GetValueOrDefault(infoHash))];
    });

    public async ValueTask DisposeAsync()
    {
        await _load.DisposeAsync();
        await _save.DisposeAsync();
        await _complete.DisposeAsync();
    }

    // Not the same the second time: what a first try took, whose answer was lost, is gone either way, and refills from announces.
    private Task<IReadOnlyList<byte[]?>> TakeSnapshotsAsync(IReadOnlyList<byte[]> infoHashes) => Repeatable.RunAsync<IReadOnlyList<byte[]?>>(async () =>
    {
        await using var command = _database.CreateCommand("DELETE FROM swarm_snapshot WHERE info_hash = ANY ($1) RETURNING info_hash, peers");
        command.CommandTimeout = 3;
        command.Parameters.Add(new() { Value = infoHashes.ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea });
        var found = new Dictionary<string, byte[]>();
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
            found[Convert.ToHexString(reader.GetFieldValue<byte[]>(0))] = reader.GetFieldValue<byte[]>(1);
        return [.. infoHashes.Select(infoHash => found.Count == 0 ? null : found.GetValueOrDefault(Convert.ToHexString(infoHash)))];
    });

    private Task<IReadOnlyList<bool>> SaveSnapshotsAsync(IReadOnlyList<(byte[] InfoHash, byte[] Peers)> swarms) => Repeatable.RunAsync<IReadOnlyList<bool>>(async () =>
    {
        await using var command = _database.CreateCommand("""
            INSERT INTO swarm_snapshot (info_hash, peers)
            SELECT DISTINCT ON (i) i, p FROM unnest($1, $2) AS given (i, p)
            ON CONFLICT (info_hash) DO UPDATE SET peers = excluded.peers, saved_at = now()
            """);
        command.CommandTimeout = 10;
        command.Parameters.Add(new() { Value = swarms.Select(swarm => swarm.InfoHash).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea });
        command.Parameters.Add(new() { Value = swarms.Select(swarm => swarm.Peers).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea });
        await command.ExecuteNonQueryAsync();
        return new bool[swarms.Count];
    });

    private Task<IReadOnlyList<bool>> CompleteAsync(IReadOnlyList<(byte[] InfoHash, long Peer)> completions) => Repeatable.RunAsync<IReadOnlyList<bool>>(async () =>
    {
        // One statement is one transaction: the rows that are new are exactly the ones counted.
        await using var command = _database.CreateCommand("""
            WITH fresh AS (
                INSERT INTO swarm_completion (info_hash, peer)
                SELECT DISTINCT i, p FROM unnest($1, $2) AS given (i, p) ORDER BY i, p
                ON CONFLICT DO NOTHING
                RETURNING info_hash
            )
            INSERT INTO swarm (info_hash, completed)
            SELECT info_hash, count(*) FROM fresh GROUP BY info_hash ORDER BY info_hash
            ON CONFLICT (info_hash) DO UPDATE SET completed = swarm.completed + excluded.completed
            """);
        command.CommandTimeout = 10;
        command.Parameters.Add(new() { Value = completions.Select(completion => completion.InfoHash).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea });
        command.Parameters.Add(new() { Value = completions.Select(completion => completion.Peer).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint });
        await command.ExecuteNonQueryAsync();
        return new bool[completions.Count];
    });

    [LoggerMessage(LogLevel.Warning, "The database did not answer when swarms were loaded; they start empty and refill from announces.")]
    private partial void LogLoadFailed(Exception exception);
}
