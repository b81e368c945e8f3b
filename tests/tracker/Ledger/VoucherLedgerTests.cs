using System.Security.Cryptography;
using Pbts.GrainInterfaces.Ledger;
using Pbts.Grains.Ledger;
using Pbts.Hosting.Configuration;
using Pbts.Protocol.Receipts;
using Pbts.Protocol.Vouchers;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Ledger;

/// <summary>Vouchers in the ledger by itself, on several ledger objects as several silos would be.</summary>
public sealed class VoucherLedgerTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    [Theory]
    [InlineData(new[] { 0, 1, 2, 3 }, new[] { 1000, 4000, 0, 4000 })]
    [InlineData(new[] { 3, 2, 1, 0 }, new[] { 9000, 0, 0, 0 })]
    [InlineData(new[] { 1, 0, 3, 3 }, new[] { 5000, 0, 4000, 0 })]
    public async Task In_whatever_order_vouchers_come_the_highest_counts_once(int[] order, int[] credited)
    {
        await using var world = await LedgerWorld.CreateAsync(postgres, silos: 2);
        long[] bytes = [1000, 5000, 5000, 9000];
        var session = new Session(world, 0, 1);
        var outcomes = new List<VoucherOutcome>();
        foreach (var i in order)
            outcomes.Add((await world.Silos[i % 2].CreditAsync([session.Voucher(bytes[i])]))![0]);
        Assert.Equal(credited.Select(c => (long)c), outcomes.Select(outcome => outcome.Credited));
        Assert.Equal(9000, outcomes[^1].Total);
        Assert.Equal([(9000, 0), (0, 9000)], await world.TotalsAsync());
    }

    [Fact]
    public async Task Rising_vouchers_of_many_sessions_reported_anywhere_in_any_order_and_again_credit_their_maxima()
    {
        await using var world = await LedgerWorld.CreateAsync(postgres, silos: 4, members: 12);
        var random = new Random(5);
        var sessions = Enumerable.Range(0, 500).Select(i => new Session(world, i % 12, (i + 1 + (i / 12 % 11)) % 12)).ToArray();
        var rising = sessions.Select(_ => Enumerable.Range(1, 5).Select(step => (long)step * random.Next(1000, 100_000)).Order().ToArray()).ToArray();
        var reports = Enumerable.Range(0, sessions.Length).SelectMany(i => rising[i].Select(bytes => (Order: random.Next(), Entry: sessions[i].Voucher(bytes))))
            .SelectMany(one => random.Next(5) == 0 ? [one, (random.Next(), one.Entry)] : new[] { one })
            .OrderBy(one => one.Order).Select(one => one.Entry).Chunk(20).ToArray();
        var outcomes = await Task.WhenAll(reports.Select((report, i) => world.Silos[i % 4].CreditAsync(report).AsTask()));

        Assert.All(outcomes, report => Assert.NotNull(report));
        var expected = rising.Sum(bytes => bytes[^1]);
        Assert.Equal(expected, outcomes.SelectMany(report => report!).Sum(outcome => outcome.Credited));
        var totals = await world.TotalsAsync();
        Assert.Equal((expected, expected), (totals.Sum(member => member.Up), totals.Sum(member => member.Down)));
        Assert.Equal(expected, await world.ScalarAsync("SELECT sum(credited)::bigint FROM voucher_sessions"));
        Assert.Equal(500L, await world.ScalarAsync("SELECT count(*) FROM voucher_sessions WHERE credited = bytes"));
        // Retries would hide deadlocks: the database counts them.
        Assert.Equal(0L, await world.DeadlocksAsync());
    }

    [Fact]
    public async Task What_a_receiver_may_owe_is_decided_with_its_row_locked_however_many_report_at_once()
    {
        var receipts = new ReceiptsOptions { Window = ReceiptsOptions.MaxWindow, ReceiverSlack = 500 };
        await using var world = await LedgerWorld.CreateAsync(postgres, silos: 4, members: 9, receipts, new TrackerOptions { InitCredit = 10_000, MinRatio = 0.5 });
        // Eight senders of one receiver, in vouchers and receipts.
        var vouchers = Enumerable.Range(0, 8).Select(i => new Session(world, i, 8).Voucher(3000)).ToArray();
        var entries = Enumerable.Range(0, 8).Select(i => world.Entry(i, 8, bytes: 700)).ToArray();
        var credited = Task.WhenAll(vouchers.Select((voucher, i) => world.Silos[i % 4].CreditAsync([voucher]).AsTask()));
        var spent = await Task.WhenAll(entries.Select((entry, i) => world.Silos[(i + 1) % 4].SpendAsync([entry]).AsTask()));
        var sum = (await credited).Sum(outcome => outcome![0].Credited) + spent.Sum(outcome => outcome![0] == LedgerOutcome.Credited ? 700 : 0);
        Assert.InRange(sum, 10_500 - 700, 10_500);
        var totals = await world.TotalsAsync();
        Assert.Equal((sum, sum), (totals.Sum(member => member.Up), totals[8].Down));

        // It gives back what lets it owe the rest; the same vouchers and receipts bring it in, each once.
        await world.ScalarAsync($"UPDATE users SET uploaded = 1000000 WHERE id = {world.Members[8]} RETURNING 1");
        for (var round = 0; round < 2; round++)
        {
            foreach (var voucher in vouchers)
                Assert.Equal(round == 0 ? VoucherStatus.Accepted : VoucherStatus.Duplicate, Accept((await world.Silos[round].CreditAsync([voucher]))![0].Status, round));
            await world.Silos[round].SpendAsync(entries);
        }

        Assert.Equal((8 * 3700, 8 * 3700), ((await world.TotalsAsync())[..8].Sum(member => member.Up), (await world.TotalsAsync())[8].Down));

        // Some were credited in full before.
        static VoucherStatus Accept(VoucherStatus status, int round) => round == 0 && status == VoucherStatus.Duplicate ? VoucherStatus.Accepted : status;
    }

    [Fact]
    public async Task The_newest_voucher_is_kept_as_it_was_signed()
    {
        await using var world = await LedgerWorld.CreateAsync(postgres, silos: 1);
        var session = new Session(world, 0, 1);
        var (low, high) = (session.Voucher(10), session.Voucher(20));
        await world.Silos[0].CreditAsync([low, high, low]);
        await using var command = world.Database.CreateCommand("SELECT id, info_hash, sender_key, receiver_key, session, bytes, opened, signed_at, signature FROM voucher_sessions");
        await using var reader = await command.ExecuteReaderAsync();
        Assert.True(await reader.ReadAsync());
        var kept = new Voucher
        {
            Instance = high.Voucher.Instance, InfoHash = InfoHash.From(reader.GetFieldValue<byte[]>(1)), Sender = MemberKey.From(reader.GetFieldValue<byte[]>(2)),
            Receiver = MemberKey.From(reader.GetFieldValue<byte[]>(3)), Session = SessionId.From(reader.GetFieldValue<byte[]>(4)), Bytes = reader.GetInt64(5),
            Opened = reader.GetInt64(6), SignedAt = reader.GetInt64(7), Signature = ReceiptSignature.From(reader.GetFieldValue<byte[]>(8)),
        };
        Assert.Equal(high.Voucher, kept);
        Assert.Equal(kept.Id.ToArray(), reader.GetFieldValue<byte[]>(0));
        Assert.False(await reader.ReadAsync());
    }

    private sealed class Session(LedgerWorld world, int sender, int receiver)
    {
        private readonly SessionId _session = SessionId.From(RandomNumberGenerator.GetBytes(SessionId.Length));
        private readonly long _opened = Member.Now - 1000;

        public VoucherEntry Voucher(long bytes)
        {
            var voucher = new Voucher
            {
                Instance = InstanceId.From(new byte[32]), InfoHash = InfoHash.From(new byte[20]), Sender = MemberKey.From([.. Enumerable.Repeat((byte)sender, 48)]),
                Receiver = MemberKey.From([.. Enumerable.Repeat((byte)receiver, 48)]), Session = _session, Bytes = bytes, Opened = _opened, SignedAt = Member.Now,
                Signature = ReceiptSignature.From(RandomNumberGenerator.GetBytes(96)),
            };
            return new(voucher.Id, voucher, world.Members[sender], world.Members[receiver]);
        }
    }
}
