using Npgsql;
using Pbts.Grains.Database;

namespace Pbts.Grains.Chain.Sync;

/// <summary>
/// What the sync may burn in 24 hours, decided in PostgreSQL, so that it holds over all silos and through restarts. Gas is
/// set aside before a transaction is handed in; once it is mined, what it burnt counts instead.
/// </summary>
internal sealed class SyncBudget(NpgsqlDataSource database)
{
    private const string Used = """
        (SELECT coalesce(sum(coalesce(o.gas_used, g.gas)), 0)::bigint FROM chain_sync_gas g LEFT JOIN chain_outbox o ON o.id = g.outbox_id
         WHERE g.at > now() - interval '1 day' AND o.state IS DISTINCT FROM 'failed')
        """;

    /// <summary>Sets gas aside for a transaction, again where it was before; false when less than that is left. A limit of 0 is none.</summary>
    public Task<bool> ReserveAsync(Guid outboxId, long gas, long perDay) => Repeatable.TransactAsync(database, async connection =>
    {
        // One at a time: two that each saw the other's gas as free would spend it twice.
        await connection.ExecuteAsync("SELECT FROM chain_sync_state FOR UPDATE");
        // What no longer counts goes, and what was set aside for transactions that a crash kept from being handed in.
        await connection.ExecuteAsync("""
            DELETE FROM chain_sync_gas g WHERE g.at < now() - interval '2 days'
                OR (g.at < now() - interval '10 minutes' AND NOT EXISTS (SELECT FROM chain_outbox o WHERE o.id = g.outbox_id))
            """);
        var reserved = await connection.ExecuteAsync(
            $"INSERT INTO chain_sync_gas (outbox_id, gas) SELECT $1, $2 WHERE $3 = 0 OR {Used} + $2 <= $3 ON CONFLICT (outbox_id) DO UPDATE SET gas = excluded.gas", outboxId, gas, perDay) > 0;
        return (reserved, true);
    });

    /// <summary>Gives back what was set aside for a transaction that was not handed in.</summary>
    public Task ReleaseAsync(Guid outboxId) => database.ExecuteAsync("DELETE FROM chain_sync_gas WHERE outbox_id = $1", outboxId);

    /// <summary>Notes for all processes whether the sync waits for the budget.</summary>
    public Task NotePausedAsync(bool paused) => database.ExecuteAsync("""
        UPDATE chain_sync_state SET paused_since = CASE WHEN $1 THEN coalesce(paused_since, now()) END WHERE $1 = (paused_since IS NULL)
        """, paused);

    public async Task<SyncBudgetState> ReadAsync() => (await database.QueryAsync(
        $"SELECT {Used}, paused_since, waiting FROM chain_sync_state",
        row => new SyncBudgetState(row.GetInt64(0), row.Maybe<DateTimeOffset?>(1), row.GetInt32(2)))).Single();
}
