using System.Data;
using Npgsql;
using Pbts.GrainInterfaces.Chain;
using Pbts.Grains.Database;
using Pbts.Protocol;
using Pbts.Protocol.Ethereum;

namespace Pbts.Grains.Chain.Migrations;

/// <summary>Migrations and their users in PostgreSQL. Changes name the state they expect, so repeating one does nothing; rows are locked in the order of their names.</summary>
internal sealed class MigrationStore(NpgsqlDataSource database)
{
    /// <summary>The contracts' word for a user that needs no moving.</summary>
    public const string UserExists = "User exists";

    private const string Unfinished = "('pending', 'running', 'paused')";

    private const string Views = """
        SELECT m.id, m.state, m.phase, m.contract, m.referrer, m.started_at, m.finished_at, m.problem, m.batch_size, m.retire_referrer, m.created_at,
            u.total, u.migrated, u.failed, coalesce(g.gas, 0)::bigint, extract(epoch FROM now() - m.started_at)::float8, m.method, m.claims,
            CASE WHEN m.claims = 'lazy' THEN coalesce(m.anchor_members, 0) END, (SELECT count(*)::int FROM chain_claim c WHERE c.contract = m.contract AND c.state = 'credited')
        FROM migration m
        CROSS JOIN LATERAL (SELECT count(*) FILTER (WHERE state NOT IN ('candidate', 'absent'))::int AS total, count(*) FILTER (WHERE state = 'migrated')::int AS migrated,
            count(*) FILTER (WHERE state = 'failed')::int AS failed FROM migration_user WHERE migration_id = m.id) u
        CROSS JOIN LATERAL (SELECT sum(gas_used) AS gas FROM chain_outbox WHERE group_id = m.id) g

        """;

    /// <summary>Puts a migration on record; false when another one is not finished. Doing it again changes nothing.</summary>
    public async Task<bool> AddAsync(Guid id, EthereumAddress referrer, MigrationRequest request, MigrationPlan plan)
    {
        try
        {
            return await Repeatable.TransactAsync(database, async connection =>
            {
                var isNew = await connection.ExecuteAsync("""
                    INSERT INTO migration (id, referrer, all_users, batch_size, retire_referrer, deploy_tx, retire_tx, method, claims)
                    VALUES ($1, $2, $3, $4, $5, gen_random_uuid(), gen_random_uuid(), $6, $7) ON CONFLICT (id) DO NOTHING
                    """, id, referrer, request.Users is null, request.BatchSize, request.RetireReferrer, plan.Method, plan.Claims) > 0;
                if (isNew && request.Users is { } users)
                    await AddUsersAsync(connection, id, users, MigrationUserState.Pending);
                return (true, isNew);
            });
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            return false;
        }
    }

    /// <summary>The row; null when there is none.</summary>
    public async Task<MigrationRow?> FindAsync(Guid id) => (await database.QueryAsync("""
        SELECT id, referrer, contract, all_users, batch_size, retire_referrer, state, phase, deploy_tx, retire_tx, scan_contracts, scan_block, method, claims, anchor_sequence
        FROM migration WHERE id = $1
        """,
        row => new MigrationRow(
            row.GetGuid(0), row.Address(1), row.MaybeAddress(2), row.GetBoolean(3), row.GetInt32(4), row.GetBoolean(5),
            EnumText.Parse<MigrationState>(row.GetString(6)), EnumText.Parse<MigrationPhase>(row.GetString(7)), row.GetGuid(8), row.GetGuid(9),
            row.Maybe<byte[][]>(10)?.Select(bytes => new EthereumAddress(bytes)).ToList(), row.GetInt64(11),
            EnumText.Parse<MigrationMethod>(row.GetString(12)), EnumText.Parse<MigrationClaims>(row.GetString(13)), row.Maybe<long?>(14)),
        id)).FirstOrDefault();

    /// <summary>Ids of the migrations that are not finished.</summary>
    public Task<List<Guid>> ReadUnfinishedAsync() => database.QueryAsync($"SELECT id FROM migration WHERE state IN {Unfinished}", row => row.GetGuid(0));

    /// <summary>Changes the state if it is one of <paramref name="from"/>.</summary>
    public async Task<bool> ChangeStateAsync(Guid id, MigrationState to, params MigrationState[] from) => await database.ExecuteAsync("""
        UPDATE migration SET state = $2, started_at = coalesce(started_at, CASE WHEN $2 = 'running' THEN now() END),
            finished_at = CASE WHEN $2 IN ('completed', 'failed', 'cancelled') THEN now() END
        WHERE id = $1 AND state = ANY($3)
        """, id, to, from.Select(state => state.ToText()).ToArray()) > 0;

    /// <summary>Ends it as failed, with the reason.</summary>
    public Task FailAsync(Guid id, string problem) => database.ExecuteAsync(
        $"UPDATE migration SET state = 'failed', problem = $2, finished_at = now() WHERE id = $1 AND state IN {Unfinished}", id, problem);

