using Npgsql;
using NpgsqlTypes;
using Pbts.GrainInterfaces.Site;
using Pbts.GrainInterfaces.Users;
using Pbts.Grains.Database;
using Pbts.Hosting.Resilience;
using Pbts.Protocol.Receipts;

namespace Pbts.Grains.Users;

/// <summary>The table of users. Uniqueness of ids, proven keys and passkeys is the database's.</summary>
internal sealed class UserStore(NpgsqlDataSource database, TimeProvider time)
{
    private const string Columns =
        "id, user_id, public_key, key, proven, passkey, uploaded, downloaded, claimed_uploaded, claimed_downloaded, registered_at, key_rotations, origin, trust, invites, disabled, may_not_download, credited_uploaded, credited_downloaded, believed_uploaded, believed_downloaded";

    /// <summary>Torrents of a member that its slots are counted by, and tokens, at most.</summary>
    private const int MaxStanding = 1000;

    /// <summary>
    /// Users with what vouchers and receipts here made of their totals: what came in otherwise proves nothing that clients
    /// claim in announces here. Bytes.
    /// </summary>
    private const string WithProof = """
        (SELECT users.*, least(greatest(users.uploaded - coalesce(other.uploaded, 0) - coalesce(brought.uploaded, 0), 0), 9223372036854775807)::bigint AS proven_uploaded,
                greatest(users.downloaded - coalesce(other.downloaded, 0) - coalesce(brought.downloaded, 0), 0) AS proven_downloaded
         FROM users
         LEFT JOIN (SELECT member, sum(uploaded) AS uploaded, sum(downloaded) AS downloaded FROM imported_totals GROUP BY member) AS other ON other.member = users.id
         LEFT JOIN chain_import AS brought ON brought.username = users.user_id AND brought.imported) AS users
        """;

    /// <summary>Seconds: who asks waits no longer than five for the grain's answer, and giving up takes up to two.</summary>
    private const int ReadTimeout = 2;

    /// <summary>Seconds for what reads every user.</summary>
    private const int ScanTimeout = 5;

    /// <summary>So long nobody else waits for a database that has just kept somebody waiting in vain.</summary>
    private static readonly TimeSpan PauseLength = TimeSpan.FromSeconds(3);

    private readonly Pause _pause = new(PauseLength, time);

    public Task<UserRow?> FindAsync(string userId) => FindAsync($"SELECT {Columns} FROM users WHERE user_id = $1", userId);

    /// <summary>What announces depend on of a user; by passkey, or else by user id.</summary>
    public Task<DirectoryEntry?> FindEntryAsync(string value, bool byPasskey) => FindAsync($"""
        SELECT {Columns}, group_id, freeleech_until, tokens.hashes, tokens.untils,
            CASE WHEN group_id IS NOT NULL THEN ARRAY(SELECT info_hash FROM history WHERE member = users.id AND active AND NOT seeder ORDER BY first_seen LIMIT {MaxStanding}) END,
            (SELECT score FROM trust_scores WHERE member = users.id) AS trust_score
        FROM users, LATERAL (
            SELECT array_agg(info_hash) AS hashes, array_agg(until) AS untils
            FROM (SELECT info_hash, until FROM freeleech_tokens WHERE member = users.id AND (until IS NULL OR until > now()) LIMIT {MaxStanding}) AS held) AS tokens
        WHERE {(byPasskey ? "passkey" : "user_id")} = $1
        """, value, reader =>
        {
            var user = Read(reader);
            HeldToken[] tokens = reader.IsDBNull(23) ? []
                : [.. reader.GetFieldValue<byte[][]>(23).Zip(reader.GetFieldValue<DateTime?[]>(24), (infoHash, until) => new HeldToken(InfoHash.From(infoHash), until))];
            var site = reader.IsDBNull(21) && reader.IsDBNull(22) && tokens.Length == 0 ? null : new SiteStanding(
                reader.IsDBNull(21) ? null : reader.GetInt64(21), reader.IsDBNull(22) ? null : reader.GetFieldValue<DateTimeOffset>(22), tokens,
                reader.IsDBNull(25) ? [] : [.. reader.GetFieldValue<byte[][]>(25).Select(infoHash => InfoHash.From(infoHash))]);
            return new DirectoryEntry(user.Profile, user.Passkey, site, reader.Maybe<double?>(reader.GetOrdinal("trust_score")));
        });

    public Task<UserRow?> FindByPasskeyAsync(string passkey) => FindAsync($"SELECT {Columns} FROM users WHERE passkey = $1", passkey);

