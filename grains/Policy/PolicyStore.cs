using Npgsql;
using NpgsqlTypes;
using Pbts.GrainInterfaces.Policy;
using Pbts.Grains.Database;
using Pbts.Grains.Site;

namespace Pbts.Grains.Policy;

/// <summary>What is said of members and clients, and the order in which it changed (0600_policy.sql).</summary>
internal sealed class PolicyStore(NpgsqlDataSource database, ApiTokenStore tokens, SiteStore site)
{
    /// <summary>Rows read at once. Beyond, it is cheaper to forget all.</summary>
    private const int MostChanges = 10_000;

    /// <summary>Seconds: front ends ask twice a second and wait no longer than three.</summary>
    private const int ReadTimeout = 2;

    /// <summary>What has changed after a row. The first answer has no changes: whoever asks knows nothing yet.</summary>
    public Task<PolicyChanges> ReadChangesAsync(long after) => Repeatable.RunAsync(async () =>
    {
        await using var command = database.CreateCommand("SELECT id, user_id, (SELECT min(id) FROM policy_changes) FROM policy_changes WHERE id > $1 AND info_hash IS NULL ORDER BY id DESC LIMIT $2");
        command.CommandTimeout = ReadTimeout;
        command.Parameters.Add(new() { Value = after });
        command.Parameters.Add(new() { Value = after < 0 ? 1 : MostChanges });
        var (last, oldest, lists, users) = (after, long.MaxValue, after < 0, new HashSet<string>(StringComparer.Ordinal));
        var rows = 0;
        await using (var reader = await command.ExecuteReaderAsync())
        {
            while (await reader.ReadAsync())
            {
                (last, oldest, rows) = (Math.Max(last, reader.GetInt64(0)), reader.GetInt64(2), rows + 1);
                if (reader.IsDBNull(1))
                    lists = true;
                else
                    users.Add(reader.GetString(1));
            }
        }

        // The row after the last known one is the next that there is, unless some are gone already.
        var missed = after >= 0 && (rows == MostChanges || (rows > 0 && oldest > after + 1));
        lists |= missed;
        return new PolicyChanges(
            last, missed || after < 0 ? [] : [.. users], missed, lists ? await ReadClientsAsync() : null, lists ? await tokens.ReadGrantsAsync() : null,
            lists ? await site.ReadGroupsAsync() : null, lists ? await site.ReadFactorsAsync() : null);
    });

    /// <summary>Does what is said of members, and gives what came of each. All of it is kept, or, where the database fails, none.</summary>
    public Task<IReadOnlyList<MemberVerdict>> SetMembersAsync(IReadOnlyList<MemberPolicy> members) => Repeatable.TransactAsync<IReadOnlyList<MemberVerdict>>(database, async connection =>
    {
        // Of a member given twice the last counts; a passkey given to two members is the first one's.
        var last = members.GroupBy(member => member.UserId, StringComparer.Ordinal).Select(same => same.Last()).ToList();
        var taken = last.Where(member => member.Passkey is not null).GroupBy(member => member.Passkey, StringComparer.Ordinal).SelectMany(same => same.Skip(1)).Select(member => member.UserId)
            .ToHashSet(StringComparer.Ordinal);
        var passkeys = last.Where(member => member.Passkey is not null && !taken.Contains(member.UserId)).OrderBy(member => member.UserId, StringComparer.Ordinal).ToArray();
        taken.UnionWith(await NamesAsync(connection, "SELECT said.user_id FROM said JOIN users ON users.passkey = said.passkey AND users.user_id <> said.user_id", passkeys));
        var free = passkeys.Where(member => !taken.Contains(member.UserId)).ToArray();
        // In the order of names and then of rows, as everywhere, so that two at a time do not wait for each other. No index is named: of two
        // that make the same member at once, the later would otherwise fail on its passkey instead of finding it there.
        var created = await NamesAsync(connection, """
            INSERT INTO users (user_id, public_key, passkey, registered_at, origin) SELECT user_id, '', passkey, now(), 'site' FROM said ORDER BY user_id
            ON CONFLICT DO NOTHING RETURNING user_id
            """, free);
        var known = await NamesAsync(connection, """
            locked AS (SELECT users.id, said.* FROM users JOIN said USING (user_id) ORDER BY users.id FOR UPDATE OF users),
            changed AS (
                UPDATE users SET disabled = locked.disabled, may_not_download = locked.may_not_download, passkey = coalesce(locked.passkey, users.passkey),
                    group_id = locked.group_id, donor = locked.donor, lifetime = locked.lifetime
                FROM locked
                WHERE users.id = locked.id
                    AND (users.disabled, users.may_not_download, users.passkey, users.group_id, users.donor, users.lifetime)
                        IS DISTINCT FROM (locked.disabled, locked.may_not_download, coalesce(locked.passkey, users.passkey), locked.group_id, locked.donor, locked.lifetime))
            SELECT user_id FROM locked
            """, [.. last.Where(member => !taken.Contains(member.UserId))]);
        return ([.. members.Select(member =>
            taken.Contains(member.UserId) ? MemberVerdict.PasskeyTaken : created.Contains(member.UserId) ? MemberVerdict.Created
            : known.Contains(member.UserId) ? MemberVerdict.Set
            // Whoever should have been made and was not: somebody else has just been given the passkey.
            : member.Passkey is not null ? MemberVerdict.PasskeyTaken : MemberVerdict.UnknownUser)], true);
    });

