using System.Numerics;
using Nethereum.RPC.Eth.DTOs;
using Npgsql;
using Pbts.GrainInterfaces.Chain;
using Pbts.Protocol;
using Pbts.Protocol.Ethereum;

namespace Pbts.Grains.Chain;

/// <summary>
/// The outbox in PostgreSQL. Every change names the state it expects, so of two processes that try the same only one
/// succeeds; the unique nonce makes a double claim impossible.
/// </summary>
internal sealed class ChainOutbox(NpgsqlDataSource database)
{
    private const string Columns =
        "id, kind, subject, state, hash, nonce, succeeded, error, block_number, gas_used, contract_address, created_at";

    /// <summary>Notes the chain at the first write and gives the one on record.</summary>
    public async Task<long> NoteChainAsync(long chainId)
    {
        await using var command = database.CreateCommand("""
            WITH noted AS (INSERT INTO chain_identity (chain_id) VALUES ($1) ON CONFLICT DO NOTHING RETURNING chain_id)
            SELECT chain_id FROM noted UNION ALL SELECT chain_id FROM chain_identity LIMIT 1
            """);
        command.Parameters.Add(new() { Value = chainId });
        // The row of a concurrent first writer is invisible to this statement's snapshot: then ask again.
        return await command.ExecuteScalarAsync() as long? ?? await ReadChainAsync() ?? throw new InvalidOperationException("chain_identity is empty.");
    }

    /// <summary>The chain on record; null before the first write.</summary>
    public async Task<long?> ReadChainAsync()
    {
        await using var command = database.CreateCommand("SELECT chain_id FROM chain_identity");
        return await command.ExecuteScalarAsync() as long?;
    }

    /// <summary>Puts a transaction on record, once.</summary>
    public async Task AddAsync(EthereumAddress from, long chainId, ChainSubmission submission)
    {
        EthereumAddress? to = null;
        if (submission.To is not null)
        {
            // Never to be mistaken for the creation of a contract.
            to = EthereumAddress.TryParse(submission.To, out var address) ? address : throw new ArgumentException("To is not an address.", nameof(submission));
        }
        await using var command = database.CreateCommand("""
            INSERT INTO chain_outbox (id, address, chain_id, kind, subject, group_id, to_address, data)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO NOTHING
            """);
        command.Parameters.AddAll([
            new NpgsqlParameter { Value = submission.Id },
            new NpgsqlParameter { Value = from.ToArray() },
            new NpgsqlParameter { Value = chainId },
            new NpgsqlParameter { Value = submission.Kind },
            new NpgsqlParameter { Value = submission.Subject },
            new NpgsqlParameter { Value = (object?)submission.Group ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Uuid },
            Bytes(to),
            new NpgsqlParameter { Value = submission.Data },
        ]);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>The oldest open rows in a state.</summary>
    public async Task<List<OutboxRow>> ReadOpenAsync(EthereumAddress from, long chainId, ChainTransactionState state, int limit)
    {
        await using var command = database.CreateCommand("""
            SELECT id, kind, to_address, data, nonce, gas_limit, attempts, now() - attempted_at, now() - broadcast_at, now() - checked_at, block_number, block_hash
            FROM chain_outbox WHERE address = $1 AND chain_id = $2 AND state = $3 ORDER BY nonce NULLS LAST, seq LIMIT $4
            """);
        command.Parameters.AddAll([
            new NpgsqlParameter { Value = from.ToArray() }, new NpgsqlParameter { Value = chainId },
            new NpgsqlParameter { Value = state.ToText() }, new NpgsqlParameter { Value = limit },
        ]);
        var rows = new List<OutboxRow>();
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            rows.Add(new OutboxRow(
                reader.GetGuid(0), EnumText.TryParse(reader.GetString(1), out TransactionKind kind) ? kind : null, state, Address(reader, 2), reader.GetFieldValue<byte[]>(3), Long(reader, 4), Long(reader, 5),
                reader.GetInt32(6), Elapsed(reader, 7), Elapsed(reader, 8), Elapsed(reader, 9), Long(reader, 10), Text(reader, 11)));
        }
        return rows;
    }

