using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Npgsql;
using NpgsqlTypes;
using Pbts.GrainInterfaces.Site;
using Pbts.GrainInterfaces.Swarms;
using Pbts.Grains.Database;
using Pbts.Protocol.Receipts;

namespace Pbts.Grains.Claims;

/// <summary>What is written at once, and tried again as the same until it is.</summary>
/// <param name="Id">By which a write whose answer was lost is known again.</param>
/// <param name="Claims">Bytes that are added to what members' clients claim.</param>
/// <param name="History">What members did with registered torrents.</param>
/// <param name="Counts">Torrents whose swarms have changed, and the site's numbers for them.</param>
internal sealed record HistoryBatch(
    Guid Id, IReadOnlyDictionary<string, (long Uploaded, long Downloaded)> Claims, IReadOnlyList<((string UserId, InfoHash InfoHash) Of, HistoryDelta Delta)> History,
    IReadOnlyList<(InfoHash InfoHash, long? Id, TorrentCounts Counts)> Counts)
{
    public bool IsEmpty => Claims.Count + History.Count + Counts.Count == 0;
}

/// <summary>
/// Writes members' totals by their clients' word, their history and what a site is told of it, all in one transaction: the history
/// adds up to the totals, and a change that is told is one that is kept.
/// </summary>
internal sealed class HistoryStore(NpgsqlDataSource database)
{
    private const int Timeout = 20;
    private const int ClientLength = 8;

    /// <summary>Whoever adds a row to <c>site_changes</c> holds it until it commits, so that there are no gaps in its order.</summary>
    private const long ChangesLock = 7235512990242;

    private static readonly TimeSpan ChangesKept = TimeSpan.FromDays(7);

    [ThreadStatic]
    private static Utf8JsonWriter? s_json;

    /// <summary>Writes a batch once, however often it is tried.</summary>
    public Task WriteAsync(HistoryBatch batch) => Repeatable.TransactAsync(database, async connection =>
    {
        await using (var known = Command(connection, "SELECT EXISTS (SELECT FROM site_changes WHERE batch = $1)", new NpgsqlParameter { Value = batch.Id }))
        {
            if ((bool)(await known.ExecuteScalarAsync())!)
                return (true, false);
        }

        using var lines = new MemoryStream();
        await AddTotalsAsync(connection, batch, lines);
        await AddHistoryAsync(connection, batch, lines);
        await TellCountsAsync(connection, batch, lines);
        await AddChangesAsync(connection, batch.Id, lines);
        return (true, true);
    });

    /// <summary>Members that have not announced for so long are in no swarm any more. Of several silos one does it.</summary>
    public Task EndInactiveAsync(TimeSpan lifetime) => Repeatable.TransactAsync(database, async connection =>
    {
        await using (var turn = Command(connection, "SELECT pg_try_advisory_xact_lock(7235512990243)"))
        {
            if (!(bool)(await turn.ExecuteScalarAsync())!)
                return (true, false);
        }

        using var lines = new MemoryStream();
        await using (var end = Command(connection, $"""
            WITH gone AS (
                SELECT member, info_hash FROM history WHERE active AND last_seen < now() - $1 ORDER BY member, info_hash LIMIT 5000 FOR UPDATE)
            UPDATE history AS known SET active = false FROM gone WHERE known.member = gone.member AND known.info_hash = gone.info_hash RETURNING {Returned}
            """, new NpgsqlParameter { Value = lifetime }))
        {
            await using var reader = await end.ExecuteReaderAsync();
            while (await reader.ReadAsync())
                WriteHistory(lines, reader, delta: null);
        }

        if (lines.Length == 0)
            return (true, false);
        await AddChangesAsync(connection, Guid.NewGuid(), lines);
        return (true, true);
    });

