using Microsoft.Extensions.Options;
using Npgsql;
using Pbts.GrainInterfaces.Torrents;
using Pbts.Grains.Database;
using Pbts.Hosting.Configuration;
using Pbts.Protocol.Receipts;

namespace Pbts.Grains.Torrents;

/// <summary>The table of registered torrents.</summary>
internal sealed class TorrentStore(NpgsqlDataSource database, IOptions<TorrentsOptions> options)
{
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

    /// <summary>Which of the infohashes are registered, in one statement.</summary>
    public Task<IReadOnlyList<bool>> AreRegisteredAsync(IReadOnlyList<InfoHash> infoHashes) => Repeatable.RunAsync<IReadOnlyList<bool>>(async () =>
    {
        await using var command = database.CreateCommand("SELECT info_hash FROM torrents WHERE info_hash = ANY($1)");
        command.CommandTimeout = 3;
        command.Parameters.Add(new() { Value = infoHashes.Distinct().Select(infoHash => infoHash.ToArray()).ToArray() });
        var found = new HashSet<InfoHash>();
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
            found.Add(InfoHash.From(reader.GetFieldValue<byte[]>(0)));
        return [.. infoHashes.Select(found.Contains)];
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
