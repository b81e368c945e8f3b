using System.Data;
using Npgsql;
using NpgsqlTypes;
using Pbts.GrainInterfaces.Chain;
using Pbts.Protocol;
using Pbts.Protocol.Ethereum;

namespace Pbts.Grains.Chain;

/// <summary>Migrations and their users in PostgreSQL. Changes name the state they expect, so repeating one does nothing; rows are locked in the order of their names.</summary>
internal sealed class MigrationStore(NpgsqlDataSource database)
{
    /// <summary>The contracts' word for a user that needs no moving.</summary>
    public const string UserExists = "User exists";

    private const string Unfinished = "('pending', 'running', 'paused')";

    /// <summary>Puts a migration on record; false when another one is not finished. Doing it again changes nothing.</summary>
    public async Task<bool> AddAsync(Guid id, EthereumAddress referrer, MigrationRequest request)
    {
        await using var connection = await database.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        try
        {
            await using var insert = new NpgsqlCommand("""
                INSERT INTO migration (id, referrer, all_users, batch_size, retire_referrer, deploy_tx, retire_tx)
                VALUES ($1, $2, $3, $4, $5, gen_random_uuid(), gen_random_uuid()) ON CONFLICT (id) DO NOTHING
                """, connection);
            insert.Parameters.AddAll([P(id), P(referrer.ToArray()), P(request.Users is null), P(request.BatchSize), P(request.RetireReferrer)]);
            if (await insert.ExecuteNonQueryAsync() == 0) return true;
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            return false;
        }
        if (request.Users is { } users) await AddUsersAsync(connection, id, users, MigrationUserState.Pending);
        await transaction.CommitAsync();
        return true;
    }

    /// <summary>The row; null when there is none.</summary>
    public async Task<MigrationRow?> FindAsync(Guid id)
    {
        await using var command = database.CreateCommand("""
            SELECT id, referrer, contract, all_users, batch_size, retire_referrer, state, phase, deploy_tx, retire_tx, scan_contracts, scan_block
            FROM migration WHERE id = $1
            """);
        command.Parameters.Add(P(id));
        await using var reader = await command.ExecuteReaderAsync();
        if (!await reader.ReadAsync()) return null;
        return new MigrationRow(
            reader.GetGuid(0), new EthereumAddress(reader.GetFieldValue<byte[]>(1)),
            await reader.IsDBNullAsync(2) ? null : new EthereumAddress(reader.GetFieldValue<byte[]>(2)), reader.GetBoolean(3), reader.GetInt32(4),
            reader.GetBoolean(5), EnumText.Parse<MigrationState>(reader.GetString(6)), EnumText.Parse<MigrationPhase>(reader.GetString(7)), reader.GetGuid(8), reader.GetGuid(9),
            await reader.IsDBNullAsync(10) ? null : [.. reader.GetFieldValue<byte[][]>(10).Select(bytes => new EthereumAddress(bytes))], reader.GetInt64(11));
    }

