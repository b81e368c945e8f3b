using Npgsql;
using Pbts.Grains.Database;

namespace Pbts.Grains.Chain.Sync;

/// <summary>
/// Who may cost the operator gas. Accounts are free, and free accounts can sign for each other; so a signature counts only
/// when its signer is vouched for, which begins with those whom the operator names or who come with a record of their own.
/// </summary>
internal sealed class MemberStanding(NpgsqlDataSource database)
{
    /// <summary>Members looked at in one go; those looked at longest ago come first.</summary>
    private const int Batch = 200;

    /// <summary>
    /// Looks who has earned from at least <paramref name="receivers"/> members that are vouched for, <paramref name="bytes"/>
    /// from each, by vouchers and the receipts that the ledger still has. Who has is vouched for from then on.
    /// </summary>
    public async Task JudgeAsync(int receivers, long bytes)
    {
        await database.ExecuteAsync("""
            INSERT INTO chain_standing AS t (member, earned_at, judged_at, judged_uploaded)
            SELECT due.id, CASE WHEN signed.count >= $1 THEN now() END, now(), due.uploaded
            FROM (
                SELECT u.id, u.uploaded FROM users u
                JOIN chain_import i ON i.username = u.user_id LEFT JOIN chain_standing s ON s.member = u.id
                WHERE u.proven AND u.uploaded >= $2::numeric * $1
                    AND (s.judged_at IS NULL OR u.uploaded - s.judged_uploaded >= $2 OR s.judged_at < now() - interval '1 hour')
                    AND NOT EXISTS (SELECT FROM chain_vouched v WHERE v.member = u.id)
                ORDER BY s.judged_at NULLS FIRST, u.id LIMIT $3) AS due
            CROSS JOIN LATERAL (
                SELECT count(*) FROM (
                    SELECT FROM (
                        SELECT r.receiver, r.bytes FROM receipts r WHERE r.sender = due.id
                        UNION ALL
                        SELECT s.receiver, s.credited FROM voucher_sessions s WHERE s.sender = due.id) AS given
                    JOIN chain_vouched v ON v.member = given.receiver
                    WHERE given.receiver <> due.id GROUP BY given.receiver HAVING sum(given.bytes) >= $2) AS one) AS signed
            ON CONFLICT (member) DO UPDATE SET earned_at = coalesce(t.earned_at, excluded.earned_at),
                judged_at = excluded.judged_at, judged_uploaded = excluded.judged_uploaded
            """, receivers, bytes, Batch);
        await database.ExecuteAsync("""
            UPDATE chain_sync_state SET waiting = w.count FROM (
                SELECT count(*)::int FROM users u WHERE u.proven AND $1 > 0 AND u.uploaded::numeric + u.downloaded >= $2
                    AND NOT EXISTS (SELECT FROM chain_vouched v WHERE v.member = u.id)) AS w
            WHERE waiting <> w.count
            """, receivers, bytes);
    }

    /// <summary>The operator vouches for a member; false when there is no such member with a proven key.</summary>
    public Task<bool> ApproveAsync(string username) => SetAsync(username, "approved = true");

    /// <summary>The operator says that the record of this name on the chain is the member's; false as for <see cref="ApproveAsync"/>.</summary>
    public async Task<bool> LinkAsync(string username)
    {
        if (!await SetAsync(username, "linked = true"))
            return false;
        // It was left alone so far: to be looked at again, as if it had never been.
        await database.ExecuteAsync("DELETE FROM chain_sync WHERE username = $1 AND key IS NULL AND outbox_id IS NULL", username);
        return true;
    }

    /// <summary>Takes both back. What has been earned or written stays.</summary>
    public Task<bool> RevokeAsync(string username) => SetAsync(username, "approved = false, linked = false");

    private async Task<bool> SetAsync(string username, string change)
    {
        var member = await database.ValueAsync<long?>("""
            WITH member AS (SELECT id FROM users WHERE user_id = $1 AND proven),
                 noted AS (INSERT INTO chain_standing (member) SELECT id FROM member ON CONFLICT (member) DO NOTHING RETURNING member)
            SELECT id FROM member
            """, username);
        if (member is null)
            return false;
        await database.ExecuteAsync($"UPDATE chain_standing SET {change} WHERE member = $1", member);
        return true;
    }
}
