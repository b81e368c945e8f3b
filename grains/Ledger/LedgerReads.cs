using Npgsql;
using NpgsqlTypes;
using Pbts.Protocol.Receipts;
using Pbts.Protocol.Vouchers;

namespace Pbts.Grains.Ledger;

/// <summary>Reads what is on record about some entries, in one round trip that locks the rows of all members concerned first.</summary>
internal static class LedgerReads
{
    public const string Sessions = "SELECT id, bytes, credited, opened, signed_at FROM voucher_sessions WHERE id = ANY($1)";

    // Each statement sees what was committed before it began: those after the first see all that others did before they let go
    // of the rows it has locked.
    private const string Members = "SELECT id, uploaded, downloaded, origin, trust, debit_hour, debited, debited_before, sessions, believed_uploaded, believed_downloaded FROM users WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE";

    // Whether an epoch is open is decided by the database's clock; the second within it was checked before, on the same clock.
    private const string Times = """
        SELECT floor(now.seconds)::bigint,
               greatest(receipt_floor.epoch, ceil((now.seconds - coalesce((SELECT value::numeric FROM settings WHERE name = 'receipt_window'), $1)) / 3600 - 1))::bigint,
               floor((now.seconds + $2) / 3600)::bigint
        FROM receipt_floor, (SELECT extract(epoch FROM clock_timestamp()) AS seconds) AS now
        """;

    private const string Spent = "SELECT epoch, id FROM receipts WHERE (epoch, id) IN (SELECT * FROM unnest($1::bigint[], $2::bytea[]))";

    private const string Torrents = "SELECT info_hash, bytes, piece_length, pieces FROM torrents WHERE info_hash = ANY($1)";

    private const string Debits = "SELECT receiver, info_hash, bytes FROM torrent_debits WHERE (receiver, info_hash) IN (SELECT * FROM unnest($1::bigint[], $2::bytea[]))";

    public static async Task<LedgerState> ReadAsync(NpgsqlConnection connection, long[] reporters, LedgerEntry[] receipts, VoucherEntry[] vouchers, long window, int timeout)
    {
        var members = reporters.Concat(receipts.SelectMany(entry => (long[])[entry.Sender, entry.Receiver ?? entry.Sender])).Concat(vouchers.SelectMany(entry => (long[])[entry.Sender, entry.Receiver])).Distinct();
        var torrents = receipts.Select(entry => entry.InfoHash).Concat(vouchers.Select(entry => entry.Voucher.InfoHash)).Distinct().Select(hash => hash.ToArray()).ToArray();
        var debits = receipts.Where(entry => entry.Receiver is not null).Select(entry => (Receiver: entry.Receiver!.Value, entry.InfoHash))
            .Concat(vouchers.Select(entry => (entry.Receiver, entry.Voucher.InfoHash))).Distinct().ToArray();

        await using var batch = new NpgsqlBatch(connection) { Timeout = timeout };
        Add(Members, ReceiptLedger.Array(members, NpgsqlDbType.Bigint));
        Add(Times, new NpgsqlParameter { Value = window }, new NpgsqlParameter { Value = ReceiptFreshness.FutureToleranceSeconds });
        Add(Spent, ReceiptLedger.Array(receipts.Select(entry => entry.Epoch), NpgsqlDbType.Bigint), ReceiptLedger.Array(receipts.Select(entry => entry.Id.ToArray()), NpgsqlDbType.Bytea));
        Add(Sessions, ReceiptLedger.Array(vouchers.Select(entry => entry.Id.ToArray()), NpgsqlDbType.Bytea));
        Add(Torrents, ReceiptLedger.Array(torrents, NpgsqlDbType.Bytea));
        Add(Debits, ReceiptLedger.Array(debits.Select(debit => debit.Receiver), NpgsqlDbType.Bigint), ReceiptLedger.Array(debits.Select(debit => debit.InfoHash.ToArray()), NpgsqlDbType.Bytea));
        await using var reader = await batch.ExecuteReaderAsync();
        return await ReadAsync(reader);

        void Add(string sql, params NpgsqlParameter[] parameters)
        {
            var command = new NpgsqlBatchCommand(sql);
            foreach (var parameter in parameters)
                command.Parameters.Add(parameter);
            batch.BatchCommands.Add(command);
        }
    }

    public static async Task ReadSessionsAsync(NpgsqlDataReader reader, Dictionary<VoucherId, VoucherSession> sessions)
    {
        while (await reader.ReadAsync())
            sessions[VoucherId.From(reader.GetFieldValue<byte[]>(0))] = new(reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3), reader.GetInt64(4));
    }

    private static async Task<LedgerState> ReadAsync(NpgsqlDataReader reader)
    {
        var members = new Dictionary<long, Account>();
        while (await reader.ReadAsync())
        {
            members[reader.GetInt64(0)] = new()
            {
                Uploaded = reader.GetInt64(1), Downloaded = reader.GetInt64(2), Origin = reader.GetString(3), Trust = reader.IsDBNull(4) ? null : reader.GetDouble(4),
                DebitHour = reader.GetInt64(5), Debited = reader.GetInt64(6), DebitedBefore = reader.GetInt64(7), Sessions = reader.GetInt64(8),
                BelievedUploaded = reader.GetInt64(9), BelievedDownloaded = reader.GetInt64(10),
            };
        }

        await reader.NextResultAsync();
        await reader.ReadAsync();
        var state = new LedgerState { Now = reader.GetInt64(0), Epochs = (reader.GetInt64(1), reader.GetInt64(2)), Members = members };
        await reader.NextResultAsync();
        while (await reader.ReadAsync())
            state.Spent.Add((reader.GetInt64(0), ReceiptId.From(reader.GetFieldValue<byte[]>(1))));
        await reader.NextResultAsync();
        await ReadSessionsAsync(reader, state.Sessions);
        await reader.NextResultAsync();
        while (await reader.ReadAsync())
            state.Torrents[InfoHash.From(reader.GetFieldValue<byte[]>(0))] = new(reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3));
        await reader.NextResultAsync();
        while (await reader.ReadAsync())
            state.Debits[(reader.GetInt64(0), InfoHash.From(reader.GetFieldValue<byte[]>(1)))] = reader.GetInt64(2);
        return state;
    }
}
