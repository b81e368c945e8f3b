using System.Globalization;
using System.Security.Cryptography;
using Npgsql;
using NpgsqlTypes;
using Pbts.GrainInterfaces.Site;
using Pbts.GrainInterfaces.Torrents;
using Pbts.Grains.Database;
using Pbts.Protocol.Receipts;

namespace Pbts.Grains.Site;

/// <summary>What a site says of torrents, groups and factors, and what it asks (0700_site.sql).</summary>
internal sealed class SiteStore(NpgsqlDataSource database)
{
    /// <summary>Seconds.</summary>
    private const int ReadTimeout = 3;

    /// <summary>Held while numbers are given to torrents, by nobody who holds rows or the lock of 0600_policy.sql.</summary>
    private const long NumbersLock = 7_235_512_990_242;

    /// <summary>Seconds for a page of much.</summary>
    private const int ListTimeout = 8;

    private const int TorrentColumnCount = 10;

    private const string TorrentColumns = """
        encode(info_hash, 'hex'), id, status, reason, download_factor, upload_factor, factors_until, times_completed, featured,
        coalesce((SELECT completed FROM swarm WHERE swarm.info_hash = site_torrents.info_hash), 0)
        """;

    private const string MemberColumns = """
        user_id, passkey, group_id, disabled, may_not_download, donor, lifetime, freeleech_until, credited_uploaded, credited_downloaded,
        baseline_uploaded, baseline_downloaded, uploaded, downloaded,
        (SELECT count(*) FROM history WHERE member = users.id AND active AND seeder), (SELECT count(*) FROM history WHERE member = users.id AND active AND NOT seeder), proven
        """;

    private const string HistoryColumns = """
        user_id, encode(history.info_hash, 'hex'), history.uploaded, history.downloaded, history.credited_uploaded, history.credited_downloaded,
        client_uploaded, client_downloaded, seeded / 1000, completed_at, last_seen, client, seeder, active, site_torrents.id, first_seen
        """;

    public Task<IReadOnlyList<SiteTorrentVerdict>> SetTorrentsAsync(IReadOnlyList<SiteTorrent> torrents) => Repeatable.TransactAsync<IReadOnlyList<SiteTorrentVerdict>>(database, async connection =>
    {
        // Of a torrent given twice the last counts; a number given to two is the first one's. One at a time says what torrents have what
        // number: nobody gives one away between the question whose it is and the answer.
        await using (var turn = new NpgsqlCommand($"SELECT pg_advisory_xact_lock({NumbersLock})", connection))
            await turn.ExecuteNonQueryAsync();
        var last = torrents.GroupBy(torrent => torrent.InfoHash, StringComparer.Ordinal).Select(same => same.Last()).ToList();
        var taken = last.Where(torrent => torrent.Id is not null).GroupBy(torrent => torrent.Id).SelectMany(same => same.Skip(1)).Select(torrent => torrent.InfoHash).ToHashSet(StringComparer.Ordinal);
        await using (var others = new NpgsqlCommand("""
            SELECT encode(said.info_hash, 'hex') FROM unnest($1::bytea[], $2::bigint[]) AS said (info_hash, id)
            JOIN site_torrents ON site_torrents.id = said.id AND site_torrents.info_hash <> said.info_hash
            """, connection)
        {
            Parameters = { Hashes(last.Select(torrent => torrent.InfoHash)), Numbers(last.Select(torrent => torrent.Id)) },
        })
        {
            await using var reader = await others.ExecuteReaderAsync();
            while (await reader.ReadAsync())
                taken.Add(reader.GetString(0));
        }

        var free = last.Where(torrent => !taken.Contains(torrent.InfoHash)).ToList();
        await using var upsert = new NpgsqlCommand("""
            INSERT INTO site_torrents (info_hash, id, status, reason, download_factor, upload_factor, factors_until, times_completed)
            SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::smallint[], $4::text[], $5::smallint[], $6::smallint[], $7::timestamptz[], $8::bigint[]) AS said ORDER BY 1
            ON CONFLICT (info_hash) DO UPDATE SET id = excluded.id, status = excluded.status, reason = excluded.reason, download_factor = excluded.download_factor,
                upload_factor = excluded.upload_factor, factors_until = excluded.factors_until, times_completed = excluded.times_completed
            WHERE (site_torrents.id, site_torrents.status, site_torrents.reason, site_torrents.download_factor, site_torrents.upload_factor, site_torrents.factors_until,
                   site_torrents.times_completed)
                IS DISTINCT FROM (excluded.id, excluded.status, excluded.reason, excluded.download_factor, excluded.upload_factor, excluded.factors_until, excluded.times_completed)
            """, connection)
        {
            Parameters =
            {
                Hashes(free.Select(torrent => torrent.InfoHash)), Numbers(free.Select(torrent => torrent.Id)), Smalls(free.Select(torrent => (int)torrent.Status)),
                Texts(free.Select(torrent => torrent.Reason)), Smalls(free.Select(torrent => torrent.DownloadFactor)), Smalls(free.Select(torrent => torrent.UploadFactor)),
                Times(free.Select(torrent => torrent.FactorsUntil)), Numbers(free.Select(torrent => (long?)torrent.TimesCompleted)),
            },
        };
        await upsert.ExecuteNonQueryAsync();
        return ([.. torrents.Select(torrent => taken.Contains(torrent.InfoHash) ? SiteTorrentVerdict.IdTaken : SiteTorrentVerdict.Set)], true);
    });

