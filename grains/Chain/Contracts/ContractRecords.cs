using Npgsql;
using Pbts.Grains.Database;
using Pbts.Protocol.Ethereum;

namespace Pbts.Grains.Chain.Contracts;

/// <summary>The Reputation contracts on record and which of them is active.</summary>
internal sealed class ContractRecords(NpgsqlDataSource database)
{
    /// <summary>The active contract; null when none was ever set up.</summary>
    public async Task<EthereumAddress?> ReadActiveAsync() =>
        (await database.QueryAsync("SELECT address FROM chain_contract WHERE active", row => row.MaybeAddress(0))).FirstOrDefault();

    /// <summary>Whether a migration is under way: what is written to the old contract then might miss the new one.</summary>
    public Task<bool> IsMigratingAsync() => database.ValueAsync<bool>("SELECT EXISTS (SELECT FROM migration WHERE state IN ('pending', 'running', 'paused'))");

    /// <summary>Adopts a contract that was made elsewhere, unless one is active already; gives the active one.</summary>
    public async Task<EthereumAddress> AdoptAsync(EthereumAddress contract, EthereumAddress? referrer)
    {
        await database.ExecuteAsync("""
            INSERT INTO chain_contract (address, referrer, active)
            SELECT $1, $2::bytea, true WHERE NOT EXISTS (SELECT FROM chain_contract WHERE active) ON CONFLICT DO NOTHING
            """, contract, referrer);
        return await ReadActiveAsync() ?? throw new InvalidOperationException("No contract is active after adopting one.");
    }

    /// <summary>Makes a contract the active one.</summary>
    public Task ActivateAsync(EthereumAddress contract, EthereumAddress referrer) => Repeatable.TransactAsync(database, async connection =>
    {
        await LockAsync(connection);
        await connection.ExecuteAsync("INSERT INTO chain_contract (address, referrer) VALUES ($1, $2) ON CONFLICT (address) DO NOTHING", contract, referrer);
        await SwitchAsync(connection, contract);
        return (true, true);
    });

    /// <summary>Records what a transaction created. After a reorganisation it may be another address than before.</summary>
    public static async Task RecordAsync(NpgsqlConnection connection, Guid outboxId, EthereumAddress contract, EthereumAddress? referrer, bool activate)
    {
        await LockAsync(connection);
        await connection.ExecuteAsync("""
            INSERT INTO chain_contract (address, referrer, outbox_id) VALUES ($1, $2, $3)
            ON CONFLICT (outbox_id) DO UPDATE SET address = excluded.address, referrer = excluded.referrer
            """, contract, referrer, outboxId);
        if (activate && !await NewerIsActiveAsync(connection, outboxId))
            await SwitchAsync(connection, contract);
    }

    /// <summary>An old transaction that comes back after a reorganisation must not undo a later choice.</summary>
    private static async Task<bool> NewerIsActiveAsync(NpgsqlConnection connection, Guid outboxId) => (await connection.QueryAsync("""
        SELECT FROM chain_contract c JOIN chain_outbox o ON o.id = c.outbox_id
        WHERE c.active AND o.seq > (SELECT seq FROM chain_outbox WHERE id = $1)
        """, _ => true, outboxId)).Count > 0;

    /// <summary>
    /// One switch at a time: two at once would each see the other's contract as inactive. Taken before anything is written,
    /// because two writers that both asked for it afterwards would wait for each other.
    /// </summary>
    private static Task<int> LockAsync(NpgsqlConnection connection) => connection.ExecuteAsync("LOCK TABLE chain_contract IN SHARE ROW EXCLUSIVE MODE");

    private static async Task SwitchAsync(NpgsqlConnection connection, EthereumAddress contract)
    {
        await connection.ExecuteAsync("UPDATE chain_contract SET active = false WHERE active AND address <> $1", contract);
        await connection.ExecuteAsync("UPDATE chain_contract SET active = true WHERE address = $1", contract);
    }
}