    /// <summary>Ids of the migrations that are not finished.</summary>
    public async Task<List<Guid>> ReadUnfinishedAsync()
    {
        await using var command = database.CreateCommand($"SELECT id FROM migration WHERE state IN {Unfinished}");
        var ids = new List<Guid>();
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync()) ids.Add(reader.GetGuid(0));
        return ids;
    }

    /// <summary>Changes the state if it is one of <paramref name="from"/>.</summary>
    public Task<bool> ChangeStateAsync(Guid id, MigrationState to, params MigrationState[] from) => ExecuteAsync("""
        UPDATE migration SET state = $2, started_at = coalesce(started_at, CASE WHEN $2 = 'running' THEN now() END),
            finished_at = CASE WHEN $2 IN ('completed', 'failed', 'cancelled') THEN now() END
        WHERE id = $1 AND state = ANY($3)
        """, P(id), P(to.ToText()), P(from.Select(state => state.ToText()).ToArray()));

    /// <summary>Ends it as failed, with the reason.</summary>
    public Task<bool> FailAsync(Guid id, string problem) => ExecuteAsync(
        $"UPDATE migration SET state = 'failed', problem = $2, finished_at = now() WHERE id = $1 AND state IN {Unfinished}", P(id), P(problem));

    /// <summary>Notes what stands in the way for now; null when nothing does.</summary>
    public Task<bool> NoteProblemAsync(Guid id, string? problem) => ExecuteAsync(
        "UPDATE migration SET problem = $2 WHERE id = $1 AND problem IS DISTINCT FROM $2", P(id), Text(problem));

    /// <summary>Enters the next phase.</summary>
    public Task<bool> EnterAsync(Guid id, MigrationPhase from, MigrationPhase to) =>
        ExecuteAsync("UPDATE migration SET phase = $3 WHERE id = $1 AND phase = $2", P(id), P(from.ToText()), P(to.ToText()));

    public Task<bool> SetContractAsync(Guid id, EthereumAddress contract) =>
        ExecuteAsync("UPDATE migration SET contract = $2, phase = 'discover' WHERE id = $1 AND phase = 'deploy'", P(id), P(contract.ToArray()));

    /// <summary>Adds users that the search found and where it goes on, in one transaction.</summary>
    public async Task SaveScanAsync(Guid id, IReadOnlyCollection<string> found, IReadOnlyList<EthereumAddress> left, long nextBlock)
    {
        await using var connection = await database.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await AddUsersAsync(connection, id, found, MigrationUserState.Candidate);
        await using var update = new NpgsqlCommand("UPDATE migration SET scan_contracts = $2, scan_block = $3 WHERE id = $1", connection);
        update.Parameters.AddAll([P(id), P(left.Select(address => address.ToArray()).ToArray()), P(nextBlock)]);
        await update.ExecuteNonQueryAsync();
        await transaction.CommitAsync();
    }

    /// <summary>Adds the tracker's own members and whoever it ever wrote to a contract: all that is known of contracts without events.</summary>
    public Task<bool> AddOwnUsersAsync(Guid id) => ExecuteAsync("""
        INSERT INTO migration_user (migration_id, username)
        SELECT $1, user_id FROM users UNION SELECT $1, subject FROM chain_outbox WHERE kind IN ('register', 'migrate') AND subject <> ''
        ON CONFLICT DO NOTHING
        """, P(id));

    /// <summary>Users in a state, those that may have the most company first.</summary>
    public async Task<List<(string Username, int Company)>> ReadUsersAsync(Guid id, MigrationUserState state, int limit)
    {
        await using var command = database.CreateCommand(
            "SELECT username, company FROM migration_user WHERE migration_id = $1 AND state = $2 ORDER BY company DESC, username LIMIT $3");
        command.Parameters.AddAll([P(id), P(state.ToText()), P(limit)]);
        var users = new List<(string, int)>();
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync()) users.Add((reader.GetString(0), reader.GetInt32(1)));
        return users;
    }

    /// <summary>The batches under way with their users.</summary>
    public async Task<Dictionary<Guid, List<string>>> ReadBatchesAsync(Guid id)
    {
        await using var command = database.CreateCommand("SELECT batch, username FROM migration_user WHERE migration_id = $1 AND state = 'sent' ORDER BY batch, username");
        command.Parameters.Add(P(id));
        var batches = new Dictionary<Guid, List<string>>();
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            var batch = reader.GetGuid(0);
            if (!batches.TryGetValue(batch, out var users)) batches[batch] = users = [];
            users.Add(reader.GetString(1));
        }
        return batches;
    }

    /// <summary>Notes which users a batch carries, before it is sent; gives those that were still free.</summary>
    public async Task<List<string>> AssignBatchAsync(Guid id, Guid batch, IReadOnlyCollection<string> users)
    {
        await using var command = database.CreateCommand("""
            WITH free AS (SELECT username FROM migration_user WHERE migration_id = $1 AND state = 'pending' AND username = ANY($3) ORDER BY username FOR UPDATE)
            UPDATE migration_user SET state = 'sent', batch = $2
            WHERE migration_id = $1 AND username IN (SELECT username FROM free) AND state = 'pending' RETURNING username
            """);
        command.Parameters.AddAll([P(id), P(batch), P(users.ToArray())]);
        var assigned = new List<string>();
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync()) assigned.Add(reader.GetString(0));
        return assigned;
    }

    /// <summary>Gives the users of a batch that reverted back, to be sent in smaller company.</summary>
    public Task<bool> SplitBatchAsync(Guid id, Guid batch, int company) => ExecuteAsync(
        """
        WITH held AS (SELECT username FROM migration_user WHERE migration_id = $1 AND state = 'sent' AND batch = $2 ORDER BY username FOR UPDATE)
        UPDATE migration_user SET state = 'pending', batch = NULL, company = $3
        WHERE migration_id = $1 AND username IN (SELECT username FROM held) AND state = 'sent' AND batch = $2
        """, P(id), P(batch), P(company));

    /// <summary>
    /// Takes back what is said of users whose batch a reorganisation took out of the chain: it is sent again, and they have
    /// moved when that is mined, which may also revert.
    /// </summary>
    public Task<bool> RecallAsync(Guid id) => ExecuteAsync(
        """
        WITH lost AS (SELECT id FROM chain_outbox WHERE group_id = $1 AND kind = 'migration-batch' AND (state IN ('queued', 'sent') OR (NOT succeeded AND error <> $2))),
        held AS (SELECT username FROM migration_user WHERE migration_id = $1 AND state = 'migrated' AND batch IN (SELECT id FROM lost) ORDER BY username FOR UPDATE)
        UPDATE migration_user SET state = 'sent' WHERE migration_id = $1 AND username IN (SELECT username FROM held) AND state = 'migrated'
        """, P(id), P(UserExists));

    /// <summary>Moves users to a state, with a reason or without.</summary>
    public Task<bool> MarkAsync(Guid id, IReadOnlyCollection<string> users, MigrationUserState state, string? reason = null) => ExecuteAsync(
        """
        WITH held AS (SELECT username FROM migration_user WHERE migration_id = $1 AND username = ANY($2) ORDER BY username FOR UPDATE)
        UPDATE migration_user SET state = $3, reason = $4 WHERE migration_id = $1 AND username IN (SELECT username FROM held)
        """, P(id), P(users.ToArray()), P(state.ToText()), Text(reason));

    /// <summary>The migration as operators see it.</summary>
    public async Task<MigrationView?> ViewAsync(Guid id)
    {
        // Numbers and names of one moment: between two readings of their own somebody may fail.
        await using var connection = await database.OpenConnectionAsync();
        await using var snapshot = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead);
        var view = (await ReadViewsAsync(connection, "WHERE m.id = $1", P(id))).FirstOrDefault();
        if (view is null) return null;
        await using var command = new NpgsqlCommand(
            $"SELECT username, reason FROM migration_user WHERE migration_id = $1 AND state = 'failed' ORDER BY username LIMIT {MigrationView.MaxFailures}", connection);
        command.Parameters.Add(P(id));
        var failures = new List<MigrationFailure>();
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync()) failures.Add(new MigrationFailure(reader.GetString(0), await reader.IsDBNullAsync(1) ? "" : reader.GetString(1)));
        return view with { Failed = failures };
    }

    /// <summary>The newest migrations.</summary>
    public async Task<List<MigrationView>> ListAsync()
    {
        await using var connection = await database.OpenConnectionAsync();
        return await ReadViewsAsync(connection, "ORDER BY m.created_at DESC LIMIT 100");
    }

    private static async Task AddUsersAsync(NpgsqlConnection connection, Guid id, IReadOnlyCollection<string> users, MigrationUserState state)
    {
        await using var command = new NpgsqlCommand(
            "INSERT INTO migration_user (migration_id, username, state) SELECT $1, unnest($2), $3 ON CONFLICT DO NOTHING", connection);
        command.Parameters.AddAll([P(id), P(users.ToArray()), P(state.ToText())]);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<List<MigrationView>> ReadViewsAsync(NpgsqlConnection connection, string where, params NpgsqlParameter[] parameters)
    {
        await using var command = new NpgsqlCommand($"""
            SELECT m.id, m.state, m.phase, m.contract, m.referrer, m.started_at, m.finished_at, m.problem, m.batch_size, m.retire_referrer, m.created_at,
                u.total, u.migrated, u.failed, coalesce(g.gas, 0)::bigint, extract(epoch FROM now() - m.started_at)::float8
            FROM migration m
            CROSS JOIN LATERAL (SELECT count(*) FILTER (WHERE state NOT IN ('candidate', 'absent'))::int AS total, count(*) FILTER (WHERE state = 'migrated')::int AS migrated,
                count(*) FILTER (WHERE state = 'failed')::int AS failed FROM migration_user WHERE migration_id = m.id) u
            CROSS JOIN LATERAL (SELECT sum(gas_used) AS gas FROM chain_outbox WHERE group_id = m.id) g
            {where}
            """, connection);
        command.Parameters.AddAll(parameters);
        var views = new List<MigrationView>();
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            var (state, total, migrated, failed) = (EnumText.Parse<MigrationState>(reader.GetString(1)), reader.GetInt32(11), reader.GetInt32(12), reader.GetInt32(13));
            double? elapsed = await reader.IsDBNullAsync(15) ? null : reader.GetDouble(15);
            var done = migrated + failed;
            views.Add(new MigrationView
            {
                Id = reader.GetGuid(0),
                State = state,
                Phase = EnumText.Parse<MigrationPhase>(reader.GetString(2)),
                Total = total,
                Migrated = migrated,
                FailedCount = failed,
                ReputationAddress = await reader.IsDBNullAsync(3) ? null : new EthereumAddress(reader.GetFieldValue<byte[]>(3)).ToString(),
                ReferrerAddress = new EthereumAddress(reader.GetFieldValue<byte[]>(4)).ToString(),
                GasUsed = reader.GetInt64(14),
                StartedAt = await reader.IsDBNullAsync(5) ? null : reader.GetFieldValue<DateTimeOffset>(5),
                FinishedAt = await reader.IsDBNullAsync(6) ? null : reader.GetFieldValue<DateTimeOffset>(6),
                EtaSeconds = state == MigrationState.Running && done > 0 && elapsed is { } seconds ? Math.Round(seconds / done * (total - done), 1) : null,
                Problem = await reader.IsDBNullAsync(7) ? null : reader.GetString(7),
                BatchSize = reader.GetInt32(8),
                RetireReferrer = reader.GetBoolean(9),
                CreatedAt = reader.GetFieldValue<DateTimeOffset>(10),
            });
        }
        return views;
    }

    private async Task<bool> ExecuteAsync(string sql, params NpgsqlParameter[] parameters)
    {
        await using var command = database.CreateCommand(sql);
        command.Parameters.AddAll(parameters);
        return await command.ExecuteNonQueryAsync() > 0;
    }

    private static NpgsqlParameter P(object value) => new() { Value = value };

    private static NpgsqlParameter Text(string? value) => new() { Value = (object?)value ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text };
}