    /// <summary>Notes what stands in the way for now; null when nothing does.</summary>
    public Task NoteProblemAsync(Guid id, string? problem) =>
        database.ExecuteAsync("UPDATE migration SET problem = $2 WHERE id = $1 AND problem IS DISTINCT FROM $2", id, problem);

    /// <summary>Enters the next phase.</summary>
    public async Task<bool> EnterAsync(Guid id, MigrationPhase from, MigrationPhase to) =>
        await database.ExecuteAsync("UPDATE migration SET phase = $3 WHERE id = $1 AND phase = $2", id, from, to) > 0;

    public async Task<bool> SetContractAsync(Guid id, EthereumAddress contract) =>
        await database.ExecuteAsync("UPDATE migration SET contract = $2, phase = 'discover' WHERE id = $1 AND phase = 'deploy'", id, contract) > 0;

    /// <summary>Notes the root that members are claimed by.</summary>
    public Task NoteAnchorAsync(Guid id, long sequence, long members) =>
        database.ExecuteAsync("UPDATE migration SET anchor_sequence = $2, anchor_members = $3 WHERE id = $1", id, sequence, members);

    /// <summary>Why the last root could not be anchored since the migration began; null when nothing is known against it.</summary>
    public Task<string?> ReadAnchorFailureAsync(Guid id) => database.ValueAsync<string?>("""
        SELECT coalesce(o.error, 'reverted') FROM chain_outbox o JOIN migration m ON m.id = $1
        WHERE o.kind = 'anchor' AND o.to_address = m.referrer AND o.created_at >= m.created_at AND (o.state = 'failed' OR NOT o.succeeded) LIMIT 1
        """, id);

    /// <summary>Adds the members with these ids, to be claimed.</summary>
    public Task AddMembersAsync(Guid id, IReadOnlyCollection<long> members) => database.ExecuteAsync(
        "INSERT INTO migration_user (migration_id, username, state) SELECT $1, user_id, 'pending' FROM users WHERE id = ANY($2) ON CONFLICT DO NOTHING", id, members.ToArray());

    /// <summary>Adds users that the search found and where it goes on, in one transaction.</summary>
    public Task SaveScanAsync(Guid id, IReadOnlyCollection<string> found, IReadOnlyList<EthereumAddress> left, long nextBlock) =>
        Repeatable.TransactAsync(database, async connection =>
        {
            await AddUsersAsync(connection, id, found, MigrationUserState.Candidate);
            await connection.ExecuteAsync(
                "UPDATE migration SET scan_contracts = $2, scan_block = $3 WHERE id = $1", id, left.Select(address => address.ToArray()).ToArray(), nextBlock);
            return (true, true);
        });

    /// <summary>Adds the tracker's own members and whoever it ever wrote to a contract: all that is known of contracts without events.</summary>
    public Task AddOwnUsersAsync(Guid id) => database.ExecuteAsync("""
        INSERT INTO migration_user (migration_id, username)
        SELECT $1, user_id FROM users UNION SELECT $1, subject FROM chain_outbox WHERE kind IN ('register', 'migrate') AND subject <> ''
        ON CONFLICT DO NOTHING
        """, id);

    /// <summary>Users in a state, those that may have the most company first.</summary>
    public Task<List<(string Username, int Company)>> ReadUsersAsync(Guid id, MigrationUserState state, int limit) => database.QueryAsync(
        "SELECT username, company FROM migration_user WHERE migration_id = $1 AND state = $2 ORDER BY company DESC, username LIMIT $3",
        row => (Username: row.GetString(0), Company: row.GetInt32(1)), id, state, limit);

    /// <summary>The batches under way with their users.</summary>
    public async Task<Dictionary<Guid, List<string>>> ReadBatchesAsync(Guid id) => (await database.QueryAsync(
        "SELECT batch, username FROM migration_user WHERE migration_id = $1 AND state = 'sent' ORDER BY batch, username",
        row => (Batch: row.GetGuid(0), Username: row.GetString(1)), id))
        .GroupBy(user => user.Batch, user => user.Username).ToDictionary(batch => batch.Key, batch => batch.ToList());

    /// <summary>Notes which users a batch carries, before it is sent; gives those that were still free.</summary>
    public Task<List<string>> AssignBatchAsync(Guid id, Guid batch, IReadOnlyCollection<string> users) =>
        Repeatable.TransactAsync(database, async connection => (await connection.QueryAsync("""
            WITH free AS (SELECT username FROM migration_user WHERE migration_id = $1 AND state = 'pending' AND username = ANY($3) ORDER BY username FOR UPDATE)
            UPDATE migration_user SET state = 'sent', batch = $2
            WHERE migration_id = $1 AND username IN (SELECT username FROM free) AND state = 'pending' RETURNING username
            """, row => row.GetString(0), id, batch, users.ToArray()), true));

