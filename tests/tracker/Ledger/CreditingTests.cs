using System.Security.Cryptography;
using Microsoft.Extensions.Options;
using Pbts.GrainInterfaces.Ledger;
using Pbts.GrainInterfaces.Users;
using Pbts.Grains.Ledger;
using Pbts.Hosting.Configuration;
using Pbts.Protocol.Receipts;
using Pbts.Protocol.Vouchers;

namespace Pbts.Tracker.Tests.Ledger;

/// <summary>What is credited, by the rules alone.</summary>
public sealed class CreditingTests
{
    private const long Now = 1_800_000_000;
    private const long Initial = 1000;
    private const long Slack = 100;

    private static readonly InfoHash s_torrent = InfoHash.From(new byte[20]);

    private readonly ReceiptsOptions _receipts = new() { ReceiverSlack = Slack, Unregistered = ReceiptsOptions.Claimed };
    private readonly TrackerOptions _tracker = new() { InitCredit = Initial, MinRatio = 0.5 };
    private readonly MembersOptions _members = new();
    private readonly TorrentsOptions _torrents = new();

    private CreditRules Rules => new(Options.Create(_receipts), Options.Create(_tracker), Options.Create(_members), Options.Create(_torrents), Options.Create(new RatioOptions()));

    [Fact]
    public void A_session_is_credited_by_what_it_rises_and_never_twice()
    {
        var state = State(2);
        var session = new TestSession(0, 1);
        Assert.Equal(
            [new(VoucherStatus.Accepted, 500, 500), new(VoucherStatus.Duplicate, 0, 500), new(VoucherStatus.Accepted, 400, 900), new(VoucherStatus.Duplicate, 0, 900), new(VoucherStatus.Duplicate, 0, 900)],
            new[] { 500, 300, 900, 900, 1 }.Select(bytes => new Crediting(state, Rules).Credit(session.Voucher(bytes))));
        Assert.Equal((900, 900), (state.Members[0].Uploaded, state.Members[1].Downloaded));
    }

    [Fact]
    public void A_receiver_that_owes_what_it_may_is_credited_in_part_and_the_rest_later_with_the_same_voucher()
    {
        var state = State(3);
        var voucher = new TestSession(0, 1).Voucher(2000);
        Assert.Equal(new VoucherOutcome(VoucherStatus.Partial, Initial + Slack, Initial + Slack, VoucherReason.ReceiverLimit), new Crediting(state, Rules).Credit(voucher));
        Assert.Equal(new VoucherOutcome(VoucherStatus.Partial, 0, Initial + Slack, VoucherReason.ReceiverLimit), new Crediting(state, Rules).Credit(voucher));
        // It gives something back.
        Assert.Equal(VoucherStatus.Accepted, new Crediting(state, Rules).Credit(new TestSession(1, 2).Voucher(600)).Status);
        Assert.Equal(new VoucherOutcome(VoucherStatus.Partial, 200, Initial + Slack + 200, VoucherReason.ReceiverLimit), new Crediting(state, Rules).Credit(voucher));
    }

    [Fact]
    public void Trust_leads_from_what_was_given_to_what_the_ratio_allows()
    {
        Assert.Equal(
            [(0, 1000), (0, 1000), (6000, 7000), (6000, 9500), (6000, 12000)],
            new[] { (0L, 0.0), (0, 1), (6000, 0), (6000, 0.5), (6000, 1) }.Select(input => (input.Item1, CreditLimit.Of(input.Item1, input.Item2, 0.5, Initial))));
        Assert.Equal(long.MaxValue, CreditLimit.Of(1, 0, 0, Initial));
        Assert.Equal(long.MaxValue, CreditLimit.Of(long.MaxValue, 1, 0.5, Initial));
        Assert.Equal(500, CreditLimit.Of(500, 0, 2, 100) + 250); // A minimum above 1: less than was given.
    }

