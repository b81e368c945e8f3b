using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;
using Npgsql;
using NpgsqlTypes;
using Pbts.GrainInterfaces.Users;
using Pbts.Grains.Database;
using Pbts.Hosting.Configuration;

namespace Pbts.Grains.Users;

/// <summary>The table of invites.</summary>
internal sealed class InviteStore(NpgsqlDataSource database, IOptions<MembersOptions> options)
{
    private const string Live = "revoked_at IS NULL AND expires_at > clock_timestamp()";

    /// <summary>
    /// Makes an invite. A member's row is locked meanwhile, so that it gives no more than it may: what others came by, and what
    /// they still can. Its invites that ran out unused go, so that there are never more rows than it may give.
    /// </summary>
    public Task<NewInvite> CreateAsync(string? maker, int uses, long lifetime) => Repeatable.TransactAsync(database, async connection =>
    {
        (long? id, long? left) = (null, null);
        if (maker is not null)
        {
            await using var find = new NpgsqlCommand("SELECT id, coalesce(invites, $2) FROM users WHERE user_id = $1 AND proven FOR UPDATE", connection)
            {
                Parameters = { new() { Value = maker }, new() { Value = options.Value.InvitesPerMember } },
            };
            await using (var reader = await find.ExecuteReaderAsync())
            {
                if (!await reader.ReadAsync())
                    return (new NewInvite(null, 0, default, 0), false);
                (id, left) = (reader.GetInt64(0), reader.GetInt32(1));
            }

            await using var given = new NpgsqlCommand($"""
                WITH gone AS (DELETE FROM invites WHERE maker = $1 AND used = 0 AND NOT ({Live}))
                SELECT coalesce(sum(CASE WHEN {Live} THEN uses ELSE used END), 0)::bigint FROM invites WHERE maker = $1
                """, connection) { Parameters = { new() { Value = id.Value } } };
            left -= (long)(await given.ExecuteScalarAsync())! + uses;
            if (left < 0)
                return (new(null, 0, default, Math.Max(0, left.Value + uses)), false);
        }

        var token = RandomNumberGenerator.GetHexString(32, lowercase: true);
        await using var insert = new NpgsqlCommand(
            "INSERT INTO invites (token_hash, maker, uses, expires_at) VALUES ($1, $2, $3, now() + $4 * interval '1 second') RETURNING id, expires_at", connection)
        {
            Parameters = { new() { Value = HashOf(token) }, Member(id), new() { Value = uses }, new() { Value = lifetime } },
        };
        await using var made = await insert.ExecuteReaderAsync();
        await made.ReadAsync();
        return (new(token, made.GetInt64(0), made.GetFieldValue<DateTimeOffset>(1), left), true);
    });

    public Task<List<Invite>> ListAsync(string? maker, long? before, int count) => Repeatable.RunAsync(async () =>
    {
        await using var command = database.CreateCommand($"""
            SELECT invites.id, maker.user_id, uses, used, made_at, expires_at, revoked_at,
                   ARRAY(SELECT user_id FROM users WHERE users.invite = invites.id ORDER BY users.id DESC LIMIT {Invite.MostNamed})
            FROM invites LEFT JOIN users AS maker ON maker.id = invites.maker
            WHERE ($1::text IS NULL OR maker.user_id = $1) AND invites.id < $2
            ORDER BY invites.id DESC LIMIT $3
            """);
        command.CommandTimeout = 5;
        command.Parameters.Add(Name(maker));
        command.Parameters.Add(new() { Value = before ?? long.MaxValue });
        command.Parameters.Add(new() { Value = count });
        await using var reader = await command.ExecuteReaderAsync();
        var invites = new List<Invite>();
        while (await reader.ReadAsync())
            invites.Add(new(
                reader.GetInt64(0), reader.IsDBNull(1) ? null : reader.GetString(1), reader.GetInt32(2), reader.GetInt32(3), reader.GetFieldValue<DateTimeOffset>(4),
                reader.GetFieldValue<DateTimeOffset>(5), reader.IsDBNull(6) ? null : reader.GetFieldValue<DateTimeOffset>(6), reader.GetFieldValue<string[]>(7)));
        return invites;
    });

    /// <summary>Ends an invite: one that nobody came by is gone, another stays on record.</summary>
    public Task<bool> RevokeAsync(string? maker, long id) => Repeatable.TransactAsync(database, async connection =>
    {
        await using var command = new NpgsqlCommand("""
            WITH mine AS (
                SELECT id, used FROM invites WHERE id = $2 AND ($1::text IS NULL OR maker = (SELECT users.id FROM users WHERE user_id = $1)) FOR UPDATE),
            gone AS (DELETE FROM invites USING mine WHERE invites.id = mine.id AND mine.used = 0),
            ended AS (UPDATE invites SET revoked_at = coalesce(revoked_at, now()) FROM mine WHERE invites.id = mine.id AND mine.used > 0)
            SELECT EXISTS (SELECT FROM mine)
            """, connection) { Parameters = { Name(maker), new() { Value = id } } };
        return ((bool)(await command.ExecuteScalarAsync())!, true);
    });

    /// <summary>
    /// Spends one use for a user who has just been made in this transaction. An invite hands on no more trust than its maker has:
    /// or whoever is not trusted would invite accounts of his own that are. Whoever waits here for the invite's row waits last.
    /// </summary>
    /// <returns>False when the invite is no good.</returns>
    public async Task<bool> SpendAsync(NpgsqlConnection connection, string userId, string token)
    {
        await using var command = new NpgsqlCommand($"""
            WITH spent AS (UPDATE invites SET used = used + 1 WHERE token_hash = $2 AND used < uses AND {Live} RETURNING id, maker),
            handed AS (
                SELECT spent.id, coalesce(maker.trust, CASE WHEN maker.origin = '{MembersOptions.Open}' THEN $3 WHEN maker.id IS NOT NULL THEN $4 END) AS trust
                FROM spent LEFT JOIN users AS maker ON maker.id = spent.maker)
            UPDATE users SET origin = '{MembersOptions.Invited}', invite = handed.id, trust = CASE WHEN handed.trust < $4 THEN handed.trust END
            FROM handed WHERE user_id = $1
            """, connection)
        {
            Parameters =
            {
                new() { Value = userId }, new() { Value = HashOf(token) }, new() { Value = options.Value.OpenTrust }, new() { Value = options.Value.InvitedTrust },
            },
        };
        return await command.ExecuteNonQueryAsync() > 0;
    }

    private static byte[] HashOf(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));

    private static NpgsqlParameter Member(long? id) => new() { Value = (object?)id ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Bigint };

    private static NpgsqlParameter Name(string? userId) => new() { Value = (object?)userId ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text };
}
