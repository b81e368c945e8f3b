using System.Numerics;
using Nethereum.RPC.Eth.DTOs;
using Npgsql;
using Pbts.GrainInterfaces.Chain;
using Pbts.Grains.Chain.Contracts;
using Pbts.Grains.Database;
using Pbts.Protocol;
using Pbts.Protocol.Ethereum;

namespace Pbts.Grains.Chain.Outbox;

/// <summary>
/// The outbox in PostgreSQL. Every change names the state it expects, so of two processes that try the same only one
/// succeeds; the unique nonce makes a double claim impossible.
/// </summary>
internal sealed class ChainOutbox(NpgsqlDataSource database)
{
    private const string Columns =
        "id, kind, subject, state, hash, nonce, succeeded, error, block_number, gas_used, contract_address, created_at";

    /// <summary>Notes the chain at the first write and gives the one on record.</summary>
    public async Task<long> NoteChainAsync(long chainId) =>
        // The row of a concurrent first writer is invisible to this statement's snapshot: then ask again.
        await database.ValueAsync<long?>("""
            WITH noted AS (INSERT INTO chain_identity (chain_id) VALUES ($1) ON CONFLICT DO NOTHING RETURNING chain_id)
            SELECT chain_id FROM noted UNION ALL SELECT chain_id FROM chain_identity LIMIT 1
            """, chainId) ?? await ReadChainAsync() ?? throw new InvalidOperationException("chain_identity is empty.");

    /// <summary>The chain on record; null before the first write.</summary>
    public Task<long?> ReadChainAsync() => database.ValueAsync<long?>("SELECT chain_id FROM chain_identity");

    /// <summary>Puts a transaction on record, once.</summary>
    public Task AddAsync(EthereumAddress from, long chainId, ChainSubmission submission)
    {
        EthereumAddress? to = null;
        if (submission.To is not null)
        {
            // Never to be mistaken for the creation of a contract.
            to = EthereumAddress.TryParse(submission.To, out var address) ? address : throw new ArgumentException("To is not an address.", nameof(submission));
        }
        return database.ExecuteAsync("""
            INSERT INTO chain_outbox (id, address, chain_id, kind, subject, group_id, to_address, data)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO NOTHING
            """, submission.Id, from, chainId, submission.Kind, submission.Subject, submission.Group, to, submission.Data);
    }

    /// <summary>The oldest open rows in a state.</summary>
    public Task<List<OutboxRow>> ReadOpenAsync(EthereumAddress from, long chainId, ChainTransactionState state, int limit) => database.QueryAsync("""
        SELECT id, kind, to_address, data, nonce, gas_limit, attempts, now() - attempted_at, now() - broadcast_at, now() - checked_at, block_number, block_hash
        FROM chain_outbox WHERE address = $1 AND chain_id = $2 AND state = $3 ORDER BY nonce NULLS LAST, seq LIMIT $4
        """,
        row => new OutboxRow(
            row.GetGuid(0), EnumText.TryParse(row.GetString(1), out TransactionKind kind) ? kind : null, state, row.MaybeAddress(2), row.GetFieldValue<byte[]>(3),
            row.Maybe<long?>(4), row.Maybe<long?>(5), row.GetInt32(6), Elapsed(row, 7), Elapsed(row, 8), Elapsed(row, 9), row.Maybe<long?>(10), row.Maybe<string>(11)),
        from, chainId, state, limit);

    /// <summary>How many rows are sent and not mined.</summary>
    public Task<int> CountSentAsync(EthereumAddress from, long chainId) =>
        database.ValueAsync<int>("SELECT count(*)::int FROM chain_outbox WHERE address = $1 AND chain_id = $2 AND state = 'sent'", from, chainId);

    /// <summary>The highest nonce ever claimed; -1 when none was.</summary>
    public Task<long> HighestNonceAsync(EthereumAddress from, long chainId) =>
        database.ValueAsync<long>("SELECT coalesce(max(nonce), -1) FROM chain_outbox WHERE address = $1 AND chain_id = $2", from, chainId);

    /// <summary>The nonces claimed from <paramref name="first"/> on, in order.</summary>
    public Task<List<long>> ClaimedNoncesAsync(EthereumAddress from, long chainId, long first) => database.QueryAsync(
        "SELECT nonce FROM chain_outbox WHERE address = $1 AND chain_id = $2 AND nonce >= $3 ORDER BY nonce", row => row.GetInt64(0), from, chainId, first);