    [Fact]
    public void A_registered_torrent_is_debited_twice_its_size_at_most_by_all_senders_together()
    {
        _tracker.MinRatio = 0;
        var state = State(4);
        state.Torrents[s_torrent] = new(1000, 256, 4);
        Assert.Equal(new VoucherOutcome(VoucherStatus.Accepted, 1500, 1500), new Crediting(state, Rules).Credit(new TestSession(0, 1).Voucher(1500)));
        Assert.Equal(new VoucherOutcome(VoucherStatus.Partial, 500, 500, VoucherReason.TorrentLimit), new Crediting(state, Rules).Credit(new TestSession(2, 1).Voucher(800)));
        Assert.Equal(LedgerOutcome.TorrentLimit, new Crediting(state, Rules).Spend(Receipt(2, 1, index: 0)));
        Assert.Equal(VoucherStatus.Accepted, new Crediting(state, Rules).Credit(new TestSession(0, 3).Voucher(1500)).Status);
    }

    [Fact]
    public void What_fills_a_limit_exactly_is_credited_and_what_goes_beyond_is_withheld_in_its_name()
    {
        var state = State(2);
        var crediting = new Crediting(state, Rules);
        Assert.Equal(LedgerOutcome.Credited, crediting.Spend(Receipt(0, 1, 0, claimed: Initial + Slack)));
        Assert.Empty(crediting.Withheld);
        Assert.Equal(LedgerOutcome.ReceiverLimit, crediting.Spend(Receipt(0, 1, 1, claimed: 7)));
        Assert.Equal(VoucherStatus.Partial, crediting.Credit(new TestSession(0, 1).Voucher(30)).Status);
        Assert.Equal(new Dictionary<string, long> { [VoucherReason.ReceiverLimit] = 37 }, crediting.Withheld);

        _tracker.MinRatio = 0;
        state = State(2);
        state.Torrents[s_torrent] = new(1000, 256, 4);
        crediting = new Crediting(state, Rules);
        Assert.Equal(2000, crediting.Credit(new TestSession(0, 1).Voucher(2500)).Credited);
        Assert.Equal(LedgerOutcome.TorrentLimit, crediting.Spend(Receipt(0, 1, 0)));
        Assert.Equal(new Dictionary<string, long> { [VoucherReason.TorrentLimit] = 500 + 256 }, crediting.Withheld);

        _receipts.MaxRate = 10;
        crediting = new Crediting(state = State(2), Rules);
        var session = new TestSession(0, 1);
        Assert.Equal(VoucherStatus.Accepted, crediting.Credit(session.Voucher(1600)).Status);
        Assert.Equal(VoucherStatus.TooFast, crediting.Credit(session.Voucher(1601)).Status);
        Assert.Equal(new Dictionary<string, long> { [VoucherReason.TooFast] = 1 }, crediting.Withheld);
    }

    [Theory]
    [InlineData(120, VoucherStatus.Accepted)]
    [InlineData(121, VoucherStatus.Future)]
    [InlineData(-30 * 86400, VoucherStatus.Accepted)]
    [InlineData((-30 * 86400) - 1, VoucherStatus.Expired)]
    public void A_voucher_counts_from_two_minutes_before_it_was_signed_until_its_window_ends(long signed, VoucherStatus expected) =>
        Assert.Equal(expected, new Crediting(State(2), Rules).Credit(new TestSession(0, 1).Voucher(1, opened: Now + signed - 100, signedAt: Now + signed)).Status);