    public Task<SiteTorrentState?> FindTorrentAsync(string infoHash) =>
        FirstAsync($"SELECT {TorrentColumns} FROM site_torrents WHERE info_hash = $1", ReadTorrent, ReadTimeout, new NpgsqlParameter { Value = Convert.FromHexString(infoHash) });

    public Task<SiteTorrentState?> FindTorrentAsync(long id) =>
        FirstAsync($"SELECT {TorrentColumns} FROM site_torrents WHERE id = $1", ReadTorrent, ReadTimeout, new NpgsqlParameter { Value = id });

    public Task<IReadOnlyList<SiteTorrentState>> ListTorrentsAsync(string after, int count) => ReadAsync(
        $"SELECT {TorrentColumns} FROM site_torrents WHERE info_hash > $1 ORDER BY info_hash LIMIT $2", ReadTorrent, ListTimeout, new() { Value = Convert.FromHexString(after) }, new() { Value = count });

    public Task<IReadOnlyList<FoundTorrent>> SearchTorrentsAsync(string text, int count) => ReadAsync(
        $"""
        SELECT {TorrentColumns}, name, bytes, piece_length, pieces, private, (SELECT user_id FROM users WHERE users.id = publisher), published_at
        FROM torrents FULL JOIN site_torrents USING (info_hash)
        WHERE strpos(lower(name), lower($1)) > 0 OR encode(info_hash, 'hex') ^@ lower($1) OR id::text = $1
        ORDER BY published_at DESC NULLS LAST, id DESC NULLS LAST, info_hash LIMIT $2
        """,
        reader => new FoundTorrent(
            reader.GetString(0),
            reader.IsDBNull(TorrentColumnCount) ? null : new TorrentEntry(
                reader.GetString(0), reader.GetString(TorrentColumnCount), reader.GetInt64(TorrentColumnCount + 1), reader.GetInt64(TorrentColumnCount + 2), reader.GetInt64(TorrentColumnCount + 3),
                reader.GetBoolean(TorrentColumnCount + 4), reader.IsDBNull(TorrentColumnCount + 5) ? null : reader.GetString(TorrentColumnCount + 5),
                reader.GetFieldValue<DateTimeOffset>(TorrentColumnCount + 6)),
            reader.IsDBNull(2) ? null : ReadTorrent(reader)),
        ListTimeout, new() { Value = text.Replace("\0", "", StringComparison.Ordinal) }, new() { Value = count });

    public async Task<bool> SetFeaturedAsync(long id, bool isFeatured) =>
        await WriteAsync("UPDATE site_torrents SET featured = $2 WHERE id = $1", new() { Value = id }, new() { Value = isFeatured }) > 0;

    public async Task<bool> SetFeaturedAsync(string infoHash, bool isFeatured) =>
        await WriteAsync("UPDATE site_torrents SET featured = $2 WHERE info_hash = $1", new() { Value = Convert.FromHexString(infoHash) }, new() { Value = isFeatured }) > 0;

