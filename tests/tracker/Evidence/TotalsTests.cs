using System.Security.Cryptography;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Pbts.Grains.Chain.Sync;
using Pbts.Grains.Database;
using Pbts.Grains.Ledger;
using Pbts.Grains.Users;
using Pbts.Protocol.Ethereum;
using Pbts.Protocol.Receipts;
using Pbts.Protocol.Vouchers;
using Pbts.Tracker.Tests.Ledger;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Evidence;

/// <summary>Every total has its trail: whoever adds to one, and however long ago, its parts come to it.</summary>
public sealed class TotalsTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    private const string Wrong = """
        SELECT count(*) FROM users u LEFT JOIN (SELECT member, sum(uploaded) AS up, sum(downloaded) AS down FROM member_parts GROUP BY member) p ON p.member = u.id
        WHERE u.uploaded <> least(coalesce(p.up, 0), 9223372036854775807) OR u.downloaded <> least(coalesce(p.down, 0), 9223372036854775807)
        """;

    [Fact]
    public async Task The_parts_come_to_the_total_through_every_way_it_grows_and_when_receipts_are_dropped()
    {
        await using var world = await LedgerWorld.CreateAsync(postgres, silos: 2, members: 3);
        var (old, recent) = (LedgerWorld.Epoch, LedgerWorld.Epoch + 150);
        await world.Silos[0].SpendAsync([world.Entry(0, 1, 1000, old), world.Entry(0, 2, 500, old + 1), world.Entry(1, 0, 30, old), world.Entry(0, 1, 7, recent)]);
        await world.Silos[0].SpendAsync([world.Entry(2, 1, 90, old) with { Receiver = null }]);
        await world.Silos[1].CreditAsync([Voucher(world, 0, 1, 4000), Voucher(world, 2, 0, 600)]);
        var users = new UserStore(world.Database, TimeProvider.System);
        await users.CreditAsync("member1", 11, 22);
        await users.CreditAsync("member1", 100, 200);
        await users.CreditAsync("nobody", 1, 1);
        var key = (await users.FindAsync("member2"))!.Key!.Value.ToArray();
        var contract = new EthereumAddress(new byte[20]);
        for (var again = 0; again < 2; again++)
            await new MemberSyncStore(world.Database).ImportAsync("member2", key, contract, contract, 70_000, 8000);
        await FitsAsync(world);
        var before = await world.TotalsAsync();
        Assert.Equal([(5507, 630), (141, 5229), (70690, 8500)], before);
        Assert.Equal("imported contract 70000 8000, receipts  90 500, vouchers  600 0", await PartsAsync(world, 2));
        Assert.Equal("imported unverified 111 222, receipts  30 1007, vouchers  0 4000", await PartsAsync(world, 1));

        // Several silos do the upkeep at once, and again.
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => new ReceiptPartitions(world.Database, NullLogger<ReceiptPartitions>.Instance).DropOlderThanAsync(AgeOf(old + 60))));
        Assert.Equal(1L, await world.ScalarAsync("SELECT count(*) FROM receipts"));
        await FitsAsync(world);
        Assert.Equal("receipts  1500 30, receipts  7 0", (await world.ScalarAsync($"""
            SELECT string_agg(format('receipts  %s %s', uploaded, downloaded), ', ' ORDER BY uploaded) FROM (
                SELECT uploaded::text, downloaded FROM receipt_sums WHERE member = {world.Members[0]}
                UNION ALL SELECT sum(bytes)::text, 0 FROM receipts WHERE sender = {world.Members[0]}) AS kept
            """))?.ToString());
        Assert.Equal(4L, await world.ScalarAsync($"SELECT entries FROM member_parts WHERE member = {world.Members[0]} AND part = 'receipts'"));

        // The next day that goes is added to what went before.
        await world.Silos[0].SpendAsync([world.Entry(1, 0, 12, recent)]);
        await world.Partitions.DropOlderThanAsync(AgeOf(recent + 24));
        Assert.Equal(0L, await world.ScalarAsync("SELECT count(*) FROM receipts"));
        await FitsAsync(world);
        Assert.Equal((5507, 642), (await world.TotalsAsync())[0]);
        Assert.Equal("receipts  1507 42, vouchers  4000 600", await PartsAsync(world, 0));
    }

    [Fact]
    public async Task Receipts_that_are_spent_while_their_day_is_dropped_count_once_or_not_at_all()
    {
        await using var world = await LedgerWorld.CreateAsync(postgres, silos: 4, members: 6);
        var day = (LedgerWorld.Epoch + 60) / ReceiptPartitions.Span * ReceiptPartitions.Span;
        using var stop = new CancellationTokenSource();
        var spending = Enumerable.Range(0, 4).Select(silo => Task.Run(async () =>
        {
            for (var i = 0; !stop.IsCancellationRequested; i++)
                await world.Silos[silo].SpendAsync([.. Enumerable.Range(0, 20).Select(k => world.Entry((i + k) % 6, (i + k + 1 + silo) % 6, 1 + k, day - ReceiptPartitions.Span + k))]);
        })).ToArray();
        try
        {
            await Wait.UntilAsync(async () => (long)(await world.ScalarAsync("SELECT count(*) FROM receipts"))! > 2000);
            // It gives way rather than hold the ledger up, and is tried again later.
            await Wait.UntilAsync(async () =>
            {
                await world.Partitions.DropOlderThanAsync(AgeOf(day));
                return (long)(await world.ScalarAsync("SELECT epoch FROM receipt_floor"))! == day;
            });
            await Task.Delay(200);
        }
        finally
        {
            await stop.CancelAsync();
        }

        await Task.WhenAll(spending);
        Assert.Equal(0L, await world.ScalarAsync("SELECT count(*) FROM receipts"));
        Assert.True((long)(await world.ScalarAsync("SELECT sum(receipts)::bigint FROM receipt_sums"))! > 4000);
        await FitsAsync(world);
    }

    [Fact]
    public async Task While_all_receipts_are_read_nothing_is_dropped_and_nobody_waits()
    {
        await using var world = await LedgerWorld.CreateAsync(postgres, silos: 1);
        await world.Silos[0].SpendAsync([world.Entry(0, 1, 1000, LedgerWorld.Epoch)]);
        await using (var reader = await world.Database.OpenConnectionAsync())
        {
            await using var transaction = await reader.BeginTransactionAsync();
            await using var hold = new NpgsqlCommand("LOCK TABLE receipts IN ACCESS SHARE MODE", reader);
            await hold.ExecuteNonQueryAsync();
            await world.Partitions.DropOlderThanAsync(AgeOf(LedgerWorld.Epoch + 60)).WaitAsync(TimeSpan.FromSeconds(10));
            Assert.Equal([LedgerOutcome.Credited], await world.Silos[0].SpendAsync([world.Entry(0, 1, 1000, LedgerWorld.Epoch)]));
        }

        await FitsAsync(world);
        await world.Partitions.DropOlderThanAsync(AgeOf(LedgerWorld.Epoch + 60));
        Assert.Equal(0L, await world.ScalarAsync("SELECT count(*) FROM receipts"));
        await FitsAsync(world);
    }

    [Fact]
    public async Task Totals_from_before_are_taken_up_as_they_are()
    {
        await using var database = NpgsqlDataSource.Create(await postgres.CreateDatabaseAsync(migrated: false));
        var all = SchemaMigrator.Migration.Embedded;
        await SchemaMigrator.MigrateAsync(database, [.. all.Where(script => script.Version < 510)], NullLogger.Instance, default);
        await ScalarAsync(database, """
            INSERT INTO users (user_id, public_key, passkey, registered_at, uploaded, downloaded)
            SELECT name, 'x', md5(name), now(), up, down FROM (VALUES ('dropped', 5000, 300), ('lowered', 10, 0), ('exact', 100, 20), ('full', 9223372036854775807, 0)) AS m (name, up, down)
            RETURNING 1
            """);
        await new ReceiptPartitions(database, NullLogger<ReceiptPartitions>.Instance).EnsureAsync([480_000]);
        await ScalarAsync(database, """
            INSERT INTO receipts (epoch, id, sender, receiver, info_hash, piece_index, bytes)
            SELECT 480000, sha256(convert_to(s.user_id, 'UTF8')), s.id, r.id, ''::bytea, 0, 100 FROM users s, users r WHERE s.user_id IN ('exact', 'lowered', 'full', 'dropped') AND r.user_id = 'dropped' RETURNING 1
            """);
        await ScalarAsync(database, "INSERT INTO chain_import (username, contract, imported, downloaded) VALUES ('exact', decode(repeat('00', 20), 'hex'), true, 20) RETURNING 1");

        await SchemaMigrator.MigrateAsync(database, all, NullLogger.Instance, default);
        Assert.Equal(0L, await ScalarAsync(database, Wrong));
        Assert.Equal("dropped 4900 -100, full 9223372036854775707 0, lowered -90 0", await ScalarAsync(database, """
            SELECT string_agg(format('%s %s %s', user_id, i.uploaded, i.downloaded), ', ' ORDER BY user_id) FROM imported_totals i JOIN users u ON u.id = i.member WHERE i.origin = 'earlier'
            """));
    }

    private static VoucherEntry Voucher(LedgerWorld world, int sender, int receiver, long bytes)
    {
        var voucher = new Voucher
        {
            Instance = default, InfoHash = default, Sender = MemberKey.From([.. Enumerable.Repeat((byte)sender, 48)]), Receiver = MemberKey.From([.. Enumerable.Repeat((byte)receiver, 48)]),
            Session = SessionId.From(RandomNumberGenerator.GetBytes(SessionId.Length)), Bytes = bytes, Opened = Member.Now - 1000, SignedAt = Member.Now,
            Signature = ReceiptSignature.From(RandomNumberGenerator.GetBytes(96)),
        };
        return new(voucher.Id, voucher, world.Members[sender], world.Members[receiver]);
    }

    private static async Task FitsAsync(LedgerWorld world) => Assert.Equal(0L, await world.ScalarAsync(Wrong));

    private static async Task<object?> PartsAsync(LedgerWorld world, int member) => await world.ScalarAsync(
        $"SELECT string_agg(format('%s %s %s %s', part, origin, uploaded, downloaded), ', ' ORDER BY part, origin) FROM member_parts WHERE member = {world.Members[member]}");

    private static async Task<object?> ScalarAsync(NpgsqlDataSource database, string sql)
    {
        await using var command = database.CreateCommand(sql);
        return await command.ExecuteScalarAsync();
    }

    /// <summary>Seconds that make the floor the start of the epoch's day.</summary>
    private static long AgeOf(long epoch) => Member.Now - (epoch * 3600) - 1800;
}