    /// <summary>The database keeps what is told to be written and nothing else.</summary>
    [Fact]
    public void What_is_told_to_be_written_is_what_has_changed()
    {
        var random = new Random(20261130);
        for (var round = 0; round < 500; round++)
        {
            var state = State(3);
            var other = InfoHash.From([.. Enumerable.Repeat((byte)1, 20)]);
            state.Torrents[s_torrent] = new(random.Next(500, 3000), 400, 2);
            var sessions = Enumerable.Range(0, 4).Select(i => new TestSession(i % 3, (i + 1) % 3, i % 2 == 0 ? s_torrent : other)).ToArray();
            var credited = 0L;
            var crediting = new Crediting(state, Rules);
            for (var entry = 0; entry < 8; entry++)
            {
                if (random.Next(3) == 0)
                    credited += crediting.Spend(Receipt(random.Next(2), 2, (uint)random.Next(3))) == LedgerOutcome.Credited ? crediting.Spent[^1].Bytes : 0;
                else
                    credited += crediting.Credit(sessions[random.Next(4)].Voucher(random.Next(1, 1500))).Credited;
            }

            Assert.Equal(state.Debits.Keys.ToHashSet(), crediting.Debited);
            Assert.Equal(credited, crediting.Credited.Receipts + crediting.Credited.Vouchers);
            Assert.Equal(crediting.Spent.Sum(spent => spent.Bytes), crediting.Credited.Receipts);
            foreach (var (id, member) in state.Members)
            {
                var moved = crediting.Moved.Where(one => one.Key.Member == id).Select(one => one.Value).ToArray();
                Assert.Equal((member.Uploaded, member.Downloaded), (moved.Sum(one => one.Up), moved.Sum(one => one.Down)));
                Assert.True(moved.Length == 0 || member.Changed);
            }

            Assert.All(state.Debits, debit => Assert.Equal(crediting.Moved[(debit.Key.Receiver, debit.Key.Torrent)].Down, debit.Value));
            Assert.Equal(state.Sessions.Keys.ToHashSet(), crediting.Raised.Keys.ToHashSet());
            Assert.All(crediting.Raised, raised => Assert.Equal((state.Sessions[raised.Key].Bytes, state.Sessions[raised.Key].Credited, raised.Value.Bytes), (raised.Value.Bytes, raised.Value.Credited, raised.Value.Newest!.Voucher.Bytes)));
        }
    }

    [Fact]
    public void A_receipt_is_worth_its_piece_or_what_the_operator_says_never_what_its_reporter_says()
    {
        var state = State(2);
        _tracker.MinRatio = 0;
        state.Torrents[s_torrent] = new(1000, 256, 4);
        Assert.Equal([LedgerOutcome.Credited, LedgerOutcome.Credited, LedgerOutcome.NoSuchPiece], new uint[] { 0, 3, 4 }.Select(index => new Crediting(state, Rules).Spend(Receipt(0, 1, index, claimed: 1 << 20))));
        Assert.Equal(256 + 232, state.Members[0].Uploaded);
        state.Torrents.Clear();
        _receipts.Unregistered = ReceiptsOptions.Refuse;
        Assert.Equal(LedgerOutcome.Unregistered, new Crediting(state, Rules).Spend(Receipt(0, 1, 0)));
        _receipts.Unregistered = ReceiptsOptions.Fixed;
        Assert.Equal(LedgerOutcome.Credited, new Crediting(state, Rules).Spend(Receipt(0, 1, 0, claimed: 1 << 20)));
        Assert.Equal(256 + 232 + 16384, state.Members[0].Uploaded);
        _receipts.Unregistered = ReceiptsOptions.Claimed;
        Assert.Equal(LedgerOutcome.Credited, new Crediting(state, Rules).Spend(Receipt(0, 1, 1, claimed: 7)));
        Assert.Equal(256 + 232 + 16384 + 7, state.Members[0].Uploaded);
    }

    [Fact]
    public void Times_rates_and_a_changed_beginning_are_refused()
    {
        _receipts.MaxRate = 10;
        var state = State(2);
        var session = new TestSession(0, 1);
        Assert.Equal(
            [VoucherStatus.TooFast, VoucherStatus.Accepted, VoucherStatus.Malformed, VoucherStatus.Future, VoucherStatus.Expired],
            new[]
            {
                session.Voucher(611, opened: Now - 1), session.Voucher(610, opened: Now - 1), session.Voucher(620, opened: Now - 2), session.Voucher(700, opened: Now - 1, signedAt: Now + 121),
                session.Voucher(5, opened: 5, signedAt: Now - (30 * 86400) - 1),
            }.Select(voucher => new Crediting(state, Rules).Credit(voucher).Status));
    }