    public Task<IReadOnlyList<SiteGroup>> ReadGroupsAsync() => ReadAsync(
        "SELECT id, name, download_slots, immune, download_factor, upload_factor FROM site_groups ORDER BY id LIMIT $1",
        reader => new SiteGroup(reader.GetInt64(0), reader.GetString(1), reader.IsDBNull(2) ? null : reader.GetInt32(2), reader.GetBoolean(3), reader.GetInt16(4), reader.GetInt16(5)),
        ReadTimeout, new NpgsqlParameter { Value = SiteGroup.Most });

    public Task SetGroupsAsync(IReadOnlyList<SiteGroup> groups) => WriteAsync("""
        INSERT INTO site_groups (id, name, download_slots, immune, download_factor, upload_factor)
        SELECT DISTINCT ON (id) id, name, slots, immune, down, up
        FROM unnest($1::bigint[], $2::text[], $3::int[], $4::boolean[], $5::smallint[], $6::smallint[]) WITH ORDINALITY AS said (id, name, slots, immune, down, up, line) ORDER BY id, line DESC
        ON CONFLICT (id) DO UPDATE SET name = excluded.name, download_slots = excluded.download_slots, immune = excluded.immune,
            download_factor = excluded.download_factor, upload_factor = excluded.upload_factor
        """,
        Numbers(groups.Select(group => (long?)group.Id)), Texts(groups.Select(group => group.Name)),
        new() { Value = groups.Select(group => group.DownloadSlots).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Integer },
        new() { Value = groups.Select(group => group.IsImmune).ToArray() }, Smalls(groups.Select(group => group.DownloadFactor)), Smalls(groups.Select(group => group.UploadFactor)));

    public async Task<bool> RemoveGroupAsync(long id) => await WriteAsync("DELETE FROM site_groups WHERE id = $1", new NpgsqlParameter { Value = id }) > 0;

    public async Task<SiteFactors> ReadFactorsAsync() =>
        (await ReadAsync("SELECT download_factor, upload_factor, until FROM site_factors", reader => new SiteFactors(reader.GetInt16(0), reader.GetInt16(1), Time(reader, 2)), ReadTimeout))[0];

    /// <summary>False when they are not what was expected. What was said already may be said again: its answer may have been lost.</summary>
    public async Task<bool> SetFactorsAsync(SiteFactors factors, SiteFactors? expected) => await WriteAsync("""
        UPDATE site_factors SET download_factor = $1, upload_factor = $2, until = $3
        WHERE NOT $4 OR (download_factor, upload_factor, until) IS NOT DISTINCT FROM ($5, $6, $7) OR (download_factor, upload_factor, until) IS NOT DISTINCT FROM ($1, $2, $3)
        """,
        new() { Value = (short)factors.Download }, new() { Value = (short)factors.Upload }, Time(factors.Until),
        new() { Value = expected is not null }, new() { Value = (short)(expected?.Download ?? 0) }, new() { Value = (short)(expected?.Upload ?? 0) }, Time(expected?.Until)) > 0;

    public async Task<IReadOnlyList<bool>> SetTokensAsync(IReadOnlyList<FreeleechToken> tokens)
    {
        var known = await KnownAsync(tokens.Select(token => token.UserId));
        await WriteAsync("""
            INSERT INTO freeleech_tokens (member, info_hash, until)
            SELECT DISTINCT ON (users.id, info_hash) users.id, info_hash, until
            FROM unnest($1::text[], $2::bytea[], $3::timestamptz[]) WITH ORDINALITY AS said (user_id, info_hash, until, line) JOIN users USING (user_id) ORDER BY users.id, info_hash, line DESC
            ON CONFLICT (member, info_hash) DO UPDATE SET until = excluded.until WHERE freeleech_tokens.until IS DISTINCT FROM excluded.until
            """, Texts(tokens.Select(token => token.UserId)), Hashes(tokens.Select(token => token.InfoHash)), Times(tokens.Select(token => token.Until)));
        return [.. tokens.Select(token => known.Contains(token.UserId))];
    }

    public async Task<bool> RemoveTokenAsync(string userId, string infoHash) => await WriteAsync(
        "DELETE FROM freeleech_tokens USING users WHERE users.id = member AND user_id = $1 AND info_hash = $2", new() { Value = userId }, new() { Value = Convert.FromHexString(infoHash) }) > 0;