    /// <summary>Claims a nonce for a queued row and records its first signed form, before anything is sent.</summary>
    /// <returns>False when the row is no longer queued or the nonce is taken.</returns>
    public async Task<bool> ClaimAsync(Guid id, ulong nonce, ulong gasLimit, OutboxAttempt attempt)
    {
        try
        {
            return await RecordAttemptAsync(
                id, attempt,
                "UPDATE chain_outbox SET state = 'sent', nonce = $4, gas_limit = $5, hash = $2, attempts = $3, attempted_at = now(), error = NULL WHERE id = $1 AND state = 'queued'",
                (long)nonce, (long)gasLimit);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            return false;
        }
    }

    /// <summary>Records a further signed form with the same nonce; false when somebody else was faster.</summary>
    public Task<bool> BumpAsync(Guid id, OutboxAttempt attempt, ulong gasLimit) => RecordAttemptAsync(
        id, attempt, "UPDATE chain_outbox SET hash = $2, attempts = $3, attempted_at = now(), gas_limit = $4 WHERE id = $1 AND state = 'sent' AND attempts = $3 - 1",
        (long)gasLimit);

    /// <summary>The signed forms of a row, newest first.</summary>
    public Task<List<OutboxAttempt>> ReadAttemptsAsync(Guid id) => database.QueryAsync(
        "SELECT hash, attempt, raw, max_fee, tip FROM chain_attempt WHERE outbox_id = $1 ORDER BY attempt DESC",
        row => new OutboxAttempt(row.GetString(0), row.GetInt32(1), row.GetFieldValue<byte[]>(2), row.GetFieldValue<BigInteger>(3), row.Maybe<BigInteger?>(4)),
        id);

    /// <summary>Notes that the node has been handed the row, or what it said instead.</summary>
    public Task NoteBroadcastAsync(Guid id, string? error) =>
        database.ExecuteAsync("UPDATE chain_outbox SET broadcast_at = now(), error = $2 WHERE id = $1 AND state = 'sent'", id, error);

    /// <summary>Notes what holds a row up that is not sent yet.</summary>
    public Task NoteObstacleAsync(Guid id, string error) => database.ExecuteAsync(
        "UPDATE chain_outbox SET error = $2 WHERE id = $1 AND state IN ('queued', 'sent') AND error IS DISTINCT FROM $2", id, error);

    /// <summary>Notes that receipts were looked for.</summary>
    public Task NoteCheckedAsync(Guid id) => database.ExecuteAsync("UPDATE chain_outbox SET checked_at = now() WHERE id = $1 AND state = 'sent'", id);

    /// <summary>Ends a queued row that would revert.</summary>
    public Task FailAsync(Guid id, string error) =>
        database.ExecuteAsync("UPDATE chain_outbox SET state = 'failed', error = $2 WHERE id = $1 AND state = 'queued'", id, error);

    /// <summary>Gives a sent row back to the queue, because it cannot be mined with its nonce.</summary>
    public async Task<bool> ReleaseAsync(Guid id, string why) => await database.ExecuteAsync(
        "UPDATE chain_outbox SET state = 'queued', nonce = NULL, hash = NULL, broadcast_at = NULL, error = $2 WHERE id = $1 AND state = 'sent'", id, why) > 0;

    /// <summary>Whether any transaction of the account was ever mined, as far as is known.</summary>
    public Task<bool> HasMinedAsync(EthereumAddress from, long chainId) => database.ValueAsync<bool>(
        "SELECT EXISTS (SELECT FROM chain_outbox WHERE address = $1 AND chain_id = $2 AND state IN ('mined', 'confirmed'))", from, chainId);

    /// <summary>A reorganisation took a mined row out of the chain: it is to be sent again. What it created is forgotten.</summary>
    public async Task<bool> UnmineAsync(Guid id) => await database.ExecuteAsync(
        "UPDATE chain_outbox SET state = 'sent', succeeded = NULL, block_number = NULL, block_hash = NULL, gas_used = NULL, gas_price = NULL, broadcast_at = NULL, checked_at = NULL, error = 'fell out of the chain in a reorganisation' WHERE id = $1 AND state = 'mined'",
        id) > 0;

    /// <summary>The row is deep enough.</summary>
    public Task ConfirmAsync(Guid id) => database.ExecuteAsync("UPDATE chain_outbox SET state = 'confirmed' WHERE id = $1 AND state = 'mined'", id);