    /// <summary>Notes infohashes that are not registered. A member has no more than so many; what it has not announced for a month goes.</summary>
    public Task NoteUnregisteredAsync(IReadOnlyList<UnregisteredTorrent> torrents) => Repeatable.TransactAsync(database, async connection =>
    {
        using var lines = new MemoryStream();
        await using (var note = Command(connection, """
            WITH old AS (DELETE FROM unregistered_torrents WHERE last_seen < now() - interval '30 days')
            INSERT INTO unregistered_torrents AS known (member, info_hash, last_seen, times)
            SELECT users.id, info_hash, seen, said.times
            FROM unnest($1::text[], $2::bytea[], $3::timestamptz[], $4::bigint[]) AS said (user_id, info_hash, seen, times) JOIN users USING (user_id)
            WHERE (SELECT count(*) FROM unregistered_torrents WHERE member = users.id) < 1000
                OR EXISTS (SELECT FROM unregistered_torrents AS there WHERE there.member = users.id AND there.info_hash = said.info_hash)
            ORDER BY users.id, info_hash
            ON CONFLICT (member, info_hash) DO UPDATE SET times = known.times + excluded.times, last_seen = greatest(known.last_seen, excluded.last_seen)
            RETURNING (SELECT user_id FROM users WHERE users.id = known.member), encode(info_hash, 'hex'), last_seen, times
            """,
            Texts(torrents.Select(torrent => torrent.UserId)), Hashes(torrents.Select(torrent => InfoHash.From(Convert.FromHexString(torrent.InfoHash)))),
            new() { Value = torrents.Select(torrent => torrent.LastSeen.ToUniversalTime()).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.TimestampTz },
            Numbers(torrents.Select(torrent => torrent.Times))))
        {
            await using var reader = await note.ExecuteReaderAsync();
            while (await reader.ReadAsync())
            {
                WriteLine(lines, json =>
                {
                    json.WriteString("kind", "unregistered");
                    json.WriteString("user_id", reader.GetString(0));
                    json.WriteString("infohash", reader.GetString(1));
                    WriteTime(json, "last_seen", reader.GetFieldValue<DateTimeOffset>(2));
                    json.WriteNumber("times", reader.GetInt64(3));
                });
            }
        }

        if (lines.Length > 0)
            await AddChangesAsync(connection, Guid.NewGuid(), lines);
        return (true, true);
    });

    /// <summary>Drops changes that are older than is promised.</summary>
    public Task DropOutdatedAsync() => Repeatable.RunAsync(async () =>
    {
        await using var command = database.CreateCommand("DELETE FROM site_changes WHERE changed_at < now() - $1 AND id < (SELECT max(id) FROM site_changes)");
        command.CommandTimeout = 60;
        command.Parameters.Add(new() { Value = ChangesKept });
        return await command.ExecuteNonQueryAsync();
    });

    private const string Returned = """
        (SELECT user_id FROM users WHERE users.id = known.member), encode(known.info_hash, 'hex'), (SELECT site_torrents.id FROM site_torrents WHERE site_torrents.info_hash = known.info_hash),
        known.uploaded, known.downloaded, known.credited_uploaded, known.credited_downloaded, known.client_uploaded, known.client_downloaded, known.seeded,
        known.completed_at, known.first_seen, known.last_seen, known.client, known.seeder, known.active
        """;