    /// <summary>Runs a statement over what is <c>said</c> of members; gives the names it answers.</summary>
    private static async Task<HashSet<string>> NamesAsync(NpgsqlConnection connection, string statement, IReadOnlyCollection<MemberPolicy> members)
    {
        const string Said = "WITH said AS (SELECT * FROM unnest($1::text[], $2::text[], $3::boolean[], $4::text[], $5::bigint[], $6::boolean[], $7::boolean[]) AS said (user_id, disabled, may_not_download, passkey, group_id, donor, lifetime))";
        await using var command = new NpgsqlCommand($"{Said}{(statement.StartsWith("locked", StringComparison.Ordinal) ? "," : "")} {statement}", connection)
        {
            Parameters =
            {
                Texts(members.Select(member => member.UserId)), Texts(members.Select(member => member.Disabled)), new() { Value = members.Select(member => !member.CanDownload).ToArray() },
                Texts(members.Select(member => member.Passkey)),
                new() { Value = members.Select(member => member.GroupId).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint },
                new() { Value = members.Select(member => member.IsDonor).ToArray() }, new() { Value = members.Select(member => member.IsLifetime).ToArray() },
            },
        };
        var names = new HashSet<string>(StringComparer.Ordinal);
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
            names.Add(reader.GetString(0));
        return names;
    }

    private static NpgsqlParameter Texts(IEnumerable<string?> texts) => new() { Value = texts.ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text };

    public Task<IReadOnlyList<ClientRule>> ReadClientsAsync() => Repeatable.RunAsync<IReadOnlyList<ClientRule>>(async () =>
    {
        await using var command = database.CreateCommand("SELECT prefix, allowed, reason FROM client_rules ORDER BY prefix LIMIT $1");
        command.CommandTimeout = ReadTimeout;
        command.Parameters.Add(new() { Value = ClientRule.Most });
        await using var reader = await command.ExecuteReaderAsync();
        var rules = new List<ClientRule>();
        while (await reader.ReadAsync())
            rules.Add(new(reader.GetFieldValue<byte[]>(0), reader.GetBoolean(1), reader.IsDBNull(2) ? null : reader.GetString(2)));
        return rules;
    });

    public Task SetClientsAsync(IReadOnlyList<ClientRule> rules) => Repeatable.TransactAsync(database, async connection =>
    {
        await using var command = new NpgsqlCommand("""
            INSERT INTO client_rules (prefix, allowed, reason)
            SELECT DISTINCT ON (prefix) prefix, allowed, reason FROM unnest($1::bytea[], $2::boolean[], $3::text[]) WITH ORDINALITY AS said (prefix, allowed, reason, line) ORDER BY prefix, line DESC
            ON CONFLICT (prefix) DO UPDATE SET allowed = excluded.allowed, reason = excluded.reason
            """, connection);
        command.Parameters.Add(new() { Value = rules.Select(rule => rule.Prefix).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea });
        command.Parameters.Add(new() { Value = rules.Select(rule => rule.Allowed).ToArray() });
        command.Parameters.Add(new() { Value = rules.Select(rule => rule.Reason).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text });
        return (await command.ExecuteNonQueryAsync(), true);
    });

    public async Task<bool> RemoveClientAsync(byte[] prefix) => await database.ExecuteAsync("DELETE FROM client_rules WHERE prefix = $1", prefix) > 0;
}