    public async Task<bool> SetFreeleechAsync(string userId, DateTimeOffset? until) =>
        await WriteAsync("UPDATE users SET freeleech_until = $2 WHERE user_id = $1", new() { Value = userId }, Time(until)) > 0;

    public Task<SiteMember?> FindMemberAsync(string userId) =>
        FirstAsync($"SELECT {MemberColumns} FROM users WHERE user_id = $1", ReadMember, ReadTimeout, new NpgsqlParameter { Value = userId });

    public Task<IReadOnlyList<SiteMember>> ListMembersAsync(string after, int count) => ReadAsync(
        $"SELECT {MemberColumns} FROM users WHERE user_id > $1 ORDER BY user_id LIMIT $2", ReadMember, ListTimeout, new() { Value = after }, new() { Value = count });

    /// <summary>The row stays, without name, key and passkey: evidence and ledger name it. Front ends know the member by the name it had.</summary>
    public async Task<bool> RemoveMemberAsync(string userId, string? passkey) => (await ReadAsync("""
        WITH removed AS (
            UPDATE users SET user_id = 'deleted-' || gen_random_uuid(), public_key = '', key = NULL, proven = false, passkey = $3, disabled = 'deleted', may_not_download = true,
                group_id = NULL, freeleech_until = NULL
            WHERE user_id = $1 AND ($2 IS NULL OR passkey = $2)
            RETURNING 1)
        SELECT note_policy_change($1) IS NULL FROM removed
        """,
        reader => true, ReadTimeout, new() { Value = userId }, new() { Value = (object?)passkey ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text },
        new() { Value = RandomNumberGenerator.GetHexString(32, lowercase: true) })).Count > 0;

    public async Task<IReadOnlyList<bool>> SetBaselinesAsync(IReadOnlyList<SiteBaseline> baselines)
    {
        var known = await KnownAsync(baselines.Select(baseline => baseline.UserId));
        await WriteAsync("""
            WITH said AS (
                SELECT DISTINCT ON (user_id) user_id, up, down FROM unnest($1::text[], $2::bigint[], $3::bigint[]) WITH ORDINALITY AS said (user_id, up, down, line) ORDER BY user_id, line DESC),
            locked AS (SELECT users.id, said.up, said.down FROM users JOIN said USING (user_id) ORDER BY users.id FOR UPDATE OF users)
            UPDATE users SET credited_uploaded   = least(greatest(credited_uploaded::numeric - baseline_uploaded + up, 0), 9223372036854775807)::bigint,
                             credited_downloaded = least(greatest(credited_downloaded::numeric - baseline_downloaded + down, 0), 9223372036854775807)::bigint,
                             baseline_uploaded = up, baseline_downloaded = down
            FROM locked WHERE users.id = locked.id AND (baseline_uploaded, baseline_downloaded) IS DISTINCT FROM (up, down)
            """,
            Texts(baselines.Select(baseline => baseline.UserId)), Numbers(baselines.Select(baseline => (long?)baseline.Uploaded)), Numbers(baselines.Select(baseline => (long?)baseline.Downloaded)));
        return [.. baselines.Select(baseline => known.Contains(baseline.UserId))];
    }

    /// <summary>What is brought was credited elsewhere, in totals that came as a baseline: the rows add nothing to it.</summary>
    public Task<int> AddHistoryAsync(IReadOnlyList<HistoryEntry> entries) => WriteAsync("""
        INSERT INTO history (member, info_hash, uploaded, downloaded, client_uploaded, client_downloaded, seeded, first_seen, last_seen, completed_at, client, seeder)
        SELECT DISTINCT ON (users.id, info_hash) users.id, info_hash, said.up, said.down, client_up, client_down, seed_time * 1000, first_seen, last_seen, completed_at, client, seeder
        FROM unnest($1::text[], $2::bytea[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::timestamptz[], $9::timestamptz[], $10::timestamptz[], $11::text[], $12::boolean[])
            AS said (user_id, info_hash, up, down, client_up, client_down, seed_time, first_seen, last_seen, completed_at, client, seeder)
        JOIN users USING (user_id) ORDER BY users.id, info_hash
        ON CONFLICT DO NOTHING
        """,
        Texts(entries.Select(entry => entry.UserId)), Hashes(entries.Select(entry => entry.InfoHash)), Numbers(entries.Select(entry => (long?)entry.Uploaded)),
        Numbers(entries.Select(entry => (long?)entry.Downloaded)), Numbers(entries.Select(entry => (long?)entry.ClientUploaded)), Numbers(entries.Select(entry => (long?)entry.ClientDownloaded)),
        Numbers(entries.Select(entry => (long?)entry.SeedTime)), Times(entries.Select(entry => (DateTimeOffset?)entry.FirstSeen)), Times(entries.Select(entry => (DateTimeOffset?)entry.LastSeen)),
        Times(entries.Select(entry => entry.CompletedAt)), Texts(entries.Select(entry => entry.Client)), new() { Value = entries.Select(entry => entry.IsSeeder).ToArray() });