    [Fact]
    public void A_receiver_is_debited_no_more_in_any_hour_than_the_highest_rate_allows()
    {
        _receipts.MaxRate = 1;
        _tracker.MinRatio = 0;
        var state = State(2);
        Assert.Equal(3600, Enumerable.Range(0, 10).Sum(_ => new Crediting(state, Rules).Credit(new TestSession(0, 1).Voucher(1000, opened: Now - 10_000)).Credited));
        // The next one may be less than an hour later.
        var later = State(2, Now + 3600 - 1);
        later.Members[1] = state.Members[1];
        Assert.Equal(0, Enumerable.Range(0, 10).Sum(_ => new Crediting(later, Rules).Credit(new TestSession(0, 1).Voucher(1000, opened: Now - 10_000)).Credited));
        later = State(2, Now + 7200);
        later.Members[1] = state.Members[1];
        Assert.Equal(3600, Enumerable.Range(0, 10).Sum(_ => new Crediting(later, Rules).Credit(new TestSession(0, 1).Voucher(1000, opened: Now - 10_000)).Credited));
    }

    [Fact]
    public void A_receiver_begins_a_thousand_sessions_and_another_for_every_quarter_of_a_mebibyte()
    {
        _tracker.MinRatio = 0;
        var state = State(2);
        var outcomes = Enumerable.Range(0, 1100).Select(_ => new Crediting(state, Rules).Credit(new TestSession(0, 1).Voucher(1))).ToArray();
        Assert.All(outcomes[..1000], outcome => Assert.Equal(VoucherStatus.Accepted, outcome.Status));
        Assert.All(outcomes[1000..], outcome => Assert.Equal(new VoucherOutcome(VoucherStatus.Partial, Reason: VoucherReason.ReceiverLimit), outcome));
        Assert.Equal((1000, 1000L), (state.Sessions.Count, state.Members[1].Sessions));
        var beyond = new Crediting(state, Rules);
        beyond.Credit(new TestSession(0, 1).Voucher(7));
        Assert.Equal(new Dictionary<string, long> { [VoucherReason.ReceiverLimit] = 7 }, beyond.Withheld);
        // What there is rises all the same, and is worth more of them; who only sends is not bounded.
        var known = new TestSession(0, 1);
        state.Sessions[known.Voucher(1).Id] = new(1, 1, known.Opened, Now);
        Assert.Equal(VoucherStatus.Accepted, new Crediting(state, Rules).Credit(known.Voucher(3 << 18)).Status);
        Assert.Equal(3, Enumerable.Range(0, 10).Count(_ => new Crediting(state, Rules).Credit(new TestSession(0, 1).Voucher(1)).Status == VoucherStatus.Accepted));
        Assert.Equal(VoucherStatus.Accepted, new Crediting(state, Rules).Credit(new TestSession(1, 0).Voucher(1)).Status);
    }

