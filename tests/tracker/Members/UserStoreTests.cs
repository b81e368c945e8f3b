using System.Security.Cryptography;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Pbts.GrainInterfaces.Users;
using Pbts.Grains.Database;
using Pbts.Grains.Claims;
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
        await ClaimAsync(database, 70, 50);
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

    [Fact]
    public async Task What_came_into_totals_otherwise_proves_nothing_that_is_claimed()
    {
        await using var database = NpgsqlDataSource.Create(await postgres.CreateDatabaseAsync());
        var users = new UserStore(database, TimeProvider.System);
        Assert.Equal(new(0, 0, 0, 0), await users.SumProofAsync());
        await RegisterAsync(users, proven: true, Passkey(1));
        await ClaimAsync(database, 70, 0);
        await users.CreditAsync("member", 1000, 1000);
        await database.ExecuteAsync("INSERT INTO chain_import (username, contract, uploaded, downloaded, imported) VALUES ('member', $1, 500, 500, true)", new byte[20]);
        await database.ExecuteAsync("UPDATE users SET uploaded = uploaded + 500, downloaded = downloaded + 500");
        Assert.Equal(70, (await UnprovenAsync(users)).Single().Unproven);
        Assert.Equal(new(1, 0, 0, 70), await users.SumProofAsync());

        // As the ledger does it.
        await database.ExecuteAsync("UPDATE users SET uploaded = uploaded + 30");
        Assert.Equal(40, (await UnprovenAsync(users)).Single().Unproven);
        Assert.Equal(new(1, 1, 30, 70), await users.SumProofAsync());
    }

    [Fact]
    public async Task A_hundred_thousand_members_are_listed_in_the_time_that_is_given()
    {
        const int Members = 100_000;
        await using var database = NpgsqlDataSource.Create(await postgres.CreateDatabaseAsync());
        var users = new UserStore(database, TimeProvider.System);
        await database.ExecuteAsync($"""
            INSERT INTO users (user_id, public_key, passkey, registered_at, claimed_uploaded, uploaded)
            SELECT 'member' || i, repeat('k', 64), lpad(to_hex(i), 32, '0'), now(), i * 7919 % 9973, i * 104729 % 9967 FROM generate_series(1, {Members}::bigint) AS i
            """);
        var expected = Enumerable.Range(1, Members)
            .Select(i => (Id: $"member{i}", Unproven: (long)i * 7919 % 9973 - (long)i * 104729 % 9967))
            .OrderByDescending(user => user.Unproven).ThenBy(user => user.Id, StringComparer.Ordinal).Take(1500);
        var listed = new List<(string, long)>();
        for (UserCursor? after = null; listed.Count < 1500; after = new(listed[^1].Item1, listed[^1].Item2))
            listed.AddRange((await UnprovenAsync(users, 500, after)).Select(user => (user.User.UserId, user.Unproven)));
        Assert.Equal(expected, listed);
        Assert.Equal(Members, (await users.SumProofAsync()).Members);
    }

    private static Task<List<UserListing>> UnprovenAsync(UserStore users, int count = 10, UserCursor? after = null) =>
        users.ListAsync(new("", UserOrder.Unproven, count, after));

    private Task RegisterAsync(UserStore users, bool proven, string passkey) => users.RegisterAsync("member", Convert.ToBase64String(_key.Span), _key, proven, passkey);

    private static string Passkey(int number) => $"{number:x32}";

    private static Task ClaimAsync(NpgsqlDataSource database, long up, long down) =>
        new HistoryStore(database).WriteAsync(new(Guid.NewGuid(), new Dictionary<string, (long, long)> { ["member"] = (up, down) }, [], []));
}
