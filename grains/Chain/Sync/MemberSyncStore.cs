using Npgsql;
using Pbts.Grains.Database;
using Pbts.Grains.Issuers;
using Pbts.Protocol.Ethereum;

namespace Pbts.Grains.Chain.Sync;

/// <summary>What has been told to contracts and what members brought from there, in PostgreSQL.</summary>
internal sealed class MemberSyncStore(NpgsqlDataSource database)
{
    /// <summary>Members with a proven key that have not been looked up on this contract.</summary>
    public Task<List<SyncMember>> ReadNewcomersAsync(EthereumAddress contract, int limit) => database.QueryAsync("""
        SELECT u.user_id, u.key, u.uploaded, u.downloaded, false, false, false, false FROM users u
        WHERE u.proven AND NOT EXISTS (SELECT FROM chain_import i WHERE i.username = u.user_id AND (i.imported OR i.contract = $1))
        ORDER BY u.id LIMIT $2
        """, Member, contract, limit);

    /// <summary>
    /// Looked-up members whose totals have moved by the threshold, or whose key is another, since this contract was last told,
    /// and who are vouched for or linked (or <paramref name="all"/>); those that have waited longest first.
    /// </summary>
    public Task<List<SyncMember>> ReadChangedAsync(EthereumAddress contract, long threshold, int limit, bool all) => database.QueryAsync("""
        SELECT u.user_id, u.key, u.uploaded, u.downloaded, coalesce(s.alone, false), coalesce(s.takeover, false), $4 OR v.member IS NOT NULL, coalesce(t.linked, false)
        FROM users u
        JOIN chain_import i ON i.username = u.user_id AND (i.imported OR i.contract = $1)
        LEFT JOIN chain_sync s ON s.contract = $1 AND s.username = u.user_id
        LEFT JOIN chain_standing t ON t.member = u.id
        LEFT JOIN chain_vouched v ON v.member = u.id
        WHERE u.proven AND s.outbox_id IS NULL
            AND (s.key <> u.key OR
                abs(u.uploaded::numeric - coalesce(s.uploaded, 0)) + abs(u.downloaded::numeric - coalesce(s.downloaded, 0)) >= $3)
            AND ($4 OR t.linked OR v.member IS NOT NULL)
        ORDER BY coalesce(s.alone, false), coalesce(s.synced_at, i.at), u.id LIMIT $2
        """, Member, contract, limit, threshold, all);

    /// <summary>Whether a key was the member's before it was replaced.</summary>
    public Task<bool> WasKeyOfAsync(string username, byte[] key) => database.ValueAsync<bool>(
        "SELECT EXISTS (SELECT FROM user_keys k JOIN users u ON u.id = k.member WHERE k.key = $2 AND u.user_id = $1 AND u.proven)", username, key);

    /// <summary>Whether this tracker ever wrote the member to a contract; what is there is then its own, and nothing to bring in.</summary>
    public Task<bool> WroteAsync(string username) => database.ValueAsync<bool>("SELECT EXISTS (SELECT FROM chain_sync WHERE username = $1)", username);

    /// <summary>Whether a root that this tracker anchored in one of these contracts may hold the member, whose key was proven before it was taken.</summary>
    public Task<bool> WasAnchoredAsync(string username, IReadOnlyCollection<EthereumAddress> contracts) => database.ValueAsync<bool>("""
        SELECT EXISTS (SELECT FROM anchors a JOIN users u ON u.user_id = $1 JOIN user_keys k ON k.member = u.id
            WHERE a.contract = ANY($2) AND a.taken_at > k.proven_at - interval '10 minutes')
        """, username, contracts.Select(contract => contract.ToArray()).ToArray());

    /// <summary>
    /// Adds what a member brings along to its totals, once and for ever; with nothing to bring, or where it counts otherwise already,
    /// notes that it was looked up.
    /// </summary>
    /// <param name="chain">The contract and its referrers: whatever they say of the member is in that record, or too old.</param>
    public async Task ImportAsync(string username, byte[] key, EthereumAddress contract, EthereumAddress? holder, long uploaded, long downloaded, IEnumerable<EthereumAddress>? chain = null)
    {
        var issuers = holder is { } found ? (chain ?? []).Append(contract).Append(found).Distinct().Select(ImportClaims.IssuerOf).ToArray() : [];
        if (!await TryImportAsync(username, key, contract, holder, uploaded, downloaded, issuers))
            await TryImportAsync(username, key, contract, null, 0, 0, []);
    }

