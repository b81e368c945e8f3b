using Npgsql;
using Pbts.GrainInterfaces.Chain;
using Pbts.Grains.Database;
using Pbts.Protocol;
using Pbts.Protocol.Ethereum;

namespace Pbts.Grains.Chain.Claims;

/// <summary>Claims of members in PostgreSQL: one a member and contract, whoever asks how often and where.</summary>
internal sealed class ClaimStore(NpgsqlDataSource database)
{
    private const string Columns = "c.contract, c.username, c.key, c.sequence, c.uploaded, c.downloaded, c.outbox_id, c.data, c.state, c.reason";

    /// <summary>The member's claim; null when there is none.</summary>
    public async Task<ClaimRow?> FindAsync(EthereumAddress contract, string username) =>
        (await database.QueryAsync($"SELECT {Columns} FROM chain_claim c WHERE contract = $1 AND username = $2", Row, contract, username)).SingleOrDefault();

    /// <summary>Puts a claim on record, in the place of one that was refused; gives the one that is there then.</summary>
    public async Task<ClaimRow> NoteAsync(ClaimRow claim)
    {
        await database.ExecuteAsync("""
            INSERT INTO chain_claim AS c (contract, username, key, sequence, uploaded, downloaded, outbox_id, data) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
            ON CONFLICT (contract, username) DO UPDATE SET key = excluded.key, sequence = excluded.sequence, uploaded = excluded.uploaded, downloaded = excluded.downloaded,
                outbox_id = excluded.outbox_id, data = excluded.data, state = 'open', reason = NULL, at = now()
                WHERE c.state = 'refused'
            """, claim.Contract, claim.Username, claim.Key, claim.Sequence, claim.Uploaded, claim.Downloaded, claim.OutboxId, claim.Data);
        return await FindAsync(claim.Contract, claim.Username) ?? throw new InvalidOperationException("A claim that was noted is not on record.");
    }

    /// <summary>Claims that were not handed in yet, oldest first.</summary>
    public Task<List<ClaimRow>> ReadWaitingAsync(int limit) => database.QueryAsync($"""
        SELECT {Columns} FROM chain_claim c WHERE c.state = 'open' AND NOT EXISTS (SELECT FROM chain_outbox o WHERE o.id = c.outbox_id) ORDER BY c.at LIMIT $1
        """, Row, limit);

    /// <summary>Claims whose transaction is in a block, each with the key that the member has by now.</summary>
    public Task<List<(ClaimRow Claim, byte[] Key)>> ReadMinedAsync(int limit) => database.QueryAsync($"""
        SELECT {Columns}, u.key FROM chain_claim c JOIN chain_outbox o ON o.id = c.outbox_id
        JOIN user_keys k ON k.key = c.key JOIN users u ON u.id = k.member AND u.user_id = c.username AND u.proven
        WHERE c.state = 'open' AND o.succeeded AND o.state IN ('mined', 'confirmed') ORDER BY c.at LIMIT $1
        """, row => (Row(row), row.GetFieldValue<byte[]>(10)), limit);

    /// <summary>Notes that a claim that is in a block is credited, if what was brought in is on record; else that it counts otherwise already.</summary>
    public Task EndAsync(ClaimRow claim) => database.ExecuteAsync("""
        UPDATE chain_claim SET (state, reason) = (SELECT CASE WHEN known THEN 'credited' ELSE 'refused' END, CASE WHEN NOT known THEN 'What it says counts here already, by a passport of the same tracker' END
                FROM (SELECT EXISTS (SELECT FROM chain_import WHERE username = $2 AND imported) AS known) AS import)
        WHERE contract = $1 AND username = $2 AND outbox_id = $3 AND state = 'open'
        """, claim.Contract, claim.Username, claim.OutboxId);

    /// <summary>Notes that what a claim that is in a block says counts as the list of issuers has it, or why it does not.</summary>
    public Task EndAsync(ClaimRow claim, string? refusal) => database.ExecuteAsync("""
        UPDATE chain_claim SET state = CASE WHEN $4::text IS NULL THEN 'credited' ELSE 'refused' END, reason = $4::text
        WHERE contract = $1 AND username = $2 AND outbox_id = $3 AND state = 'open'
        """, claim.Contract, claim.Username, claim.OutboxId, refusal);

    /// <summary>Ends a claim that was not handed in.</summary>
    public Task RefuseAsync(ClaimRow claim, string reason) => database.ExecuteAsync("""
        WITH refused AS (UPDATE chain_claim SET state = 'refused', reason = $4 WHERE contract = $1 AND username = $2 AND outbox_id = $3 AND state = 'open' RETURNING 1)
        DELETE FROM chain_sync_gas WHERE outbox_id = $3 AND EXISTS (SELECT FROM refused)
        """, claim.Contract, claim.Username, claim.OutboxId, reason);

    /// <summary>Ends those that the chain refused; how many.</summary>
    public Task<int> SettleRefusedAsync() => database.ExecuteAsync("""
        UPDATE chain_claim c SET state = 'refused', reason = coalesce(o.error, 'reverted') FROM chain_outbox o
        WHERE o.id = c.outbox_id AND c.state = 'open' AND (o.state = 'failed' OR (o.state IN ('mined', 'confirmed') AND NOT o.succeeded))
        """);

    /// <summary>Whether any claim is open.</summary>
    public Task<bool> HasOpenAsync() => database.ValueAsync<bool>("SELECT EXISTS (SELECT FROM chain_claim WHERE state = 'open')");

    /// <summary>The proven key of a member, and whether it has brought in what it had on a chain; null when there is no such member.</summary>
    public async Task<(byte[] Key, bool Imported)?> FindMemberAsync(string username) => (await database.QueryAsync("""
        SELECT key, EXISTS (SELECT FROM chain_import WHERE username = $1 AND imported) FROM users WHERE user_id = $1 AND proven
        """, row => ((byte[], bool)?)(row.GetFieldValue<byte[]>(0), row.GetBoolean(1)), username)).SingleOrDefault();

    /// <summary>Whether this tracker ever anchored totals of its own in a contract.</summary>
    public Task<bool> HasAnchoredAsync(EthereumAddress contract) => database.ValueAsync<bool>("SELECT EXISTS (SELECT FROM anchors WHERE contract = $1)", contract);

    /// <summary>Lets the sync look again what a member has on the contract, unless it has brought something in before.</summary>
    public Task LookAgainAsync(string username) => database.ExecuteAsync("DELETE FROM chain_import WHERE username = $1 AND NOT imported", username);

    private static ClaimRow Row(NpgsqlDataReader row) => new(
        row.Address(0), row.GetString(1), row.GetFieldValue<byte[]>(2), row.GetInt64(3), row.GetInt64(4), row.GetInt64(5), row.GetGuid(6), row.GetFieldValue<byte[]>(7),
        EnumText.Parse<ClaimState>(row.GetString(8)), row.Maybe<string>(9));
}