    private static async Task AddTotalsAsync(NpgsqlConnection connection, HistoryBatch batch, MemoryStream lines)
    {
        var credited = batch.History.Where(row => (row.Delta.CreditedUploaded | row.Delta.CreditedDownloaded) != 0)
            .GroupBy(row => row.Of.UserId, StringComparer.Ordinal)
            .ToDictionary(user => user.Key, user => (Up: user.Sum(row => row.Delta.CreditedUploaded), Down: user.Sum(row => row.Delta.CreditedDownloaded)), StringComparer.Ordinal);
        var users = credited.Keys.Union(batch.Claims.Keys, StringComparer.Ordinal).ToArray();
        if (users.Length == 0)
            return;
        await using var command = Command(connection, """
            WITH said AS (SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[]) AS said (user_id, up, down, credited_up, credited_down)),
            locked AS (SELECT users.id, said.* FROM users JOIN said USING (user_id) ORDER BY users.id FOR UPDATE OF users)
            UPDATE users SET claimed_uploaded    = least(claimed_uploaded::numeric + locked.up, 9223372036854775807)::bigint,
                             claimed_downloaded  = least(claimed_downloaded::numeric + locked.down, 9223372036854775807)::bigint,
                             credited_uploaded   = least(credited_uploaded::numeric + locked.credited_up, 9223372036854775807)::bigint,
                             credited_downloaded = least(credited_downloaded::numeric + locked.credited_down, 9223372036854775807)::bigint
            FROM locked WHERE users.id = locked.id
            RETURNING users.user_id, credited_uploaded, credited_downloaded, uploaded, downloaded
            """,
            Texts(users), Numbers(users.Select(user => batch.Claims.GetValueOrDefault(user).Uploaded)), Numbers(users.Select(user => batch.Claims.GetValueOrDefault(user).Downloaded)),
            Numbers(users.Select(user => credited.GetValueOrDefault(user).Up)), Numbers(users.Select(user => credited.GetValueOrDefault(user).Down)));
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            if (!credited.TryGetValue(reader.GetString(0), out var delta))
                continue;
            WriteLine(lines, json =>
            {
                json.WriteString("kind", "member");
                json.WriteString("user_id", reader.GetString(0));
                json.WriteNumber("credited_uploaded", reader.GetInt64(1));
                json.WriteNumber("credited_downloaded", reader.GetInt64(2));
                json.WriteNumber("credited_uploaded_delta", delta.Up);
                json.WriteNumber("credited_downloaded_delta", delta.Down);
                json.WriteNumber("uploaded", reader.GetInt64(3));
                json.WriteNumber("downloaded", reader.GetInt64(4));
            });
        }
    }

    /// <summary>In the order of members and then of torrents, after the members' rows, as everywhere.</summary>
    private static async Task AddHistoryAsync(NpgsqlConnection connection, HistoryBatch batch, MemoryStream lines)
    {
        if (batch.History.Count == 0)
            return;
        var rows = batch.History;
        var deltas = rows.ToDictionary(row => (row.Of.UserId, row.Of.InfoHash.ToString()), row => row.Delta);
        var peers = new List<(string UserId, string InfoHash, long? Id, HistoryDelta Delta)>(rows.Count);
        await using (var command = Command(connection, $"""
            INSERT INTO history AS known (member, info_hash, uploaded, downloaded, credited_uploaded, credited_downloaded, client_uploaded, client_downloaded, seeded,
                first_seen, last_seen, completed_at, client, seeder, active)
            SELECT users.id, said.info_hash, said.up, said.down, credited_up, credited_down, client_up, client_down, said.seeded, seen, seen, CASE WHEN completed THEN seen END,
                said.client, said.seeder, said.active
            FROM unnest($1::text[], $2::bytea[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::timestamptz[], $11::boolean[], $12::text[],
                $13::boolean[], $14::boolean[])
                AS said (user_id, info_hash, up, down, credited_up, credited_down, client_up, client_down, seeded, seen, completed, client, seeder, active)
            JOIN users USING (user_id) ORDER BY users.id, said.info_hash
            ON CONFLICT (member, info_hash) DO UPDATE SET uploaded = known.uploaded + excluded.uploaded, downloaded = known.downloaded + excluded.downloaded,
                credited_uploaded = known.credited_uploaded + excluded.credited_uploaded, credited_downloaded = known.credited_downloaded + excluded.credited_downloaded,
                client_uploaded = excluded.client_uploaded, client_downloaded = excluded.client_downloaded, seeded = known.seeded + excluded.seeded,
                last_seen = greatest(known.last_seen, excluded.last_seen), completed_at = coalesce(known.completed_at, excluded.completed_at),
                client = excluded.client, seeder = excluded.seeder, active = excluded.active
            RETURNING {Returned}
            """,
            Texts(rows.Select(row => row.Of.UserId)), Hashes(rows.Select(row => row.Of.InfoHash)),
            Numbers(rows.Select(row => row.Delta.Uploaded)), Numbers(rows.Select(row => row.Delta.Downloaded)),
            Numbers(rows.Select(row => row.Delta.CreditedUploaded)), Numbers(rows.Select(row => row.Delta.CreditedDownloaded)),
            Numbers(rows.Select(row => row.Delta.Last.Uploaded)), Numbers(rows.Select(row => row.Delta.Last.Downloaded)), Numbers(rows.Select(row => row.Delta.Seeded)),
            new() { Value = rows.Select(row => row.Delta.Seen).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.TimestampTz },
            new() { Value = rows.Select(row => row.Delta.Completed).ToArray() }, Texts(rows.Select(row => ClientOf(row.Delta.Last.PeerId))),
            new() { Value = rows.Select(row => row.Delta.Last.IsSeeder).ToArray() }, new() { Value = rows.Select(row => row.Delta.IsActive).ToArray() }))
        {
            await using var reader = await command.ExecuteReaderAsync();
            while (await reader.ReadAsync())
            {
                var delta = deltas[(reader.GetString(0), reader.GetString(1))];
                WriteHistory(lines, reader, delta);
                peers.Add((reader.GetString(0), reader.GetString(1), reader.IsDBNull(2) ? null : reader.GetInt64(2), delta));
            }
        }

        foreach (var (user, infoHash, id, delta) in peers)
            WritePeer(lines, user, infoHash, id, delta);
    }

    private static async Task TellCountsAsync(NpgsqlConnection connection, HistoryBatch batch, MemoryStream lines)
    {
        if (batch.Counts.Count == 0)
            return;
        await using var command = Command(connection, """
            SELECT said.place, coalesce(completed, 0) + coalesce(times_completed, 0)
            FROM unnest($1::bytea[]) WITH ORDINALITY AS said (info_hash, place) LEFT JOIN swarm USING (info_hash) LEFT JOIN site_torrents USING (info_hash)
            """, Hashes(batch.Counts.Select(torrent => torrent.InfoHash)));
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            var (infoHash, id, counts) = batch.Counts[(int)reader.GetInt64(0) - 1];
            WriteLine(lines, json =>
            {
                json.WriteString("kind", "torrent");
                json.WriteString("infohash", infoHash.ToString());
                WriteId(json, id);
                json.WriteNumber("seeders", counts.Complete);
                json.WriteNumber("leechers", counts.Incomplete);
                json.WriteNumber("times_completed", reader.GetInt64(1));
            });
        }
    }

    private static async Task AddChangesAsync(NpgsqlConnection connection, Guid batch, MemoryStream lines)
    {
        using var packed = new MemoryStream();
        await using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            gzip.Write(lines.GetBuffer(), 0, (int)lines.Length);
        await using var command = Command(connection, "WITH turn AS (SELECT pg_advisory_xact_lock($3)) INSERT INTO site_changes (batch, lines) SELECT $1, $2 FROM turn",
            new() { Value = batch }, new() { Value = packed.ToArray() }, new() { Value = ChangesLock });
        await command.ExecuteNonQueryAsync();
    }

    private static void WriteHistory(MemoryStream lines, NpgsqlDataReader reader, HistoryDelta? delta) => WriteLine(lines, json =>
    {
        json.WriteString("kind", "history");
        json.WriteString("user_id", reader.GetString(0));
        json.WriteString("infohash", reader.GetString(1));
        WriteId(json, reader.IsDBNull(2) ? null : reader.GetInt64(2));
        json.WriteNumber("uploaded_delta", delta?.Uploaded ?? 0);
        json.WriteNumber("downloaded_delta", delta?.Downloaded ?? 0);
        json.WriteNumber("credited_uploaded_delta", delta?.CreditedUploaded ?? 0);
        json.WriteNumber("credited_downloaded_delta", delta?.CreditedDownloaded ?? 0);
        var column = 3;
        foreach (var name in (ReadOnlySpan<string>)["uploaded", "downloaded", "credited_uploaded", "credited_downloaded", "client_uploaded", "client_downloaded"])
            json.WriteNumber(name, reader.GetInt64(column++));
        json.WriteNumber("seed_time_delta", (delta?.Seeded ?? 0) / 1000.0);
        json.WriteNumber("seed_time", reader.GetInt64(9) / 1000.0);
        if (reader.IsDBNull(10))
            json.WriteNull("completed_at");
        else
            WriteTime(json, "completed_at", reader.GetFieldValue<DateTimeOffset>(10));
        WriteTime(json, "first_seen", reader.GetFieldValue<DateTimeOffset>(11));
        WriteTime(json, "last_seen", reader.GetFieldValue<DateTimeOffset>(12));
        json.WriteString("client", reader.GetString(13));
        json.WriteBoolean("seeder", reader.GetBoolean(14));
        json.WriteBoolean("active", reader.GetBoolean(15));
    });

    private static void WritePeer(MemoryStream lines, string user, string infoHash, long? id, HistoryDelta delta) => WriteLine(lines, json =>
    {
        var last = delta.Last;
        Span<byte> peerId = stackalloc byte[PeerId.Length];
        last.PeerId.Write(peerId);
        json.WriteString("kind", "peer");
        json.WriteString("user_id", user);
        json.WriteString("infohash", infoHash);
        WriteId(json, id);
        json.WriteString("peer_id", Convert.ToHexStringLower(peerId));
        json.WriteString("ip", last.Endpoint.ToAddress().ToString());
        json.WriteNumber("port", last.Endpoint.Port);
        json.WriteNumber("uploaded", last.Uploaded);
        json.WriteNumber("downloaded", last.Downloaded);
        json.WriteNumber("left", last.Left ?? 0);
        json.WriteBoolean("seeder", last.IsSeeder);
        json.WriteBoolean("active", last.Event != AnnounceEvent.Stopped);
        WriteTime(json, "last_seen", delta.Seen);
    });

    private static void WriteId(Utf8JsonWriter json, long? id)
    {
        if (id is { } number)
            json.WriteNumber("torrent_id", number);
        else
            json.WriteNull("torrent_id");
    }

    private static void WriteTime(Utf8JsonWriter json, string name, DateTimeOffset time) => json.WriteNumber(name, time.ToUnixTimeMilliseconds() / 1000.0);

    private static void WriteLine(MemoryStream lines, Action<Utf8JsonWriter> write)
    {
        // One for all lines of this thread: there are thousands a second.
        var json = s_json ??= new Utf8JsonWriter(Stream.Null);
        json.Reset(lines);
        json.WriteStartObject();
        write(json);
        json.WriteEndObject();
        json.Flush();
        lines.WriteByte((byte)'\n');
    }

    /// <summary>The part of a peer id that names a client, as far as it can be printed.</summary>
    private static string ClientOf(PeerId peerId)
    {
        Span<byte> bytes = stackalloc byte[PeerId.Length];
        peerId.Write(bytes);
        return string.Concat(Encoding.Latin1.GetString(bytes[..ClientLength]).Select(c => c is > ' ' and <= '~' ? c : '?'));
    }

    private static NpgsqlCommand Command(NpgsqlConnection connection, string sql, params NpgsqlParameter[] parameters)
    {
        var command = new NpgsqlCommand(sql, connection) { CommandTimeout = Timeout };
        command.Parameters.AddRange(parameters);
        return command;
    }

    private static NpgsqlParameter Texts(IEnumerable<string> texts) => new() { Value = texts.ToArray() };

    private static NpgsqlParameter Numbers(IEnumerable<long> numbers) => new() { Value = numbers.ToArray() };

    private static NpgsqlParameter Hashes(IEnumerable<InfoHash> infoHashes) =>
        new() { Value = infoHashes.Select(infoHash => infoHash.ToArray()).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea };
}
