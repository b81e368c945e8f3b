using Npgsql;
using Pbts.Protocol.Ethereum;

namespace Pbts.Grains.Chain;

/// <summary>The Reputation contracts on record and which of them is active.</summary>
internal sealed class ContractRecords(NpgsqlDataSource database)
{
    /// <summary>The active contract; null when none was ever set up.</summary>
    public async Task<EthereumAddress?> ReadActiveAsync()
    {
        await using var command = database.CreateCommand("SELECT address FROM chain_contract WHERE active");
        return await command.ExecuteScalarAsync() is byte[] address ? new EthereumAddress(address) : null;
    }

    /// <summary>Whether a migration is under way: what is written to the old contract then might miss the new one.</summary>
    public async Task<bool> IsMigratingAsync()
    {
        await using var command = database.CreateCommand("SELECT EXISTS (SELECT FROM migration WHERE state IN ('pending', 'running', 'paused'))");
        return (bool)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>Adopts a contract that was made elsewhere, unless one is active already; gives the active one.</summary>
    public async Task<EthereumAddress> AdoptAsync(EthereumAddress contract, EthereumAddress? referrer)
    {
        await using (var command = database.CreateCommand("""
            INSERT INTO chain_contract (address, referrer, active)
            SELECT $1, $2, true WHERE NOT EXISTS (SELECT FROM chain_contract WHERE active) ON CONFLICT DO NOTHING
            """))
        {
            command.Parameters.AddAll([new NpgsqlParameter { Value = contract.ToArray() }, Bytes(referrer)]);
            await command.ExecuteNonQueryAsync();
        }
        return await ReadActiveAsync() ?? throw new InvalidOperationException("No contract is active after adopting one.");
    }

    /// <summary>Makes a contract the active one.</summary>
    public async Task ActivateAsync(EthereumAddress contract, EthereumAddress referrer)
    {
        await using var connection = await database.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await LockAsync(connection);
        await using (var note = new NpgsqlCommand("INSERT INTO chain_contract (address, referrer) VALUES ($1, $2) ON CONFLICT (address) DO NOTHING", connection))
        {
            note.Parameters.AddAll([new NpgsqlParameter { Value = contract.ToArray() }, Bytes(referrer)]);
            await note.ExecuteNonQueryAsync();
        }
        await SwitchAsync(connection, contract);
        await transaction.CommitAsync();
    }

    /// <summary>Records what a transaction created. After a reorganisation it may be another address than before.</summary>
    public static async Task RecordAsync(NpgsqlConnection connection, Guid outboxId, EthereumAddress contract, EthereumAddress? referrer, bool activate)
    {
        await LockAsync(connection);
        await using (var command = new NpgsqlCommand("""
            INSERT INTO chain_contract (address, referrer, outbox_id) VALUES ($1, $2, $3)
            ON CONFLICT (outbox_id) DO UPDATE SET address = excluded.address, referrer = excluded.referrer
            """, connection))
        {
            command.Parameters.AddAll([new NpgsqlParameter { Value = contract.ToArray() }, Bytes(referrer), new NpgsqlParameter { Value = outboxId }]);
            await command.ExecuteNonQueryAsync();
        }
        if (activate && !await NewerIsActiveAsync(connection, outboxId)) await SwitchAsync(connection, contract);
    }

    /// <summary>An old transaction that comes back after a reorganisation must not undo a later choice.</summary>
    private static async Task<bool> NewerIsActiveAsync(NpgsqlConnection connection, Guid outboxId)
    {
        await using var command = new NpgsqlCommand("""
            SELECT EXISTS (SELECT FROM chain_contract c JOIN chain_outbox o ON o.id = c.outbox_id
                           WHERE c.active AND o.seq > (SELECT seq FROM chain_outbox WHERE id = $1))
            """, connection);
        command.Parameters.Add(new() { Value = outboxId });
        return (bool)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>
    /// One switch at a time: two at once would each see the other's contract as inactive. Taken before anything is written,
    /// because two writers that both asked for it afterwards would wait for each other.
    /// </summary>
    private static async Task LockAsync(NpgsqlConnection connection)
    {
        await using var command = new NpgsqlCommand("LOCK TABLE chain_contract IN SHARE ROW EXCLUSIVE MODE", connection);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task SwitchAsync(NpgsqlConnection connection, EthereumAddress contract)
    {
        await using (var off = new NpgsqlCommand("UPDATE chain_contract SET active = false WHERE active AND address <> $1", connection))
        {
            off.Parameters.Add(new() { Value = contract.ToArray() });
            await off.ExecuteNonQueryAsync();
        }
        await using var on = new NpgsqlCommand("UPDATE chain_contract SET active = true WHERE address = $1", connection);
        on.Parameters.Add(new() { Value = contract.ToArray() });
        await on.ExecuteNonQueryAsync();
    }

    private static NpgsqlParameter Bytes(EthereumAddress? address) =>
        new() { Value = (object?)address?.ToArray() ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Bytea };
}
