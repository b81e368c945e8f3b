using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;
using NpgsqlTypes;
using Pbts.Grains.Database;
using Pbts.Hosting.Configuration;
using Pbts.Hosting.Resilience;
using Pbts.Hosting.Workers;
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
    private static readonly TimeSpan PauseLength = TimeSpan.FromSeconds(3);

    /// <summary>How long a peer that says again that it has completed its download is known to have said so.</summary>
    private static readonly TimeSpan CompletionsKept = TimeSpan.FromDays(30);

    private readonly NpgsqlDataSource _database;
    private readonly ILogger<SwarmStore> _logger;
    private readonly bool _registeredOnly;
    private readonly Batcher<byte[], byte[]?> _load;
    private readonly Batcher<(byte[] InfoHash, byte[] Peers), bool> _save;
    private readonly Batcher<Completion, bool> _complete;
    private readonly Pause _pause;

    public SwarmStore(NpgsqlDataSource database, IOptions<TorrentsOptions> torrents, TimeProvider time, ILogger<SwarmStore> logger)
    {
        _database = database;
        _registeredOnly = torrents.Value.Access == TorrentAccess.Registered;
        _pause = new(PauseLength, time);
        _logger = logger;
        _load = new(TakeSnapshotsAsync, MaxBatch, Capacity, workers: 2);
        _save = new(SaveSnapshotsAsync, MaxBatch, Capacity, workers: 2);
        _complete = new(CompleteAsync, MaxBatch, Capacity);
    }

    /// <summary>Takes the peers put away for the swarm out of the store; null when there are none or the database does not answer.</summary>
    public async Task<byte[]?> TakeSnapshotAsync(byte[] infoHash)
    {
        if (_pause.IsOn || _load.TryRun(infoHash) is not { } load)
            return null;
        try
        {
            return await load;
        }
        catch (Exception e) when (Away.IsDatabase(e) || e is InvalidOperationException)
        {
            _pause.Begin();
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

    /// <summary>Counts a completed download unless its peer or its holder has one already; done when it is durable.</summary>
    public async Task CompleteAsync(Completion completion)
    {
        if (_complete.TryRun(completion) is not { } complete)
            throw new TimeoutException("Too many completed downloads are waiting for the database.");
        await complete;
    }

    /// <summary>Drops peers put away that have expired since, and completed downloads that would not be counted a second time in any case.</summary>
    public async Task DropOutdatedAsync(TimeSpan peerLifetime, CancellationToken cancellationToken)
    {
        await using var command = _database.CreateCommand("""
            WITH peers AS (DELETE FROM swarm_snapshot WHERE saved_at < now() - $1)
            DELETE FROM swarm_completion WHERE kind <> 2 AND completed_at < now() - $2
            """);
        command.CommandTimeout = 60;
        command.Parameters.Add(new() { Value = peerLifetime });
        command.Parameters.Add(new() { Value = CompletionsKept });
        await command.ExecuteNonQueryAsync(cancellationToken);
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
            WHERE NOT $2 OR EXISTS (SELECT FROM torrents WHERE torrents.info_hash = coalesce(swarm.info_hash, put.info_hash))
                OR EXISTS (SELECT FROM site_torrents WHERE site_torrents.info_hash = coalesce(swarm.info_hash, put.info_hash) AND status = 1)
            """);
        command.CommandTimeout = 3;
        command.Parameters.Add(new() { Value = infoHashes.Distinct().Select(infoHash => infoHash.Span.ToArray()).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea });
        command.Parameters.Add(new() { Value = _registeredOnly });
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

    private Task<IReadOnlyList<bool>> CompleteAsync(IReadOnlyList<Completion> completions) => Repeatable.RunAsync<IReadOnlyList<bool>>(async () =>
    {
        // One statement is one transaction: the rows that are new are exactly the ones counted. An address's row is new again after a day.
        await using var command = _database.CreateCommand("""
            WITH given AS (
                SELECT DISTINCT ON (i, h) i, p, h, k FROM unnest($1, $2, $3, $4) AS given (i, p, h, k) ORDER BY i, h, p
            ), fresh AS (
                SELECT DISTINCT ON (i, p) i, p, h, k FROM given
                WHERE NOT EXISTS (
                    SELECT FROM swarm_completion AS known WHERE info_hash = i
                    AND (peer = p OR peer = h AND (k <> 1 OR completed_at > now() - interval '1 day')))
                ORDER BY i, p
            ), kept AS (
                INSERT INTO swarm_completion AS known (info_hash, peer, kind)
                SELECT DISTINCT ON (i, name) i, name, kind
                FROM (SELECT i, p AS name, 0::smallint AS kind FROM fresh UNION ALL SELECT i, h, k FROM fresh) AS names ORDER BY i, name, kind
                ON CONFLICT (info_hash, peer) DO UPDATE SET completed_at = now()
                WHERE excluded.kind = 1 AND known.completed_at <= now() - interval '1 day'
                RETURNING info_hash, peer
            )
            INSERT INTO swarm (info_hash, completed)
            SELECT i, count(*) FROM fresh JOIN kept ON info_hash = i AND peer = p GROUP BY i ORDER BY i
            ON CONFLICT (info_hash) DO UPDATE SET completed = swarm.completed + excluded.completed
            """);
        command.CommandTimeout = 10;
        command.Parameters.Add(new() { Value = completions.Select(completion => completion.InfoHash).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea });
        command.Parameters.Add(new() { Value = completions.Select(completion => completion.Peer).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint });
        command.Parameters.Add(new() { Value = completions.Select(completion => completion.Holder).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint });
        command.Parameters.Add(new() { Value = completions.Select(completion => (short)completion.Kind).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Smallint });
        await command.ExecuteNonQueryAsync();
        return new bool[completions.Count];
    });

    [LoggerMessage(LogLevel.Warning, "The database did not answer when swarms were loaded; they start empty and refill from announces.")]
    private partial void LogLoadFailed(Exception exception);
}
