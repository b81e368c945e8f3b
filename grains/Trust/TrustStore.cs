using Npgsql;
using Pbts.Grains.Database;
using Pbts.Protocol.Trust;

namespace Pbts.Grains.Trust;

/// <summary>What trust scores are computed from, and whose turn it is to do so (0820_trust.sql).</summary>
internal sealed class TrustStore(NpgsqlDataSource database)
{
    // Whoever computes holds it, and no other process does then.
    public const long AdvisoryLock = 0x50425453_0003;

    /// <summary>Seconds: every row of the ledger is read.</summary>
    private const int ReadTimeout = 3600;

    /// <summary>
    /// One pass over the ledger, without an index and without helpers: it takes one core of the database and, as every pass over a
    /// large table, a small ring of its memory. Vouchers are kept for ever, receipts for <c>Receipts:History</c>.
    /// </summary>
    private const string Given = """
        SELECT receiver, sender, least(sum(bytes), 9223372036854775807)::bigint
        FROM (SELECT receiver, sender, credited AS bytes FROM voucher_sessions WHERE credited > 0
              UNION ALL SELECT receiver, sender, bytes FROM receipts WHERE receiver IS NOT NULL AND bytes > 0) AS given
        GROUP BY receiver, sender
        """;

    public const string Due = "SELECT coalesce(max(started_at) + make_interval(secs => $1) <= clock_timestamp(), true) FROM trust_runs";

    public Task<bool> IsDueAsync(int interval) => database.ValueAsync<bool>(Due, (double)interval);

    /// <summary>The turn to compute; null: somebody else has it. It ends with the connection, whatever becomes of this process.</summary>
    public async Task<TrustTurn?> TakeTurnAsync(CancellationToken cancellationToken)
    {
        var connection = await database.OpenConnectionAsync(cancellationToken);
        var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using var take = new NpgsqlCommand($"SELECT pg_try_advisory_xact_lock({AdvisoryLock}), clock_timestamp()", connection);
        await using (var reader = await take.ExecuteReaderAsync(cancellationToken))
        {
            await reader.ReadAsync(cancellationToken);
            if (reader.GetBoolean(0))
                return new TrustTurn(connection, transaction, reader.GetFieldValue<DateTimeOffset>(1));
        }

        await transaction.DisposeAsync();
        await connection.DisposeAsync();
        return null;
    }

    public Task<TrustMembers> ReadMembersAsync(CancellationToken cancellationToken) => Repeatable.RunAsync(async () =>
    {
        await using var command = database.CreateCommand("""
            SELECT users.id, disabled IS NOT NULL, trust_seeds.member IS NOT NULL FROM users LEFT JOIN trust_seeds ON trust_seeds.member = users.id
            WHERE proven ORDER BY registered_at, users.id
            """);
        command.CommandTimeout = ReadTimeout;
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var (ids, numbers, disabled, marked) = (new List<long>(), new Dictionary<long, int>(), new HashSet<int>(), new List<int>());
        while (await reader.ReadAsync(cancellationToken))
        {
            var number = ids.Count;
            ids.Add(reader.GetInt64(0));
            numbers.Add(ids[^1], number);
            if (reader.GetBoolean(1))
                disabled.Add(number);
            else if (reader.GetBoolean(2))
                marked.Add(number);
        }

        return new TrustMembers(ids, numbers, disabled, marked);
    });

    /// <summary>Who received how much from whom, as far as both are known and the receiver's word counts; null: there are more.</summary>
    public Task<List<TrustEdge>?> ReadEdgesAsync(TrustMembers members, int most, CancellationToken cancellationToken) => Repeatable.RunAsync(async () =>
    {
        // Not in the turn's transaction, which lasts: a table that is read is not dropped.
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await connection.ExecuteAsync("SET LOCAL max_parallel_workers_per_gather = 0");
        await using var command = new NpgsqlCommand(Given, connection) { CommandTimeout = ReadTimeout };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var edges = new List<TrustEdge>();
        while (await reader.ReadAsync(cancellationToken))
        {
            if (!members.Numbers.TryGetValue(reader.GetInt64(0), out var receiver) || !members.Numbers.TryGetValue(reader.GetInt64(1), out var sender) || members.Disabled.Contains(receiver))
                continue;
            if (edges.Count == most)
            {
                // Or closing it would read the rest.
                command.Cancel();
                return null;
            }

            edges.Add(new(receiver, sender, reader.GetInt64(2)));
        }

        return edges;
    });
}