    /// <summary>
    /// A page of users. By what is not proven, it reads them all and keeps the first: the totals it compares change with every
    /// report and every few seconds of announces, and an index on them would have to be written each time.
    /// </summary>
    public Task<List<UserListing>> ListAsync(UserSearch search) => Repeatable.RunAsync(async () =>
    {
        var (after, order) = search.Order == UserOrder.Name
            ? ("user_id > $3", "user_id")
            : ("(unproven < $4 OR unproven = $4 AND user_id > $3)", "unproven DESC, user_id");
        await using var command = database.CreateCommand($"""
            SELECT {Columns}, unproven FROM (SELECT *, claimed_uploaded - proven_uploaded AS unproven FROM {WithProof}) AS users
            WHERE user_id ^@ $1 AND {after} ORDER BY {order} LIMIT $2
            """);
        command.CommandTimeout = ScanTimeout;
        command.Parameters.Add(new() { Value = search.Prefix.Replace("\0", "", StringComparison.Ordinal) });
        command.Parameters.Add(new() { Value = search.Count });
        command.Parameters.Add(new() { Value = search.After?.UserId ?? "" });
        command.Parameters.Add(new() { Value = search.After?.Unproven ?? long.MaxValue });
        await using var reader = await command.ExecuteReaderAsync();
        var users = new List<UserListing>();
        while (await reader.ReadAsync())
            users.Add(new(Read(reader).Profile, reader.GetInt64(21)));
        return users;
    });

