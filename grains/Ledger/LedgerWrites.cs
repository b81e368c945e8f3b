using Npgsql;
using NpgsqlTypes;

namespace Pbts.Grains.Ledger;

/// <summary>Writes what a <see cref="Crediting"/> has decided, in one round trip.</summary>
internal static class LedgerWrites
{
    // What is there already is left as it is and counted: then somebody wrote who did not lock the members' rows first.
    private const string Receipts = """
        INSERT INTO receipts (epoch, id, sender, receiver, info_hash, piece_index, bytes)
        SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::bigint[], $4::bigint[], $5::bytea[], $6::bigint[], $7::bigint[])
        ON CONFLICT DO NOTHING
        """;

    private const string Begun = """
        INSERT INTO voucher_sessions (id, info_hash, sender, receiver, sender_key, receiver_key, session, bytes, credited, opened, signed_at, signature)
        SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::bigint[], $4::bigint[], $5::bytea[], $6::bytea[], $7::bytea[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bytea[])
        ON CONFLICT (id) DO UPDATE
        SET bytes = excluded.bytes, credited = excluded.credited, signed_at = excluded.signed_at, signature = excluded.signature, last_report = now()
        WHERE voucher_sessions.bytes < excluded.bytes AND voucher_sessions.credited <= excluded.credited
        """;

    private const string Credited = """
        UPDATE voucher_sessions SET credited = entry.credited, last_report = now()
        FROM unnest($1::bytea[], $2::bigint[]) AS entry (id, credited)
        WHERE voucher_sessions.id = entry.id AND voucher_sessions.credited < entry.credited
        """;

    private const string Debits = """
        INSERT INTO torrent_debits (receiver, info_hash, bytes)
        SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::bigint[])
        ON CONFLICT (receiver, info_hash) DO UPDATE SET bytes = excluded.bytes
        """;

    private const string Members = """
        UPDATE users
        SET uploaded = entry.uploaded, downloaded = entry.downloaded, debit_hour = entry.debit_hour, debited = entry.debited, debited_before = entry.debited_before,
            sessions = entry.sessions
        FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[])
            AS entry (id, uploaded, downloaded, debit_hour, debited, debited_before, sessions)
        WHERE users.id = entry.id
        """;

    // What a site counts of it, with the factors that hold now, of registered torrents alone. The members' rows are locked: history's
    // come after them and in their order, as everywhere. Factors as in TorrentFacts and SiteRules.
    private const string CreditedTotals = """
        WITH moved AS (
            SELECT moved.member, moved.info_hash, up, down,
                least(100, CASE WHEN every.until <= now() THEN 100 ELSE every.download_factor END, site_groups.download_factor,
                    CASE WHEN featured OR freeleech_until > now() OR held.member IS NOT NULL THEN 0 END,
                    CASE WHEN factors_until <= now() THEN 100 ELSE site.download_factor END) AS download,
                greatest(100, CASE WHEN every.until <= now() THEN 100 ELSE every.upload_factor END, site_groups.upload_factor,
                    CASE WHEN featured THEN 200 END, CASE WHEN factors_until <= now() THEN 100 ELSE site.upload_factor END) AS upload
            FROM unnest($1::bigint[], $2::bytea[], $3::bigint[], $4::bigint[]) AS moved (member, info_hash, up, down)
            JOIN users ON users.id = moved.member CROSS JOIN site_factors AS every
            LEFT JOIN site_groups ON site_groups.id = users.group_id LEFT JOIN site_torrents AS site ON site.info_hash = moved.info_hash
            LEFT JOIN freeleech_tokens AS held ON held.member = moved.member AND held.info_hash = moved.info_hash AND (held.until IS NULL OR held.until > now())
            WHERE site.info_hash IS NOT NULL OR EXISTS (SELECT FROM torrents WHERE torrents.info_hash = moved.info_hash)
        ), credited AS (
            SELECT member, info_hash, least(div(up::numeric * upload, 100), 9223372036854775807)::bigint AS up, least(div(down::numeric * download, 100), 9223372036854775807)::bigint AS down FROM moved
        ), kept AS (
            INSERT INTO history AS known (member, info_hash, credited_uploaded, credited_downloaded) SELECT * FROM credited ORDER BY member, info_hash
            ON CONFLICT (member, info_hash) DO UPDATE
            SET credited_uploaded = known.credited_uploaded + excluded.credited_uploaded, credited_downloaded = known.credited_downloaded + excluded.credited_downloaded
        )
        UPDATE users SET credited_uploaded   = least(credited_uploaded::numeric + sums.up, 9223372036854775807)::bigint,
                         credited_downloaded = least(credited_downloaded::numeric + sums.down, 9223372036854775807)::bigint
        FROM (SELECT member, sum(up) AS up, sum(down) AS down FROM credited GROUP BY member) AS sums WHERE users.id = sums.member
        """;