    public Task<IReadOnlyList<HistoryEntry>> ListHistoryAsync(string? userId, string? infoHash, HistoryCursor? after, int count)
    {
        // By number, which is what the key is ordered by.
        List<NpgsqlParameter> parameters = [new() { Value = count }];
        var conditions = new List<string>();
        if (userId is not null)
            conditions.Add($"history.member = (SELECT id FROM users WHERE user_id = {Next(userId)})");
        if (infoHash is not null)
            conditions.Add($"history.info_hash = {Next(Convert.FromHexString(infoHash))}");
        if (after is not null)
            conditions.Add($"(history.member, history.info_hash) > ((SELECT id FROM users WHERE user_id = {Next(after.UserId)}), {Next(Convert.FromHexString(after.InfoHash))})");
        return ReadAsync($"""
            SELECT {HistoryColumns} FROM history JOIN users ON users.id = history.member LEFT JOIN site_torrents ON site_torrents.info_hash = history.info_hash
            {(conditions.Count > 0 ? $"WHERE {string.Join(" AND ", conditions)}" : "")} ORDER BY history.member, history.info_hash LIMIT $1
            """, ReadHistory, ListTimeout, [.. parameters]);

        string Next(object value)
        {
            parameters.Add(new() { Value = value });
            return string.Create(CultureInfo.InvariantCulture, $"${parameters.Count}");
        }
    }

    public Task<IReadOnlyList<UnregisteredTorrent>> ListUnregisteredAsync(int count) => ReadAsync("""
        SELECT user_id, encode(info_hash, 'hex'), last_seen, times FROM unregistered_torrents JOIN users ON users.id = member ORDER BY last_seen DESC LIMIT $1
        """, reader => new UnregisteredTorrent(reader.GetString(0), reader.GetString(1), reader.GetFieldValue<DateTimeOffset>(2), reader.GetInt64(3)), ListTimeout, new NpgsqlParameter { Value = count });

    /// <summary>Null when changes after the cursor are not kept any more, or when it is of a database that had more than this one: an older one was restored.</summary>
    public async Task<IReadOnlyList<SiteChangeBatch>?> ReadChangesAsync(long after, int count)
    {
        var batches = await ReadAsync("SELECT id, lines, (SELECT min(id) FROM site_changes) FROM site_changes WHERE id > $1 ORDER BY id LIMIT $2",
            reader => (Batch: new SiteChangeBatch(reader.GetInt64(0), reader.GetFieldValue<byte[]>(1)), Oldest: reader.GetInt64(2)), ListTimeout, new() { Value = after }, new() { Value = count });
        var isGone = batches.Count > 0 ? batches[0].Oldest > after + 1
            : (await ReadAsync("SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence('site_changes', 'id')), 0)", reader => reader.GetInt64(0), ReadTimeout))[0] < after;
        return after > 0 && isGone ? null : [.. batches.Select(batch => batch.Batch)];
    }

    public async Task<long> ReadLastChangeAsync() => (await ReadAsync("SELECT coalesce(max(id), 0) FROM site_changes", reader => reader.GetInt64(0), ReadTimeout))[0];

    private async Task<HashSet<string>> KnownAsync(IEnumerable<string> users) =>
        [.. await ReadAsync("SELECT user_id FROM users WHERE user_id = ANY($1)", reader => reader.GetString(0), ReadTimeout, Texts(users))];

