using Npgsql;

namespace Pbts.Grains.Chain;

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

    /// <summary>Sets gas aside for a transaction; false when less than that is left. A limit of 0 is none.</summary>
    public async Task<bool> ReserveAsync(Guid outboxId, long gas, long perDay)
    {
        await using var connection = await database.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        // One at a time: two that each saw the other's gas as free would spend it twice.
        await using (var alone = new NpgsqlCommand("SELECT FROM chain_sync_state FOR UPDATE", connection)) await alone.ExecuteNonQueryAsync();
        // What no longer counts goes, and what was set aside for transactions that a crash kept from being handed in.
        await using (var old = new NpgsqlCommand("""
            DELETE FROM chain_sync_gas g WHERE g.at < now() - interval '2 days'
                OR (g.at < now() - interval '10 minutes' AND NOT EXISTS (SELECT FROM chain_outbox o WHERE o.id = g.outbox_id))
            """, connection)) await old.ExecuteNonQueryAsync();
        await using var reserve = new NpgsqlCommand(
            $"INSERT INTO chain_sync_gas (outbox_id, gas) SELECT $1, $2 WHERE $3 = 0 OR {Used} + $2 <= $3", connection);
        foreach (var value in (object[])[outboxId, gas, perDay]) reserve.Parameters.Add(new() { Value = value });
        var reserved = await reserve.ExecuteNonQueryAsync() > 0;
        await transaction.CommitAsync();
        return reserved;
    }

    /// <summary>Gives back what was set aside for a transaction that was not handed in.</summary>
    public async Task ReleaseAsync(Guid outboxId)
    {
        await using var command = database.CreateCommand("DELETE FROM chain_sync_gas WHERE outbox_id = $1");
        command.Parameters.Add(new() { Value = outboxId });
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Notes for all processes whether the sync waits for the budget.</summary>
    public async Task NotePausedAsync(bool paused)
    {
        await using var command = database.CreateCommand("""
            UPDATE chain_sync_state SET paused_since = CASE WHEN $1 THEN coalesce(paused_since, now()) END WHERE $1 = (paused_since IS NULL)
            """);
        command.Parameters.Add(new() { Value = paused });
        await command.ExecuteNonQueryAsync();
    }

    public async Task<SyncBudgetState> ReadAsync(CancellationToken cancellationToken = default)
    {
        await using var command = database.CreateCommand($"SELECT {Used}, paused_since, waiting FROM chain_sync_state");
        command.CommandTimeout = 5;
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return new(reader.GetInt64(0), await reader.IsDBNullAsync(1, cancellationToken) ? null : reader.GetFieldValue<DateTimeOffset>(1), reader.GetInt32(2));
    }
}