    /// <summary>How many rows are sent and not mined.</summary>
    public async Task<int> CountSentAsync(EthereumAddress from, long chainId)
    {
        await using var command = database.CreateCommand("SELECT count(*)::int FROM chain_outbox WHERE address = $1 AND chain_id = $2 AND state = 'sent'");
        command.Parameters.AddAll([new NpgsqlParameter { Value = from.ToArray() }, new NpgsqlParameter { Value = chainId }]);
        return (int)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>The highest nonce ever claimed; -1 when none was.</summary>
    public async Task<long> HighestNonceAsync(EthereumAddress from, long chainId)
    {
        await using var command = database.CreateCommand("SELECT coalesce(max(nonce), -1) FROM chain_outbox WHERE address = $1 AND chain_id = $2");
        command.Parameters.AddAll([new NpgsqlParameter { Value = from.ToArray() }, new NpgsqlParameter { Value = chainId }]);
        return (long)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>The nonces claimed from <paramref name="first"/> on, in order.</summary>
    public async Task<List<long>> ClaimedNoncesAsync(EthereumAddress from, long chainId, long first)
    {
        await using var command = database.CreateCommand("SELECT nonce FROM chain_outbox WHERE address = $1 AND chain_id = $2 AND nonce >= $3 ORDER BY nonce");
        command.Parameters.AddAll([new NpgsqlParameter { Value = from.ToArray() }, new NpgsqlParameter { Value = chainId }, new NpgsqlParameter { Value = first }]);
        var nonces = new List<long>();
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync()) nonces.Add(reader.GetInt64(0));
        return nonces;
    }

    /// <summary>Claims a nonce for a queued row and records its first signed form, before anything is sent.</summary>
    /// <returns>False when the row is no longer queued or the nonce is taken.</returns>
    public async Task<bool> ClaimAsync(Guid id, ulong nonce, ulong gasLimit, OutboxAttempt attempt)
    {
        try
        {
            return await RecordAttemptAsync(
                id, attempt,
                "UPDATE chain_outbox SET state = 'sent', nonce = $4, gas_limit = $5, hash = $2, attempts = $3, attempted_at = now(), error = NULL WHERE id = $1 AND state = 'queued'",
                new NpgsqlParameter { Value = (long)nonce }, new NpgsqlParameter { Value = (long)gasLimit });
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            return false;
        }
    }

    /// <summary>Records a further signed form with the same nonce; false when somebody else was faster.</summary>
    public Task<bool> BumpAsync(Guid id, OutboxAttempt attempt, ulong gasLimit) => RecordAttemptAsync(
        id, attempt, "UPDATE chain_outbox SET hash = $2, attempts = $3, attempted_at = now(), gas_limit = $4 WHERE id = $1 AND state = 'sent' AND attempts = $3 - 1",
        new NpgsqlParameter { Value = (long)gasLimit });

    /// <summary>The signed forms of a row, newest first.</summary>
    public async Task<List<OutboxAttempt>> ReadAttemptsAsync(Guid id)
    {
        await using var command = database.CreateCommand("SELECT hash, attempt, raw, max_fee, tip FROM chain_attempt WHERE outbox_id = $1 ORDER BY attempt DESC");
        command.Parameters.Add(new() { Value = id });
        var attempts = new List<OutboxAttempt>();
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            attempts.Add(new OutboxAttempt(
                reader.GetString(0), reader.GetInt32(1), reader.GetFieldValue<byte[]>(2), reader.GetFieldValue<BigInteger>(3),
                await reader.IsDBNullAsync(4) ? null : reader.GetFieldValue<BigInteger>(4)));
        }
        return attempts;
    }

    /// <summary>Notes that the node has been handed the row, or what it said instead.</summary>
    public Task NoteBroadcastAsync(Guid id, string? error) => ExecuteAsync(
        "UPDATE chain_outbox SET broadcast_at = now(), error = $2 WHERE id = $1 AND state = 'sent'", id, Nullable(error));

    /// <summary>Notes what holds a row up that is not sent yet.</summary>
    public Task NoteObstacleAsync(Guid id, string error) => ExecuteAsync(
        "UPDATE chain_outbox SET error = $2 WHERE id = $1 AND state IN ('queued', 'sent') AND error IS DISTINCT FROM $2", id, Nullable(error));

    /// <summary>Notes that receipts were looked for.</summary>
    public Task NoteCheckedAsync(Guid id) => ExecuteAsync("UPDATE chain_outbox SET checked_at = now() WHERE id = $1 AND state = 'sent'", id);

    /// <summary>Ends a queued row that would revert.</summary>
    public Task<bool> FailAsync(Guid id, string error) => ExecuteAsync(
        "UPDATE chain_outbox SET state = 'failed', error = $2 WHERE id = $1 AND state = 'queued'", id, Nullable(error));