    /// <summary>
    /// Members with no trust who sign whatever they like for each other and for others: no set of them takes more from the rest
    /// than it gave, but for the initial credit and the slack of each, and what is believed that they gave elsewhere.
    /// </summary>
    [Fact]
    public void No_set_of_untrusted_accounts_takes_more_than_it_gave_and_a_fixed_sum_each()
    {
        var random = new Random(20261128);
        for (var world = 0; world < 300; world++)
        {
            const int count = 6;
            _tracker.MinRatio = (double[])[0.1, 0.5, 1, 2] is var ratios ? ratios[random.Next(4)] : 0;
            var state = State(count);
            if (world % 2 == 1)
            {
                foreach (var member in state.Members.Keys.Where(_ => random.Next(2) == 0))
                    state.Members[member] = new() { Uploaded = 0, Downloaded = 0, Origin = MembersOptions.Open, BelievedUploaded = random.Next(20_000), BelievedDownloaded = random.Next(20_000) };
            }

            var sessions = new List<TestSession>();
            var highest = new Dictionary<VoucherId, long>();
            for (var step = 0; step < 200; step++)
            {
                // Two of them pump in turn; the rest is random.
                var (sender, receiver) = random.Next(2) == 0 ? (step % 2, 1 - (step % 2)) : (random.Next(count), random.Next(count));
                if (sender == receiver)
                    continue;
                if (sessions.Find(one => one.Sender == sender && one.Receiver == receiver) is not { } session || random.Next(4) == 0)
                    sessions.Add(session = new(sender, receiver));
                var voucher = session.Voucher(random.Next(1, 5000) * (1 + step));
                var outcome = new Crediting(state, Rules).Credit(voucher);
                highest[voucher.Id] = Math.Max(highest.GetValueOrDefault(voucher.Id), voucher.Voucher.Bytes);
                Assert.InRange(outcome.Total, outcome.Credited, highest[voucher.Id]);
            }

            Assert.Equal(state.Members.Values.Sum(member => member.Uploaded), state.Members.Values.Sum(member => member.Downloaded));
            Assert.Equal(state.Members.Values.Sum(member => member.Uploaded), state.Sessions.Values.Sum(session => session.Credited));
            Assert.All(highest, one => Assert.Equal(one.Value, state.Sessions[one.Key].Bytes));
            Assert.All(state.Members.Values, member => Assert.InRange(
                member.Downloaded, 0, Math.Max(0, CreditLimit.Of(member.Uploaded + member.BelievedUploaded, 0, _tracker.MinRatio, Initial) + Slack - member.BelievedDownloaded)));
            for (var set = 1; set < 1 << count; set++)
            {
                var members = Enumerable.Range(0, count).Where(i => (set >> i & 1) == 1).Select(i => state.Members[i]).ToArray();
                Assert.True(members.Sum(member => member.Downloaded - member.Uploaded) <= (members.Length * (Initial + Slack)) + members.Sum(member => member.BelievedUploaded), $"world {world}, set {set:b}");
            }
        }
    }

    /// <summary>Receipts and vouchers of random members, torrents, rates and times, repeated and out of order.</summary>
    [Fact]
    public void Whatever_is_reported_the_sums_agree_and_no_limit_is_passed()
    {
        var random = new Random(20261129);
        for (var world = 0; world < 200; world++)
        {
            const int count = 5;
            _tracker.MinRatio = random.Next(5) == 0 ? 0 : 0.5;
            _receipts.MaxRate = random.Next(1, 200);
            _receipts.Unregistered = random.Next(2) == 0 ? ReceiptsOptions.Claimed : ReceiptsOptions.Refuse;
            var torrents = Enumerable.Range(1, 4).Select(i => InfoHash.From([.. Enumerable.Repeat((byte)i, 20)])).ToArray();
            var registered = torrents.Take(3).ToDictionary(hash => hash, _ => new RegisteredTorrent(random.Next(500, 5000), 400, random.Next(3) == 0 ? 0 : 2));
            var members = Enumerable.Range(0, count).ToDictionary(i => (long)i, _ => new Account { Uploaded = 0, Downloaded = 0, Origin = MembersOptions.Open, Trust = random.Next(3) / 2.0 });
            var (sessions, said, receipts) = (new List<TestSession>(), new List<VoucherEntry>(), new List<LedgerEntry>());
            var (state, worth) = (State(members, registered, Now), 0L);
            var debits = new List<(long At, long Receiver, long Bytes)>();
            for (var now = Now; now < Now + 20_000; now += random.Next(1, 400))
            {
                state = State(members, registered, now, state);
                var crediting = new Crediting(state, Rules);
                for (var entry = random.Next(1, 6); entry > 0; entry--)
                {
                    if (random.Next(4) == 0)
                    {
                        var (from, to) = (random.Next(count), random.Next(count));
                        var receipt = receipts.Count > 0 && (from == to || random.Next(3) == 0) ? receipts[random.Next(receipts.Count)]
                            : new LedgerEntry(now / 3600, ReceiptId.From(RandomNumberGenerator.GetBytes(32)), from, (to + (from == to ? 1 : 0)) % count, torrents[random.Next(4)], (uint)random.Next(3), random.Next(500));
                        receipts.Add(receipt);
                        var before = crediting.Spent.Count;
                        Assert.Equal(crediting.Spend(receipt) == LedgerOutcome.Credited, crediting.Spent.Count > before);
                        if (crediting.Spent.Count > before)
                            Count(receipt.Receiver!.Value, crediting.Spent[^1].Bytes, isReceipt: true);
                        continue;
                    }

                    if (sessions.Count == 0 || random.Next(5) == 0)
                    {
                        var sender = random.Next(count);
                        sessions.Add(new TestSession(sender, (sender + 1 + random.Next(count - 1)) % count, torrents[random.Next(4)], now - random.Next(200)));
                    }

                    var session = sessions[random.Next(sessions.Count)];
                    var voucher = said.Count > 0 && random.Next(4) == 0 ? said[random.Next(said.Count)] : session.Voucher(random.Next(1, 3000), session.Opened, now);
                    said.Add(voucher);
                    Count(voucher.Receiver, crediting.Credit(voucher).Credited, isReceipt: false);
                }

                void Count(long receiver, long bytes, bool isReceipt)
                {
                    debits.Add((now, receiver, bytes));
                    worth += isReceipt ? bytes : 0;
                }
            }

            var (up, down) = (members.Values.Sum(member => member.Uploaded), members.Values.Sum(member => member.Downloaded));
            Assert.Equal((up, up), (down, state.Sessions.Values.Sum(session => session.Credited) + worth));
            Assert.All(state.Sessions, session => Assert.InRange(session.Value.Credited, 0, said.Where(voucher => voucher.Id == session.Key).Max(voucher => voucher.Voucher.Bytes)));
            Assert.All(members.Values, member => Assert.True(member.Downloaded <= CreditLimit.Add(CreditLimit.Of(member.Uploaded, member.Trust!.Value, _tracker.MinRatio, Initial), Slack)));
            Assert.All(state.Debits, debit => Assert.InRange(debit.Value, 0, 2 * registered[debit.Key.Torrent].Bytes));
            foreach (var (at, receiver, _) in debits)
                Assert.True(debits.Where(debit => debit.Receiver == receiver && debit.At > at - 3600 && debit.At <= at).Sum(debit => debit.Bytes) <= 3600 * _receipts.MaxRate);
        }
    }

