using System.Security.Cryptography;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Pbts.Grains.Database;
using Pbts.Grains.Users;
using Pbts.Protocol.Receipts;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Members;

/// <summary>The table of users by itself.</summary>
public sealed class UserStoreTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    private readonly MemberKey _key = MemberKey.From(RandomNumberGenerator.GetBytes(48));

    [Fact]
    public async Task A_proof_starts_with_a_passkey_of_its_own_and_nothing_claimed()
    {
        await using var database = NpgsqlDataSource.Create(await postgres.CreateDatabaseAsync());
        var users = new UserStore(database, TimeProvider.System);
        await RegisterAsync(users, proven: false, Passkey(1));
        await users.AddClaimedAsync(new Dictionary<string, (long, long)> { ["member"] = (70, 50) });
        await RegisterAsync(users, proven: true, Passkey(2));
        var user = (await users.FindAsync("member"))!;
        Assert.Equal((Passkey(2), true, 0, 0), (user.Passkey, user.Profile.Proven, user.Profile.ClaimedUploaded, user.Profile.ClaimedDownloaded));
        Assert.Null(await users.FindByPasskeyAsync(Passkey(1)));
    }

    [Fact]
    public async Task Every_key_that_was_proved_is_kept_with_its_time()
    {
        await using var database = NpgsqlDataSource.Create(await postgres.CreateDatabaseAsync());
        var users = new UserStore(database, TimeProvider.System);
        await RegisterAsync(users, proven: true, Passkey(1));
        var next = MemberKey.From(RandomNumberGenerator.GetBytes(48));
        await users.RotateAsync("member", _key, Convert.ToBase64String(next.Span), next, Passkey(2));

        var holders = (await users.FindHoldersAsync([_key, next])).ToDictionary(found => found.Key, found => found.Holder);
        Assert.Equal(holders[_key].Id, holders[next].Id);
        Assert.InRange(holders[_key].RetiredAt!.Value, Member.Now - 60, Member.Now + 60);
        Assert.Null(holders[next].RetiredAt);
        Assert.Equal(1, (await users.FindAsync("member"))!.Profile.KeyRotations);
    }

    [Fact]
    public async Task Members_of_an_older_database_keep_their_keys()
    {
        await using var database = NpgsqlDataSource.Create(await postgres.CreateDatabaseAsync(migrated: false));
        var all = SchemaMigrator.Migration.Embedded;
        await SchemaMigrator.MigrateAsync(database, [.. all.Where(script => script.Version < 420)], NullLogger.Instance, default);
        await using (var insert = database.CreateCommand("""
            INSERT INTO users (user_id, public_key, key, proven, passkey, registered_at)
            VALUES ('member', 'x', $1, true, $2, '2026-01-02Z'), ('claimant', 'y', $3, false, $4, now())
            """))
        {
            foreach (var value in new object[] { _key.ToArray(), Passkey(1), RandomNumberGenerator.GetBytes(48), Passkey(2) })
                insert.Parameters.Add(new() { Value = value });
            await insert.ExecuteNonQueryAsync();
        }

        await SchemaMigrator.MigrateAsync(database, all, NullLogger.Instance, default);
        var (key, holder) = Assert.Single(await new UserStore(database, TimeProvider.System).FindHoldersAsync([_key]));
        Assert.Equal((_key, "member", true, null), (key, holder.UserId, holder.Proven, holder.RetiredAt));
        await using var count = database.CreateCommand("SELECT count(*) FROM user_keys WHERE proven_at = '2026-01-02Z'");
        Assert.Equal(1L, await count.ExecuteScalarAsync());
    }

    private Task RegisterAsync(UserStore users, bool proven, string passkey) => users.RegisterAsync("member", Convert.ToBase64String(_key.Span), _key, proven, passkey);

    private static string Passkey(int number) => $"{number:x32}";
}