    /// <summary>Gives a sent row back to the queue, because it cannot be mined with its nonce.</summary>
    public Task<bool> ReleaseAsync(Guid id, string why) => ExecuteAsync(
        "UPDATE chain_outbox SET state = 'queued', nonce = NULL, hash = NULL, broadcast_at = NULL, error = $2 WHERE id = $1 AND state = 'sent'", id, Nullable(why));

    /// <summary>Whether any transaction of the account was ever mined, as far as is known.</summary>
    public async Task<bool> HasMinedAsync(EthereumAddress from, long chainId)
    {
        await using var command = database.CreateCommand("SELECT EXISTS (SELECT FROM chain_outbox WHERE address = $1 AND chain_id = $2 AND state IN ('mined', 'confirmed'))");
        command.Parameters.AddAll([new NpgsqlParameter { Value = from.ToArray() }, new NpgsqlParameter { Value = chainId }]);
        return (bool)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>A reorganisation took a mined row out of the chain: it is to be sent again. What it created is forgotten.</summary>
    public Task<bool> UnmineAsync(Guid id) => ExecuteAsync(
        "UPDATE chain_outbox SET state = 'sent', succeeded = NULL, block_number = NULL, block_hash = NULL, gas_used = NULL, gas_price = NULL, broadcast_at = NULL, checked_at = NULL, error = 'fell out of the chain in a reorganisation' WHERE id = $1 AND state = 'mined'", id);

    /// <summary>The row is deep enough.</summary>
    public Task<bool> ConfirmAsync(Guid id) => ExecuteAsync("UPDATE chain_outbox SET state = 'confirmed' WHERE id = $1 AND state = 'mined'", id);

    /// <summary>Takes back the finality of rows whose nonce the chain no longer counts as used.</summary>
    public async Task<int> ReopenAsync(EthereumAddress from, long chainId, ulong count)
    {
        await using var command = database.CreateCommand("UPDATE chain_outbox SET state = 'mined' WHERE address = $1 AND chain_id = $2 AND nonce >= $3 AND state = 'confirmed'");
        command.Parameters.AddAll([new NpgsqlParameter { Value = from.ToArray() }, new NpgsqlParameter { Value = chainId }, new NpgsqlParameter { Value = (long)count }]);
        return await command.ExecuteNonQueryAsync();
    }

    /// <summary>How many transactions are not mined yet.</summary>
    public async Task<int> CountPendingAsync()
    {
        await using var command = database.CreateCommand("SELECT count(*)::int FROM chain_outbox WHERE state IN ('queued', 'sent')");
        return (int)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>Records the receipt, a success only without <paramref name="error"/>, and with it, in one transaction, the contract that came of it.</summary>
    public async Task RecordMinedAsync(Guid id, TransactionReceipt receipt, string? error, EthereumAddress? contract, EthereumAddress? referrer, bool activate)
    {
        await using var connection = await database.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using (var update = new NpgsqlCommand("""
            UPDATE chain_outbox SET state = 'mined', hash = $2, succeeded = $3, error = $4, block_number = $5, block_hash = $6,
                gas_used = $7, gas_price = $8, contract_address = $9
            WHERE id = $1 AND state IN ('sent', 'mined')
            """, connection))
        {
            update.Parameters.AddAll([
                new NpgsqlParameter { Value = id }, new NpgsqlParameter { Value = receipt.TransactionHash }, new NpgsqlParameter { Value = error is null },
                Nullable(error), new NpgsqlParameter { Value = (long)receipt.BlockNumber.Value }, new NpgsqlParameter { Value = receipt.BlockHash },
                new NpgsqlParameter { Value = (long)receipt.GasUsed.Value }, new NpgsqlParameter { Value = receipt.EffectiveGasPrice?.Value ?? BigInteger.Zero }, Bytes(contract),
            ]);
            if (await update.ExecuteNonQueryAsync() == 0) return;
        }
        if (contract is { } created) await ContractRecords.RecordAsync(connection, id, created, referrer, activate);
        await transaction.CommitAsync();
    }

    /// <summary>A row as it stands, by its id or by any hash it ever had; null when unknown.</summary>
    public async Task<ChainTransaction?> FindAsync(Guid? id, string? hash = null)
    {
        await using var command = database.CreateCommand(
            $"SELECT {Columns} FROM chain_outbox WHERE id = coalesce($1, (SELECT outbox_id FROM chain_attempt WHERE hash = $2))");
        command.Parameters.AddAll([
            new NpgsqlParameter { Value = (object?)id ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Uuid }, Nullable(hash),
        ]);
        await using var reader = await command.ExecuteReaderAsync();
        return await reader.ReadAsync() ? View(reader) : null;
    }

    /// <summary>Those of the rows that are on record, as they stand.</summary>
    public async Task<IReadOnlyDictionary<Guid, ChainTransaction>> FindAsync(Guid[] ids)
    {
        await using var command = database.CreateCommand($"SELECT {Columns} FROM chain_outbox WHERE id = ANY ($1)");
        command.Parameters.Add(new() { Value = ids });
        await using var reader = await command.ExecuteReaderAsync();
        var found = new Dictionary<Guid, ChainTransaction>(ids.Length);
        while (await reader.ReadAsync())
            found.Add(reader.GetGuid(0), View(reader));
        return found;
    }

    /// <summary>Whether anything is queued or sent, or mined and not yet final.</summary>
    public async Task<bool> HasOpenAsync(EthereumAddress from)
    {
        await using var command = database.CreateCommand("SELECT EXISTS (SELECT FROM chain_outbox WHERE address = $1 AND state IN ('queued', 'sent', 'mined'))");
        command.Parameters.Add(new() { Value = from.ToArray() });
        return (bool)(await command.ExecuteScalarAsync())!;
    }

    private static ChainTransaction View(NpgsqlDataReader reader) => new()
    {
        Id = reader.GetGuid(0),
        Kind = reader.GetString(1),
        Subject = reader.GetString(2),
        State = EnumText.Parse<ChainTransactionState>(reader.GetString(3)),
        Hash = Text(reader, 4),
        Nonce = Long(reader, 5),
        Succeeded = reader.IsDBNull(6) ? null : reader.GetBoolean(6),
        Error = Text(reader, 7),
        BlockNumber = Long(reader, 8),
        GasUsed = Long(reader, 9),
        ContractAddress = Address(reader, 10)?.ToString(),
        CreatedAt = reader.GetFieldValue<DateTimeOffset>(11),
    };

    private async Task<bool> RecordAttemptAsync(Guid id, OutboxAttempt attempt, string updateSql, params NpgsqlParameter[] more)
    {
        await using var connection = await database.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using (var update = new NpgsqlCommand(updateSql, connection))
        {
            update.Parameters.AddAll([new NpgsqlParameter { Value = id }, new NpgsqlParameter { Value = attempt.Hash }, new NpgsqlParameter { Value = attempt.Number }, .. more]);
            if (await update.ExecuteNonQueryAsync() == 0) return false;
        }
        // A row that lost its nonce to somebody else starts its attempts anew after the old ones.
        await using (var insert = new NpgsqlCommand(
            "INSERT INTO chain_attempt (hash, outbox_id, attempt, raw, max_fee, tip) VALUES ($1, $2, $3, $4, $5, $6)", connection))
        {
            insert.Parameters.AddAll([
                new NpgsqlParameter { Value = attempt.Hash }, new NpgsqlParameter { Value = id }, new NpgsqlParameter { Value = attempt.Number },
                new NpgsqlParameter { Value = attempt.Raw }, new NpgsqlParameter { Value = attempt.MaxFee },
                new NpgsqlParameter { Value = (object?)attempt.Tip ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Numeric },
            ]);
            await insert.ExecuteNonQueryAsync();
        }
        await transaction.CommitAsync();
        return true;
    }

    private async Task<bool> ExecuteAsync(string sql, Guid id, params NpgsqlParameter[] more)
    {
        await using var command = database.CreateCommand(sql);
        command.Parameters.AddAll([new NpgsqlParameter { Value = id }, .. more]);
        return await command.ExecuteNonQueryAsync() > 0;
    }

    private static NpgsqlParameter Nullable(string? text) => new() { Value = (object?)text ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text };

    private static NpgsqlParameter Bytes(EthereumAddress? address) =>
        new() { Value = (object?)address?.ToArray() ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Bytea };

    private static EthereumAddress? Address(NpgsqlDataReader reader, int at) => reader.IsDBNull(at) ? null : new EthereumAddress(reader.GetFieldValue<byte[]>(at));

    private static long? Long(NpgsqlDataReader reader, int at) => reader.IsDBNull(at) ? null : reader.GetInt64(at);

    private static string? Text(NpgsqlDataReader reader, int at) => reader.IsDBNull(at) ? null : reader.GetString(at);

    private static TimeSpan Elapsed(NpgsqlDataReader reader, int at) => reader.IsDBNull(at) ? TimeSpan.MaxValue : reader.GetTimeSpan(at);
}