    private static LedgerState State(Dictionary<long, Account> members, Dictionary<InfoHash, RegisteredTorrent> torrents, long now, LedgerState? before = null)
    {
        var state = new LedgerState { Now = now, Epochs = (0, long.MaxValue), Members = members };
        foreach (var (hash, torrent) in torrents)
            state.Torrents[hash] = torrent;
        state.Spent.UnionWith(before?.Spent ?? []);
        foreach (var (id, session) in before?.Sessions ?? [])
            state.Sessions[id] = session;
        foreach (var (key, debit) in before?.Debits ?? [])
            state.Debits[key] = debit;
        return state;
    }

    private static LedgerState State(int members, long now = Now) => new()
    {
        Now = now, Epochs = (0, long.MaxValue), Members = Enumerable.Range(0, members).ToDictionary(i => (long)i, _ => new Account { Uploaded = 0, Downloaded = 0, Origin = MembersOptions.Open }),
    };

    private static LedgerEntry Receipt(long sender, long receiver, uint index, long claimed = 100) =>
        new(Now / 3600, ReceiptId.From(RandomNumberGenerator.GetBytes(32)), sender, receiver, s_torrent, index, claimed);

    private sealed class TestSession(long sender, long receiver, InfoHash? torrent = null, long opened = Now - 100)
    {
        private readonly SessionId _session = SessionId.From(RandomNumberGenerator.GetBytes(SessionId.Length));

        public long Sender { get; } = sender;

        public long Receiver { get; } = receiver;

        public long Opened { get; } = opened;

        public VoucherEntry Voucher(long bytes, long opened = Now - 100, long signedAt = Now)
        {
            var voucher = new Voucher
            {
                Instance = default, InfoHash = torrent ?? s_torrent, Sender = default, Receiver = default, Session = _session, Bytes = bytes, Opened = opened, SignedAt = signedAt,
            };
            return new(voucher.Id, voucher, Sender, Receiver);
        }
    }
}
