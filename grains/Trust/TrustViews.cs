using Npgsql;
using Pbts.GrainInterfaces.Trust;
using Pbts.Grains.Database;

namespace Pbts.Grains.Trust;

/// <summary>What was found, and the operator's marks.</summary>
internal sealed class TrustViews(NpgsqlDataSource database)
{
    public const string RunColumns = "id, started_at, finished_at, asked, members, edges, seeds, marked, clusters, full_score, decay, passage, full_voice";

    /// <summary>Names in one answer.</summary>
    private const int MostSeeds = 1000;

    public async Task<TrustRun?> ReadLastAsync() => (await database.QueryAsync($"SELECT {RunColumns} FROM trust_runs ORDER BY id DESC LIMIT 1", ReadRun)).FirstOrDefault();

    /// <summary>Whether anybody has the turn to compute.</summary>
    public Task<bool> IsRunningAsync() => database.ValueAsync<bool>($"""
        SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND (classid::bigint << 32) + objid::bigint = {TrustStore.AdvisoryLock} AND granted
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))
        """);

    public async Task<IReadOnlyList<TrustClusterView>> ReadClustersAsync(long after, int count) => await database.QueryAsync($"""
        SELECT id, members, inner_bytes, given, taken, score,
            ARRAY(SELECT user_id FROM trust_scores JOIN users ON users.id = member WHERE cluster = trust_clusters.id ORDER BY member LIMIT {TrustClusterView.MostNames})
        FROM trust_clusters WHERE id > $1 ORDER BY id LIMIT $2
        """, row => new TrustClusterView(row.GetInt64(0), row.GetInt64(1), row.GetInt64(2), row.GetInt64(3), row.GetInt64(4), row.GetDouble(5), row.GetFieldValue<string[]>(6)), after, count);

    public async Task<IReadOnlyList<string>> ReadSeedsAsync() => await database.QueryAsync(
        $"SELECT user_id FROM trust_seeds JOIN users ON users.id = member ORDER BY user_id LIMIT {MostSeeds}", row => row.GetString(0));

    public async Task<MemberTrustScore?> FindAsync(string userId) => (await database.QueryAsync("""
        SELECT user_id, score, CASE WHEN score IS NOT NULL THEN 1 + (SELECT count(*) FROM trust_scores AS better WHERE better.score > own.score) END,
            (SELECT count(*) FROM trust_scores), coalesce(seed, false), EXISTS (SELECT FROM trust_seeds WHERE member = users.id), cluster, computed_at
        FROM users LEFT JOIN trust_scores AS own ON own.member = users.id WHERE user_id = $1
        """, row => new MemberTrustScore(
            row.GetString(0), row.Maybe<double?>(1), row.Maybe<long?>(2), row.GetInt64(3), row.GetBoolean(4), row.GetBoolean(5), row.Maybe<long?>(6), row.Maybe<DateTimeOffset?>(7)), userId)).FirstOrDefault();

    /// <summary>Only members with a key give and take what is proven.</summary>
    public async Task<MemberTrustScore?> SetSeedAsync(string userId, bool isMarked)
    {
        await database.ExecuteAsync(isMarked
            ? "INSERT INTO trust_seeds (member) SELECT id FROM users WHERE user_id = $1 AND proven ON CONFLICT DO NOTHING"
            : "DELETE FROM trust_seeds USING users WHERE users.id = member AND user_id = $1", userId);
        return await FindAsync(userId) is { } found && found.IsMarked == isMarked ? found : null;
    }

    public static TrustRun ReadRun(NpgsqlDataReader row) => new()
    {
        Id = row.GetInt64(0), StartedAt = row.GetFieldValue<DateTimeOffset>(1), FinishedAt = row.GetFieldValue<DateTimeOffset>(2), IsAsked = row.GetBoolean(3), Members = row.GetInt64(4),
        Edges = row.GetInt64(5), Seeds = row.GetInt64(6), IsMarked = row.GetBoolean(7), Clusters = row.GetInt64(8), FullScore = row.GetDouble(9), Decay = row.GetDouble(10),
        Passage = row.GetDouble(11), FullVoice = row.GetInt64(12),
    };
}