    /// <returns>False, and nothing is done, where what is brought counts otherwise already.</returns>
    private Task<bool> TryImportAsync(string username, byte[] key, EthereumAddress contract, EthereumAddress? holder, long uploaded, long downloaded, string[] issuers) =>
        Repeatable.TransactAsync(database, async connection =>
        {
            if (holder is not null)
            {
                // The key again: it may have been replaced since the member was read.
                if (await connection.QueryAsync("SELECT id FROM users WHERE user_id = $1 AND proven AND key = $2 FOR NO KEY UPDATE", row => row.GetInt64(0), username, key) is not [var member])
                    return (true, false);
                if (await ImportClaims.ClaimAsync(connection, member, username, key, issuers, inTotals: true) is not null)
                    return (false, false);
            }

            var noted = await connection.ExecuteAsync("""
                INSERT INTO chain_import (username, contract, holder, uploaded, downloaded, imported) VALUES ($1, $2, $3, $4, $5, $3::bytea IS NOT NULL)
                ON CONFLICT (username) DO UPDATE SET contract = excluded.contract, holder = excluded.holder, uploaded = excluded.uploaded,
                    downloaded = excluded.downloaded, imported = excluded.imported, at = now()
                    WHERE NOT chain_import.imported
                """, username, contract, holder, uploaded, downloaded) > 0;
            if (noted && holder is not null)
            {
                await connection.ExecuteAsync("""
                    UPDATE users SET uploaded = least(uploaded::numeric + $2, 9223372036854775807)::bigint,
                        downloaded = least(downloaded::numeric + $3, 9223372036854775807)::bigint
                    WHERE user_id = $1
                    """, username, uploaded, downloaded);
            }

            return (true, noted);
        });

    /// <summary>The row of a member; 0 when there is none.</summary>
    public Task<long> FindMemberAsync(string username) => database.ValueAsync<long>("SELECT id FROM users WHERE user_id = $1", username);

    /// <summary>Notes what a contract is about to be told, and by which transaction; null when it need not be told.</summary>
    /// <param name="takeover">Whether that transaction takes the member over from a referrer; noted for good, so that it is tried once.</param>
    public Task NoteAsync(EthereumAddress contract, IReadOnlyCollection<SyncEntry> entries, Guid? outboxId, bool takeover = false) => database.ExecuteAsync("""
        INSERT INTO chain_sync (contract, username, uploaded, downloaded, outbox_id, key, takeover)
        SELECT $1, n, u, d, $5::uuid, k, $7 FROM unnest($2, $3, $4, $6) AS t (n, u, d, k)
        ON CONFLICT (contract, username) DO UPDATE SET uploaded = excluded.uploaded, downloaded = excluded.downloaded, key = excluded.key,
            outbox_id = excluded.outbox_id, takeover = chain_sync.takeover OR excluded.takeover, synced_at = now()
        """,
        contract, entries.Select(e => e.Username).ToArray(), entries.Select(e => e.Uploaded).ToArray(),
        entries.Select(e => e.Downloaded).ToArray(), outboxId, entries.Select(e => e.Key).ToArray(), takeover);

    /// <summary>
    /// Looks what became of the transactions: those mined are done with; those refused, or never handed in because of a
    /// crash, are forgotten, so that the members are taken up again, each alone where there was a batch.
    /// </summary>
    public Task SettleAsync() => database.ExecuteAsync("""
        WITH done AS (
            UPDATE chain_sync s SET outbox_id = NULL, alone = false FROM chain_outbox o
            WHERE o.id = s.outbox_id AND o.succeeded AND o.state IN ('mined', 'confirmed') RETURNING 1),
        refused AS (
            UPDATE chain_sync s SET outbox_id = NULL, alone = true, uploaded = 0, downloaded = 0 FROM chain_outbox o
            WHERE o.id = s.outbox_id AND (o.state = 'failed' OR NOT o.succeeded) RETURNING 1)
        UPDATE chain_sync s SET outbox_id = NULL, uploaded = 0, downloaded = 0, takeover = false
        WHERE s.outbox_id IS NOT NULL AND NOT EXISTS (SELECT FROM chain_outbox o WHERE o.id = s.outbox_id)
        """);

    private static SyncMember Member(NpgsqlDataReader row) => new(
        row.GetString(0), row.GetFieldValue<byte[]>(1), row.GetInt64(2), row.GetInt64(3), row.GetBoolean(4), row.GetBoolean(5), row.GetBoolean(6), row.GetBoolean(7));
}