    /// <param name="creditsProven">Whether it is what is proven that a site counts.</param>
    /// <exception cref="OvertakenException">Something else was written meanwhile; nothing may be committed.</exception>
    public static async Task WriteAsync(NpgsqlConnection connection, LedgerState state, Crediting crediting, bool creditsProven, int timeout)
    {
        var receipts = crediting.Spent;
        var begun = crediting.Raised.Where(raised => raised.Value.Newest is not null).ToArray();
        var credited = crediting.Raised.Where(raised => raised.Value.Newest is null).ToArray();
        var debited = crediting.Debited.ToArray();
        var members = state.Members.Where(member => member.Value.Changed).ToArray();

        await using var batch = new NpgsqlBatch(connection) { Timeout = timeout };
        Add(receipts.Count, Receipts,
            Bigint(receipts.Select(spent => spent.Receipt.Epoch)), Bytea(receipts.Select(spent => spent.Receipt.Id.ToArray())),
            Bigint(receipts.Select(spent => spent.Receipt.Sender)), Bigint(receipts.Select(spent => spent.Receipt.Receiver)),
            Bytea(receipts.Select(spent => spent.Receipt.InfoHash.ToArray())), Bigint(receipts.Select(spent => (long)spent.Receipt.PieceIndex)),
            Bigint(receipts.Select(spent => spent.Bytes)));
        Add(begun.Length, Begun,
            Bytea(begun.Select(raised => raised.Key.ToArray())), Bytea(begun.Select(raised => raised.Value.Newest!.Voucher.InfoHash.ToArray())),
            Bigint(begun.Select(raised => raised.Value.Newest!.Sender)), Bigint(begun.Select(raised => raised.Value.Newest!.Receiver)),
            Bytea(begun.Select(raised => raised.Value.Newest!.Voucher.Sender.ToArray())), Bytea(begun.Select(raised => raised.Value.Newest!.Voucher.Receiver.ToArray())),
            Bytea(begun.Select(raised => raised.Value.Newest!.Voucher.Session.ToArray())),
            Bigint(begun.Select(raised => raised.Value.Bytes)), Bigint(begun.Select(raised => raised.Value.Credited)),
            Bigint(begun.Select(raised => raised.Value.Newest!.Voucher.Opened)), Bigint(begun.Select(raised => raised.Value.Newest!.Voucher.SignedAt)),
            Bytea(begun.Select(raised => raised.Value.Newest!.Voucher.Signature.ToArray())));
        Add(credited.Length, Credited, Bytea(credited.Select(raised => raised.Key.ToArray())), Bigint(credited.Select(raised => raised.Value.Credited)));
        Add(debited.Length, Debits,
            Bigint(debited.Select(debit => debit.Receiver)), Bytea(debited.Select(debit => debit.Torrent.ToArray())), Bigint(debited.Select(debit => state.Debits[debit])));
        Add(members.Length, Members,
            Bigint(members.Select(member => member.Key)), Bigint(members.Select(member => member.Value.Uploaded)), Bigint(members.Select(member => member.Value.Downloaded)),
            Bigint(members.Select(member => member.Value.DebitHour)), Bigint(members.Select(member => member.Value.Debited)), Bigint(members.Select(member => member.Value.DebitedBefore)),
            Bigint(members.Select(member => member.Value.Sessions)));
        var counted = batch.BatchCommands.Count;
        if (counted == 0)
            return;
        if (creditsProven)
        {
            Add(crediting.Moved.Count, CreditedTotals,
                Bigint(crediting.Moved.Keys.Select(moved => moved.Member)), Bytea(crediting.Moved.Keys.Select(moved => moved.Torrent.ToArray())),
                Bigint(crediting.Moved.Values.Select(moved => moved.Up)), Bigint(crediting.Moved.Values.Select(moved => moved.Down)));
        }

        await batch.ExecuteNonQueryAsync();
        if (Enumerable.Range(0, counted).Sum(i => (long)batch.BatchCommands[i].RecordsAffected) != receipts.Count + begun.Length + credited.Length + debited.Length + members.Length)
            throw new OvertakenException();

        void Add(int rows, string sql, params NpgsqlParameter[] parameters)
        {
            if (rows == 0)
                return;
            var command = new NpgsqlBatchCommand(sql);
            foreach (var parameter in parameters)
                command.Parameters.Add(parameter);
            batch.BatchCommands.Add(command);
        }
    }

    private static NpgsqlParameter Bigint<T>(IEnumerable<T> values) => ReceiptLedger.Array(values, NpgsqlDbType.Bigint);

    private static NpgsqlParameter Bytea(IEnumerable<byte[]> values) => ReceiptLedger.Array(values, NpgsqlDbType.Bytea);
}

/// <summary>Somebody wrote the same rows without locking the members' first, as a process of an older version does during an upgrade.</summary>
internal sealed class OvertakenException() : Exception("The ledger was overtaken.");