    /// <summary>Gives the users of a batch that reverted back, to be sent in smaller company.</summary>
    public Task SplitBatchAsync(Guid id, Guid batch, int company) => database.ExecuteAsync("""
        WITH held AS (SELECT username FROM migration_user WHERE migration_id = $1 AND state = 'sent' AND batch = $2 ORDER BY username FOR UPDATE)
        UPDATE migration_user SET state = 'pending', batch = NULL, company = $3
        WHERE migration_id = $1 AND username IN (SELECT username FROM held) AND state = 'sent' AND batch = $2
        """, id, batch, company);

    /// <summary>
    /// Takes back what is said of users whose batch a reorganisation took out of the chain: it is sent again, and they have
    /// moved when that is mined, which may also revert.
    /// </summary>
    public Task RecallAsync(Guid id) => database.ExecuteAsync("""
        WITH lost AS (SELECT id FROM chain_outbox WHERE group_id = $1 AND kind = 'migration-batch' AND (state IN ('queued', 'sent') OR (NOT succeeded AND error <> $2))),
        held AS (SELECT username FROM migration_user WHERE migration_id = $1 AND state = 'migrated' AND batch IN (SELECT id FROM lost) ORDER BY username FOR UPDATE)
        UPDATE migration_user SET state = 'sent' WHERE migration_id = $1 AND username IN (SELECT username FROM held) AND state = 'migrated'
        """, id, UserExists);

    /// <summary>Moves users to a state, with a reason or without.</summary>
    public Task MarkAsync(Guid id, IReadOnlyCollection<string> users, MigrationUserState state, string? reason = null) => database.ExecuteAsync("""
        WITH held AS (SELECT username FROM migration_user WHERE migration_id = $1 AND username = ANY($2) ORDER BY username FOR UPDATE)
        UPDATE migration_user SET state = $3, reason = $4 WHERE migration_id = $1 AND username IN (SELECT username FROM held)
        """, id, users.ToArray(), state, reason);

    /// <summary>The migration as operators see it.</summary>
    public Task<MigrationView?> ViewAsync(Guid id) => Repeatable.RunAsync(async () =>
    {
        // Numbers and names of one moment: between two readings of their own somebody may fail.
        await using var connection = await database.OpenConnectionAsync();
        await using var snapshot = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead);
        if ((await connection.QueryAsync(Views + "WHERE m.id = $1", View, id)) is not [var view])
            return null;
        var failures = await connection.QueryAsync(
            $"SELECT username, coalesce(reason, '') FROM migration_user WHERE migration_id = $1 AND state = 'failed' ORDER BY username LIMIT {MigrationView.MaxFailures}",
            row => new MigrationFailure(row.GetString(0), row.GetString(1)), id);
        return view with { Failed = failures };
    });

    /// <summary>The newest migrations.</summary>
    public Task<List<MigrationView>> ListAsync() => database.QueryAsync(Views + "ORDER BY m.created_at DESC LIMIT 100", View);

    private static Task<int> AddUsersAsync(NpgsqlConnection connection, Guid id, IReadOnlyCollection<string> users, MigrationUserState state) => connection.ExecuteAsync(
        "INSERT INTO migration_user (migration_id, username, state) SELECT $1, unnest($2), $3 ON CONFLICT DO NOTHING", id, users.ToArray(), state);

    private static MigrationView View(NpgsqlDataReader row)
    {
        var (state, total, migrated, failed) = (EnumText.Parse<MigrationState>(row.GetString(1)), row.GetInt32(11), row.GetInt32(12), row.GetInt32(13));
        if (row.Maybe<long?>(18) is { } members)
            (total, migrated) = ((int)Math.Min(members, int.MaxValue), row.GetInt32(19));
        var done = migrated + failed;
        return new()
        {
            Id = row.GetGuid(0),
            State = state,
            Phase = EnumText.Parse<MigrationPhase>(row.GetString(2)),
            Method = EnumText.Parse<MigrationMethod>(row.GetString(16)),
            Claims = EnumText.Parse<MigrationClaims>(row.GetString(17)),
            Total = total,
            Migrated = migrated,
            FailedCount = failed,
            ReputationAddress = row.MaybeAddress(3)?.ToString(),
            ReferrerAddress = row.Address(4).ToString(),
            GasUsed = row.GetInt64(14),
            StartedAt = row.Maybe<DateTimeOffset?>(5),
            FinishedAt = row.Maybe<DateTimeOffset?>(6),
            EtaSeconds = state == MigrationState.Running && done > 0 && row.Maybe<double?>(15) is { } seconds ? Math.Round(seconds / done * (total - done), 1) : null,
            Problem = row.Maybe<string>(7),
            BatchSize = row.GetInt32(8),
            RetireReferrer = row.GetBoolean(9),
            CreatedAt = row.GetFieldValue<DateTimeOffset>(10),
        };
    }
}