    /// <summary>Takes back the finality of rows whose nonce the chain no longer counts as used.</summary>
    public Task<int> ReopenAsync(EthereumAddress from, long chainId, ulong count) => database.ExecuteAsync(
        "UPDATE chain_outbox SET state = 'mined' WHERE address = $1 AND chain_id = $2 AND nonce >= $3 AND state = 'confirmed'", from, chainId, (long)count);

    /// <summary>How many transactions are not mined yet.</summary>
    public Task<int> CountPendingAsync() => database.ValueAsync<int>("SELECT count(*)::int FROM chain_outbox WHERE state IN ('queued', 'sent')");

    /// <summary>Records the receipt, a success only without <paramref name="error"/>, and with it, in one transaction, the contract that came of it.</summary>
    public Task RecordMinedAsync(Guid id, TransactionReceipt receipt, string? error, EthereumAddress? contract, EthereumAddress? referrer, bool activate) =>
        Repeatable.TransactAsync(database, async connection =>
        {
            var recorded = await connection.ExecuteAsync("""
                UPDATE chain_outbox SET state = 'mined', hash = $2, succeeded = $3, error = $4, block_number = $5, block_hash = $6,
                    gas_used = $7, gas_price = $8, contract_address = $9
                WHERE id = $1 AND state IN ('sent', 'mined')
                """,
                id, receipt.TransactionHash, error is null, error, (long)receipt.BlockNumber.Value, receipt.BlockHash,
                (long)receipt.GasUsed.Value, receipt.EffectiveGasPrice?.Value ?? BigInteger.Zero, contract) > 0;
            if (recorded && contract is { } created)
                await ContractRecords.RecordAsync(connection, id, created, referrer, activate);
            return (recorded, recorded);
        });

    /// <summary>A row as it stands, by its id or by any hash it ever had; null when unknown.</summary>
    public async Task<ChainTransaction?> FindAsync(Guid? id, string? hash = null) => (await database.QueryAsync(
        $"SELECT {Columns} FROM chain_outbox WHERE id = coalesce($1, (SELECT outbox_id FROM chain_attempt WHERE hash = $2))", View, id, hash)).FirstOrDefault();

    /// <summary>Those of the rows that are on record, as they stand.</summary>
    public async Task<IReadOnlyDictionary<Guid, ChainTransaction>> FindAsync(Guid[] ids) =>
        (await database.QueryAsync($"SELECT {Columns} FROM chain_outbox WHERE id = ANY ($1)", View, ids)).ToDictionary(transaction => transaction.Id);

    /// <summary>Whether anything is queued or sent, or mined and not yet final.</summary>
    public Task<bool> HasOpenAsync(EthereumAddress from) =>
        database.ValueAsync<bool>("SELECT EXISTS (SELECT FROM chain_outbox WHERE address = $1 AND state IN ('queued', 'sent', 'mined'))", from);

    private static ChainTransaction View(NpgsqlDataReader row) => new()
    {
        Id = row.GetGuid(0),
        Kind = row.GetString(1),
        Subject = row.GetString(2),
        State = EnumText.Parse<ChainTransactionState>(row.GetString(3)),
        Hash = row.Maybe<string>(4),
        Nonce = row.Maybe<long?>(5),
        Succeeded = row.Maybe<bool?>(6),
        Error = row.Maybe<string>(7),
        BlockNumber = row.Maybe<long?>(8),
        GasUsed = row.Maybe<long?>(9),
        ContractAddress = row.MaybeAddress(10)?.ToString(),
        CreatedAt = row.GetFieldValue<DateTimeOffset>(11),
    };

    private Task<bool> RecordAttemptAsync(Guid id, OutboxAttempt attempt, string updateSql, params object[] more) => Repeatable.TransactAsync(database, async connection =>
    {
        if (await connection.ExecuteAsync(updateSql, [id, attempt.Hash, attempt.Number, .. more]) == 0)
            return (false, false);
        // A row that lost its nonce to somebody else starts its attempts anew after the old ones.
        await connection.ExecuteAsync(
            "INSERT INTO chain_attempt (hash, outbox_id, attempt, raw, max_fee, tip) VALUES ($1, $2, $3, $4, $5, $6)",
            attempt.Hash, id, attempt.Number, attempt.Raw, attempt.MaxFee, attempt.Tip);
        return (true, true);
    });

    private static TimeSpan Elapsed(NpgsqlDataReader row, int column) => row.Maybe<TimeSpan?>(column) ?? TimeSpan.MaxValue;
}