    private Task<IReadOnlyList<T>> ReadAsync<T>(string sql, Func<NpgsqlDataReader, T> read, int timeout, params NpgsqlParameter[] parameters) => Repeatable.RunAsync<IReadOnlyList<T>>(async () =>
    {
        await using var command = database.CreateCommand(sql);
        command.CommandTimeout = timeout;
        foreach (var parameter in parameters)
            command.Parameters.Add(parameter.Clone());
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<T>();
        while (await reader.ReadAsync())
            rows.Add(read(reader));
        return rows;
    });

    private async Task<T?> FirstAsync<T>(string sql, Func<NpgsqlDataReader, T> read, int timeout, params NpgsqlParameter[] parameters)
        where T : class => await ReadAsync(sql, read, timeout, parameters) is [var first, ..] ? first : null;

    private Task<int> WriteAsync(string sql, params NpgsqlParameter[] parameters) => Repeatable.TransactAsync(database, async connection =>
    {
        await using var command = new NpgsqlCommand(sql, connection);
        foreach (var parameter in parameters)
            command.Parameters.Add(parameter.Clone());
        return (await command.ExecuteNonQueryAsync(), true);
    });

    private static SiteTorrentState ReadTorrent(NpgsqlDataReader reader) => new(
        new SiteTorrent(reader.GetString(0), reader.IsDBNull(1) ? null : reader.GetInt64(1), (TorrentStatus)reader.GetInt16(2), reader.IsDBNull(3) ? null : reader.GetString(3),
            reader.GetInt16(4), reader.GetInt16(5), Time(reader, 6), reader.GetInt64(7)), reader.GetBoolean(8), reader.GetInt64(9));

    private static SiteMember ReadMember(NpgsqlDataReader reader) => new()
    {
        UserId = reader.GetString(0), Passkey = reader.GetString(1), GroupId = reader.IsDBNull(2) ? null : reader.GetInt64(2), Disabled = reader.IsDBNull(3) ? null : reader.GetString(3),
        CanDownload = !reader.GetBoolean(4), IsDonor = reader.GetBoolean(5), IsLifetime = reader.GetBoolean(6), FreeleechUntil = Time(reader, 7),
        CreditedUploaded = reader.GetInt64(8), CreditedDownloaded = reader.GetInt64(9), BaselineUploaded = reader.GetInt64(10), BaselineDownloaded = reader.GetInt64(11),
        Uploaded = reader.GetInt64(12), Downloaded = reader.GetInt64(13), Seeding = (int)reader.GetInt64(14), Leeching = (int)reader.GetInt64(15), IsProven = reader.GetBoolean(16),
    };

    private static HistoryEntry ReadHistory(NpgsqlDataReader reader) => new()
    {
        UserId = reader.GetString(0), InfoHash = reader.GetString(1), Uploaded = reader.GetInt64(2), Downloaded = reader.GetInt64(3),
        CreditedUploaded = reader.GetInt64(4), CreditedDownloaded = reader.GetInt64(5), ClientUploaded = reader.GetInt64(6), ClientDownloaded = reader.GetInt64(7),
        SeedTime = reader.GetInt64(8), CompletedAt = Time(reader, 9), LastSeen = reader.GetFieldValue<DateTimeOffset>(10), Client = reader.GetString(11),
        IsSeeder = reader.GetBoolean(12), IsActive = reader.GetBoolean(13), TorrentId = reader.IsDBNull(14) ? null : reader.GetInt64(14), FirstSeen = reader.GetFieldValue<DateTimeOffset>(15),
    };

    private static DateTimeOffset? Time(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetFieldValue<DateTimeOffset>(column);

    private static NpgsqlParameter Time(DateTimeOffset? time) => new() { Value = (object?)time?.ToUniversalTime() ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.TimestampTz };

    private static NpgsqlParameter Times(IEnumerable<DateTimeOffset?> times) =>
        new() { Value = times.Select(time => time?.ToUniversalTime()).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.TimestampTz };

    private static NpgsqlParameter Hashes(IEnumerable<string> infoHashes) => new() { Value = infoHashes.Select(Convert.FromHexString).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea };

    private static NpgsqlParameter Numbers(IEnumerable<long?> numbers) => new() { Value = numbers.ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint };

    private static NpgsqlParameter Smalls(IEnumerable<int> numbers) => new() { Value = numbers.Select(number => (short)number).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Smallint };

    private static NpgsqlParameter Texts(IEnumerable<string?> texts) => new() { Value = texts.ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text };
}
