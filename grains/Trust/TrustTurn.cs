using Npgsql;
using NpgsqlTypes;
using Pbts.GrainInterfaces.Trust;
using Pbts.Grains.Database;
using Pbts.Protocol.Trust;

namespace Pbts.Grains.Trust;

/// <summary>The turn to compute: a transaction that nobody else has at the time, in which all that was found is written, or nothing.</summary>
internal sealed class TrustTurn(NpgsqlConnection connection, NpgsqlTransaction transaction, DateTimeOffset startedAt) : IAsyncDisposable
{
    /// <summary>Asked again with the turn: it may have been somebody else's until just now.</summary>
    public async Task<bool> IsDueAsync(int interval) => (await connection.QueryAsync(TrustStore.Due, row => row.GetBoolean(0), (double)interval))[0];

    public async Task<TrustRun> WriteAsync(TrustMembers members, TrustFindings found, bool asked, TrustParameters parameters, CancellationToken cancellationToken)
    {
        var scores = found.Scores;
        await connection.ExecuteAsync("DELETE FROM trust_clusters");
        await connection.ExecuteAsync("DELETE FROM trust_scores");
        await WriteClustersAsync(found, cancellationToken);
        await WriteScoresAsync(members, found, cancellationToken);
        var run = (await connection.QueryAsync($"""
            INSERT INTO trust_runs (started_at, finished_at, asked, members, edges, seeds, marked, clusters, full_score, decay, passage, full_voice)
            VALUES ($1, clock_timestamp(), $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING {TrustViews.RunColumns}
            """, TrustViews.ReadRun, startedAt, asked, (long)members.Ids.Count, (long)found.Edges, (long)scores.Seeds.Count, members.Marked.Count > 0, (long)found.Clusters.Count, scores.Full,
            parameters.Decay, parameters.Passage, parameters.FullVoice))[0];
        await transaction.CommitSafelyAsync(seconds: 0);
        return run;
    }

    public async ValueTask DisposeAsync()
    {
        await transaction.DisposeAsync();
        await connection.DisposeAsync();
    }

    private async Task WriteClustersAsync(TrustFindings found, CancellationToken cancellationToken)
    {
        await using var writer = await connection.BeginBinaryImportAsync("COPY trust_clusters (id, members, inner_bytes, given, taken, score) FROM STDIN (FORMAT BINARY)", cancellationToken);
        for (var i = 0; i < found.Clusters.Count; i++)
        {
            var cluster = found.Clusters[i];
            await writer.StartRowAsync(cancellationToken);
            await writer.WriteAsync(i + 1L, NpgsqlDbType.Bigint, cancellationToken);
            foreach (var number in (double[])[cluster.Members.Count, cluster.Inner, cluster.Given, cluster.Taken])
                await writer.WriteAsync(number >= long.MaxValue ? long.MaxValue : (long)number, NpgsqlDbType.Bigint, cancellationToken);
            await writer.WriteAsync(cluster.Members.Sum(found.Scores.Of), NpgsqlDbType.Double, cancellationToken);
        }

        await writer.CompleteAsync(cancellationToken);
    }

    private async Task WriteScoresAsync(TrustMembers members, TrustFindings found, CancellationToken cancellationToken)
    {
        var clusters = found.Clusters.SelectMany((cluster, i) => cluster.Members.Select(member => (member, i))).ToDictionary(pair => pair.member, pair => pair.i + 1L);
        var seeds = found.Scores.Seeds.ToHashSet();
        await using var writer = await connection.BeginBinaryImportAsync("COPY trust_scores (member, score, voices, seed, cluster, computed_at) FROM STDIN (FORMAT BINARY)", cancellationToken);
        for (var member = 0; member < members.Ids.Count; member++)
        {
            await writer.StartRowAsync(cancellationToken);
            await writer.WriteAsync(members.Ids[member], NpgsqlDbType.Bigint, cancellationToken);
            await writer.WriteAsync(found.Scores.Of(member), NpgsqlDbType.Double, cancellationToken);
            await writer.WriteAsync(found.Scores.Voices[member], NpgsqlDbType.Double, cancellationToken);
            await writer.WriteAsync(seeds.Contains(member), NpgsqlDbType.Boolean, cancellationToken);
            if (clusters.TryGetValue(member, out var cluster))
                await writer.WriteAsync(cluster, NpgsqlDbType.Bigint, cancellationToken);
            else
                await writer.WriteNullAsync(cancellationToken);
            await writer.WriteAsync(startedAt.UtcDateTime, NpgsqlDbType.TimestampTz, cancellationToken);
        }

        await writer.CompleteAsync(cancellationToken);
    }
}
