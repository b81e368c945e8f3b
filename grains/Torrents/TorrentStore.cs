using Microsoft.Extensions.Options;
using Npgsql;
using Pbts.GrainInterfaces.Site;
using Pbts.GrainInterfaces.Torrents;
using Pbts.Grains.Database;
using Pbts.Hosting.Configuration;
using Pbts.Protocol.Receipts;

namespace Pbts.Grains.Torrents;

/// <summary>The table of registered torrents.</summary>
internal sealed class TorrentStore(NpgsqlDataSource database, IOptions<TorrentsOptions> options)
{
    /// <summary>Beyond so many it is cheaper to forget all.</summary>
    private const int MostChanges = 20_000;

    private const string Select = """
        SELECT encode(info_hash, 'hex'), name, bytes, piece_length, pieces, private, users.user_id, published_at
        FROM torrents LEFT JOIN users ON users.id = torrents.publisher
        """;

    /// <summary>Registers the entries of one torrent, all or none. The member's row is locked meanwhile, so that its number is right.</summary>
    public Task<PublishOutcome> PublishAsync(IReadOnlyList<TorrentEntry> entries, string? publisher) => Repeatable.TransactAsync(database, async connection =>
    {
        long? member = null;
        if (publisher is not null)
        {
            await using var find = new NpgsqlCommand("SELECT id FROM users WHERE user_id = $1 AND proven FOR UPDATE", connection) { Parameters = { new() { Value = publisher } } };
            member = (long?)await find.ExecuteScalarAsync();
            if (member is null)
                return (PublishOutcome.Unproven, false);
            await using var count = new NpgsqlCommand("SELECT count(*) FROM torrents WHERE publisher = $1", connection) { Parameters = { new() { Value = member.Value } } };
            if ((long)(await count.ExecuteScalarAsync())! + entries.Count > options.Value.PerMember && !await AreKnownAsync(connection, entries))
                return (PublishOutcome.TooMany, false);
        }

        var added = 0;
        foreach (var entry in entries.OrderBy(entry => entry.InfoHash, StringComparer.Ordinal))
        {
            await using var insert = new NpgsqlCommand("""
                INSERT INTO torrents (info_hash, name, bytes, piece_length, pieces, private, publisher) VALUES ($1, $2, $3, $4, $5, $6, $7)
                ON CONFLICT DO NOTHING
                """, connection)
            {
                Parameters =
                {
                    new() { Value = Convert.FromHexString(entry.InfoHash) }, new() { Value = entry.Name }, new() { Value = entry.Bytes }, new() { Value = entry.PieceLength },
                    new() { Value = entry.Pieces }, new() { Value = entry.IsPrivate }, new() { Value = (object?)member ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Bigint },
                },
            };
            added += await insert.ExecuteNonQueryAsync();
        }

        return (added > 0 ? PublishOutcome.Published : PublishOutcome.Known, true);
    });

    public Task<TorrentEntry?> FindAsync(string infoHash) => Repeatable.RunAsync(async () =>
    {
        await using var command = database.CreateCommand($"{Select} WHERE info_hash = $1");
        command.Parameters.Add(new() { Value = Convert.FromHexString(infoHash) });
        await using var reader = await command.ExecuteReaderAsync();
        return await reader.ReadAsync() ? Read(reader) : null;
    });

    /// <summary>What announces depend on of torrents, in one statement; null for those that are not registered.</summary>
    public Task<IReadOnlyList<TorrentFacts?>> ReadFactsAsync(IReadOnlyList<InfoHash> infoHashes) => Repeatable.RunAsync<IReadOnlyList<TorrentFacts?>>(async () =>
    {
        await using var command = database.CreateCommand("""
            SELECT asked.info_hash, site.info_hash IS NULL, site.id, site.status, site.reason, site.download_factor, site.upload_factor, site.factors_until, site.featured
            FROM unnest($1::bytea[]) AS asked (info_hash) LEFT JOIN site_torrents AS site USING (info_hash) LEFT JOIN torrents USING (info_hash)
            WHERE site.info_hash IS NOT NULL OR torrents.info_hash IS NOT NULL
            """);
        command.CommandTimeout = 3;
        command.Parameters.Add(new() { Value = infoHashes.Distinct().Select(infoHash => infoHash.ToArray()).ToArray() });
        var found = new Dictionary<InfoHash, TorrentFacts>();
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            found[InfoHash.From(reader.GetFieldValue<byte[]>(0))] = reader.GetBoolean(1) ? TorrentFacts.Plain : new TorrentFacts(
                reader.IsDBNull(2) ? null : reader.GetInt64(2), (TorrentStatus)reader.GetInt16(3), reader.IsDBNull(4) ? null : reader.GetString(4),
                reader.GetInt16(5), reader.GetInt16(6), reader.IsDBNull(7) ? null : reader.GetFieldValue<DateTimeOffset>(7), reader.GetBoolean(8));
        }

        return [.. infoHashes.Select(found.GetValueOrDefault)];
    });

    /// <summary>Torrents of which something has changed after a row of <c>policy_changes</c>; null when that cannot be told, or it is too much.</summary>
    /// <param name="after">-1: nothing is known yet.</param>
    public Task<(long Last, IReadOnlyList<InfoHash>? Changed)> ReadChangesAsync(long after) => Repeatable.RunAsync<(long, IReadOnlyList<InfoHash>?)>(async () =>
    {
        await using var command = database.CreateCommand("""
            SELECT max(id), min(id), (SELECT array_agg(info_hash) FROM (SELECT info_hash FROM policy_changes WHERE id > $1 AND info_hash IS NOT NULL ORDER BY id LIMIT $2) AS changed)
            FROM policy_changes
            """);
        command.CommandTimeout = 3;
        command.Parameters.Add(new() { Value = after < 0 ? long.MaxValue : after });
        command.Parameters.Add(new() { Value = MostChanges });
        await using var reader = await command.ExecuteReaderAsync();
        await reader.ReadAsync();
        if (reader.IsDBNull(0))
            return (after, []);
        var (last, first) = (reader.GetInt64(0), reader.GetInt64(1));
        var changed = reader.IsDBNull(2) ? [] : reader.GetFieldValue<byte[][]>(2);
        return (last, (after >= 0 && first > after + 1 && last > after) || changed.Length >= MostChanges ? null : [.. changed.Select(infoHash => InfoHash.From(infoHash)).Distinct()]);
    });

    private static async Task<bool> AreKnownAsync(NpgsqlConnection connection, IReadOnlyList<TorrentEntry> entries)
    {
        await using var command = new NpgsqlCommand("SELECT count(*) FROM torrents WHERE info_hash = ANY($1)", connection)
        {
            Parameters = { new() { Value = entries.Select(entry => Convert.FromHexString(entry.InfoHash)).ToArray() } },
        };
        return (long)(await command.ExecuteScalarAsync())! == entries.Count;
    }

    private static TorrentEntry Read(NpgsqlDataReader reader) => new(
        reader.GetString(0), reader.GetString(1), reader.GetInt64(2), reader.GetInt64(3), reader.GetInt64(4), reader.GetBoolean(5),
        reader.IsDBNull(6) ? null : reader.GetString(6), reader.GetFieldValue<DateTimeOffset>(7));
}