    /// <summary>What all members claim and prove.</summary>
    public Task<ProofSums> SumProofAsync() => Repeatable.RunAsync(async () =>
    {
        await using var command = database.CreateCommand($"""
            SELECT count(*), count(*) FILTER (WHERE proven_uploaded > 0 OR proven_downloaded > 0),
                   least(coalesce(sum(proven_uploaded), 0), 9223372036854775807)::bigint, least(coalesce(sum(claimed_uploaded), 0), 9223372036854775807)::bigint
            FROM {WithProof}
            """);
        command.CommandTimeout = ScanTimeout;
        await using var reader = await command.ExecuteReaderAsync();
        await reader.ReadAsync();
        return new ProofSums(reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3));
    });

    public Task<long> CountAsync() => Repeatable.RunAsync(async () =>
    {
        await using var command = database.CreateCommand("SELECT count(*) FROM users");
        return (long)(await command.ExecuteScalarAsync())!;
    });

    /// <summary>What vouchers and receipts here made of a member's totals.</summary>
    public Task<(long Uploaded, long Downloaded)> ReadNativeAsync(long id) => Repeatable.RunAsync(async () =>
    {
        await using var command = database.CreateCommand($"SELECT proven_uploaded, least(proven_downloaded, 9223372036854775807)::bigint FROM {WithProof} WHERE id = $1");
        command.CommandTimeout = ReadTimeout;
        command.Parameters.Add(new() { Value = id });
        await using var reader = await command.ExecuteReaderAsync();
        await reader.ReadAsync();
        return (reader.GetInt64(0), reader.GetInt64(1));
    });

    /// <summary>Sessions in which the member sent or received.</summary>
    public Task<long> CountVouchersAsync(long id) => Repeatable.RunAsync(async () =>
    {
        await using var command = database.CreateCommand(
            "SELECT (SELECT count(*) FROM voucher_sessions WHERE sender = $1) + (SELECT count(*) FROM voucher_sessions WHERE receiver = $1)");
        command.CommandTimeout = ReadTimeout;
        command.Parameters.Add(new() { Value = id });
        return (long)(await command.ExecuteScalarAsync())!;
    });

    /// <summary>The holders of these keys: who has or had the key by proof, else any unproven claimant.</summary>
    public Task<List<(MemberKey Key, KeyHolder Holder)>> FindHoldersAsync(IReadOnlyCollection<MemberKey> keys) => Repeatable.RunAsync(async () =>
    {
        await using var command = database.CreateCommand("""
            SELECT DISTINCT ON (key) * FROM (
                SELECT held.key, users.id, user_id, true AS proven, extract(epoch FROM retired_at)::bigint AS retired
                FROM user_keys AS held JOIN users ON users.id = held.member WHERE held.key = ANY($1)
                UNION ALL
                SELECT key, id, user_id, false, NULL FROM users WHERE key = ANY($1) AND NOT proven) AS holder
            ORDER BY key, proven DESC, id
            """);
        command.CommandTimeout = ReadTimeout;
        command.Parameters.Add(new() { Value = keys.Select(key => key.ToArray()).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea });
        await using var reader = await command.ExecuteReaderAsync();
        var holders = new List<(MemberKey, KeyHolder)>();
        while (await reader.ReadAsync())
            holders.Add((MemberKey.From(reader.GetFieldValue<byte[]>(0)), new(
                reader.GetInt64(1), reader.GetString(2), reader.GetBoolean(3), reader.IsDBNull(4) ? null : reader.GetInt64(4))));
        return holders;
    });

    /// <summary>
    /// Creates the user, or proves an unproven user of the same id and key. A proven registration takes the key from
    /// unproven claimants, who keep their user ids and lose the key. Whoever registered without proof may have been anybody:
    /// the proof gives another passkey and ends what was claimed with the one before.
    /// </summary>
    /// <param name="admit">Lets a new user in, in the transaction; without it everybody is.</param>
    public Task<RegistrationResult> RegisterAsync(
        string userId, string publicKey, MemberKey? key, bool proven, string passkey,
        Func<NpgsqlConnection, Task<(string Origin, RegistrationStatus? Refusal)>>? admit = null) =>
        Repeatable.TransactAsync(database, async connection =>
        {
            if (!proven && key is not null && await WasProvenAsync(connection, key.Value))
                return (new RegistrationResult(RegistrationStatus.KeyTaken), false);
            if (proven)
                await DisplaceAsync(connection, userId, key!.Value);

            await using var insert = new NpgsqlCommand("""
                INSERT INTO users (user_id, public_key, key, proven, passkey, registered_at) VALUES ($1, $2, $3, $4, $5, now())
                ON CONFLICT (user_id) DO UPDATE SET proven = true, public_key = excluded.public_key, passkey = excluded.passkey,
                        claimed_uploaded = 0, claimed_downloaded = 0
                    WHERE excluded.proven AND NOT users.proven AND users.key = excluded.key
                RETURNING passkey, origin, xmax = 0
                """, connection)
            {
                Parameters =
                {
                    new() { Value = userId }, new() { Value = publicKey }, KeyParameter(key), new() { Value = proven },
                    new() { Value = passkey },
                },
            };
            try
            {
                var (registered, isNew) = (new RegistrationResult(RegistrationStatus.UserExists), false);
                await using (var reader = await insert.ExecuteReaderAsync())
                {
                    if (await reader.ReadAsync())
                        (registered, isNew) = (new(RegistrationStatus.Done, reader.GetString(0), proven, reader.GetString(1)), reader.GetBoolean(2));
                    // What its trigger refuses comes at the end.
                    await reader.NextResultAsync();
                }

                if (!isNew || admit is null)
                    return (registered, registered.Status == RegistrationStatus.Done);
                var (origin, refusal) = await admit(connection);
                return refusal is null ? (registered with { Origin = origin }, true) : (new(refusal.Value), false);
            }
            catch (PostgresException e) when (e.ConstraintName is "users_proven_key" or "user_keys_pkey")
            {
                return (new(RegistrationStatus.KeyTaken), false);
            }
        });

    /// <summary>Gives a user without a key its first one, which it has proved.</summary>
    public Task<RegistrationResult> BindAsync(string userId, string publicKey, MemberKey key, string passkey) => Repeatable.TransactAsync(database, async connection =>
    {
        await DisplaceAsync(connection, userId, key);
        await using var update = new NpgsqlCommand(
            "UPDATE users SET public_key = $3, key = $4, proven = true WHERE user_id = $1 AND passkey = $2 AND NOT proven AND key IS NULL AND public_key = '' RETURNING origin", connection)
        {
            Parameters = { new() { Value = userId }, new() { Value = passkey }, new() { Value = publicKey }, KeyParameter(key) },
        };
        try
        {
            return await update.ExecuteScalarAsync() is string origin
                ? (new RegistrationResult(RegistrationStatus.Done, passkey, Proven: true, origin), true) : (new(RegistrationStatus.UserExists), false);
        }
        catch (PostgresException e) when (e.ConstraintName is "users_proven_key" or "user_keys_pkey")
        {
            return (new(RegistrationStatus.KeyTaken), false);
        }
    });

    /// <summary>Replaces key and passkey of a proven user that still has the old key. A key that was ever proved is never taken again.</summary>
    public Task<RegistrationResult> RotateAsync(string userId, MemberKey oldKey, string newPublicKey, MemberKey newKey, string passkey) =>
        Repeatable.TransactAsync(database, async connection =>
        {
            await DisplaceAsync(connection, userId, newKey);
            await using var update = new NpgsqlCommand(
                "UPDATE users SET public_key = $3, key = $4, passkey = $5 WHERE user_id = $1 AND key = $2 AND proven", connection)
            {
                Parameters =
                {
                    new() { Value = userId }, KeyParameter(oldKey), new() { Value = newPublicKey }, KeyParameter(newKey), new() { Value = passkey },
                },
            };
            try
            {
                return await update.ExecuteNonQueryAsync() > 0
                    ? (new RegistrationResult(RegistrationStatus.Done, passkey, Proven: true), true)
                    : (new(RegistrationStatus.BadSignature), false);
            }
            catch (PostgresException e) when (e.ConstraintName is "users_proven_key" or "user_keys_pkey")
            {
                return (new(RegistrationStatus.KeyTaken), false);
            }
        });

    /// <summary>Sets what is the operator's to set; null when there is no such user.</summary>
    public async Task<UserRow?> ChangeAsync(string userId, MemberChange change)
    {
        var (column, type) = change.Setting == MemberSetting.Trust ? ("trust", NpgsqlDbType.Double) : ("invites", NpgsqlDbType.Integer);
        await Repeatable.TransactAsync(database, async connection =>
        {
            await using var command = new NpgsqlCommand($"UPDATE users SET {column} = $2 WHERE user_id = $1", connection);
            command.Parameters.Add(new() { Value = userId });
            command.Parameters.Add(new() { Value = change.Value is not { } value ? DBNull.Value : type == NpgsqlDbType.Integer ? (object)(int)value : value, NpgsqlDbType = type });
            return (await command.ExecuteNonQueryAsync(), true);
        });
        return await FindAsync(userId);
    }

    /// <summary>What stands behind a user's totals beside receipts.</summary>
    public Task<MemberCredit> ReadCreditAsync(long id) => Repeatable.RunAsync(async () =>
    {
        await using var command = database.CreateCommand("""
            SELECT sent.sessions, sent.bytes, received.sessions, received.bytes,
                   (SELECT maker.user_id FROM users JOIN invites ON invites.id = users.invite JOIN users AS maker ON maker.id = invites.maker WHERE users.id = $1)
            FROM (SELECT count(*), least(coalesce(sum(credited), 0), 9223372036854775807)::bigint FROM voucher_sessions WHERE sender = $1) AS sent (sessions, bytes),
                 (SELECT count(*), least(coalesce(sum(credited), 0), 9223372036854775807)::bigint FROM voucher_sessions WHERE receiver = $1) AS received (sessions, bytes)
            """);
        command.CommandTimeout = 5;
        command.Parameters.Add(new() { Value = id });
        await using var reader = await command.ExecuteReaderAsync();
        await reader.ReadAsync();
        return new MemberCredit(reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3), reader.IsDBNull(4) ? null : reader.GetString(4));
    });

    /// <summary>Adds to a user's totals without receipts; for trackers that do not verify signatures. What was added is noted as such.</summary>
    public Task CreditAsync(string userId, long uploaded, long downloaded) => Repeatable.TransactAsync(database, async connection =>
    {
        await using var command = new NpgsqlCommand("""
            WITH credited AS (
                UPDATE users SET uploaded   = least(uploaded::numeric + $2, 9223372036854775807)::bigint,
                                 downloaded = least(downloaded::numeric + $3, 9223372036854775807)::bigint
                WHERE user_id = $1 RETURNING id)
            INSERT INTO imported_totals AS noted (member, origin, uploaded, downloaded) SELECT id, 'unverified', $2, $3 FROM credited
            ON CONFLICT (member, origin) DO UPDATE
            SET uploaded = noted.uploaded + excluded.uploaded, downloaded = noted.downloaded + excluded.downloaded, changed_at = now()
            """, connection)
        {
            Parameters = { new() { Value = userId }, new() { Value = uploaded }, new() { Value = downloaded } },
        };
        return (await command.ExecuteNonQueryAsync(), true);
    });

    /// <summary>A user's spent receipts, newest epoch first.</summary>
    public Task<List<SpentReceipt>> ReadReceiptsAsync(long id, ReceiptCursor? before, int count) => Repeatable.RunAsync(async () =>
    {
        await using var command = database.CreateCommand("""
            SELECT encode(page.id, 'hex'), page.epoch, page.sender = $1, other.user_id, encode(page.info_hash, 'hex'),
                   page.piece_index, page.bytes, page.credited_at
            FROM (SELECT * FROM receipts
                  WHERE (sender = $1 OR receiver = $1) AND (epoch, id) < ($2, $3)
                  ORDER BY epoch DESC, id DESC LIMIT $4) AS page
            LEFT JOIN users AS other ON other.id = CASE WHEN page.sender = $1 THEN page.receiver ELSE page.sender END
            ORDER BY page.epoch DESC, page.id DESC
            """);
        command.Parameters.Add(new() { Value = id });
        command.Parameters.Add(new() { Value = before?.Epoch ?? long.MaxValue });
        command.Parameters.Add(new() { Value = before is null ? Array.Empty<byte>() : Convert.FromHexString(before.Id) });
        command.Parameters.Add(new() { Value = count });
        await using var reader = await command.ExecuteReaderAsync();
        var page = new List<SpentReceipt>();
        while (await reader.ReadAsync())
            page.Add(new(reader.GetString(0), reader.GetInt64(1), reader.GetBoolean(2), reader.IsDBNull(3) ? null : reader.GetString(3),
                reader.GetString(4), reader.GetInt64(5), reader.GetInt64(6), reader.GetFieldValue<DateTimeOffset>(7)));
        return page;
    });

    private static async Task<bool> WasProvenAsync(NpgsqlConnection connection, MemberKey key)
    {
        await using var command = new NpgsqlCommand("SELECT EXISTS (SELECT FROM user_keys WHERE key = $1)", connection) { Parameters = { KeyParameter(key) } };
        return (bool)(await command.ExecuteScalarAsync())!;
    }

    private static async Task DisplaceAsync(NpgsqlConnection connection, string userId, MemberKey key)
    {
        await using var command = new NpgsqlCommand("UPDATE users SET key = NULL WHERE key = $1 AND NOT proven AND user_id <> $2", connection)
        {
            Parameters = { KeyParameter(key), new() { Value = userId } },
        };
        await command.ExecuteNonQueryAsync();
    }

    private static NpgsqlParameter KeyParameter(MemberKey? key) =>
        new() { Value = (object?)key?.ToArray() ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Bytea };

    private Task<UserRow?> FindAsync(string sql, string value) => FindAsync(sql, value, Read);

    private async Task<T?> FindAsync<T>(string sql, string value, Func<NpgsqlDataReader, T> read)
        where T : class
    {
        if (_pause.IsOn)
            throw new NpgsqlException("The database did not answer in time a moment ago.");
        try
        {
            return await Repeatable.RunAsync(async () =>
            {
                await using var command = database.CreateCommand(sql);
                command.CommandTimeout = ReadTimeout;
                command.Parameters.Add(new() { Value = value });
                await using var reader = await command.ExecuteReaderAsync();
                return await reader.ReadAsync() ? read(reader) : null;
            });
        }
        catch (NpgsqlException e) when (e.InnerException is TimeoutException)
        {
            _pause.Begin();
            throw;
        }
    }

    private static UserRow Read(NpgsqlDataReader reader)
    {
        var profile = new UserProfile
        {
            UserId = reader.GetString(1),
            PublicKey = reader.GetString(2),
            Proven = reader.GetBoolean(4),
            Uploaded = reader.GetInt64(6),
            Downloaded = reader.GetInt64(7),
            ClaimedUploaded = reader.GetInt64(8),
            ClaimedDownloaded = reader.GetInt64(9),
            RegisteredAt = reader.GetFieldValue<DateTimeOffset>(10),
            KeyRotations = reader.GetInt32(11),
            Origin = reader.GetString(12),
            Trust = reader.IsDBNull(13) ? null : reader.GetDouble(13),
            Invites = reader.IsDBNull(14) ? null : reader.GetInt32(14),
            Disabled = reader.IsDBNull(15) ? null : reader.GetString(15),
            MayNotDownload = reader.GetBoolean(16),
            CreditedUploaded = reader.GetInt64(17),
            CreditedDownloaded = reader.GetInt64(18),
            BelievedUploaded = reader.GetInt64(19),
            BelievedDownloaded = reader.GetInt64(20),
        };
        return new UserRow(reader.GetInt64(0), reader.GetString(5), reader.IsDBNull(3) ? null : MemberKey.From(reader.GetFieldValue<byte[]>(3)), profile);
    }
}
