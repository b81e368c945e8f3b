using Pbts.Protocol.Receipts;
using Pbts.Protocol.Vouchers;

namespace Pbts.Protocol.Tests.Vouchers;

/// <summary>What sender and receiver keep, over restarts and ends at any byte.</summary>
public sealed class VoucherStoreTests : IDisposable
{
    private const int PieceLength = 1 << 18;
    private const long Mebibyte = 1 << 20;

    private static readonly InstanceId s_instance = InstanceId.From(Filled(32, 1));
    private static readonly InfoHash s_torrent = InfoHash.From(Filled(20, 2));
    private static readonly MemberKey s_receiver = MemberKey.From(Filled(48, 3));
    private static readonly MemberKey s_sender = MemberKey.From(Filled(48, 4));

    private readonly string _folder = Directory.CreateTempSubdirectory("vouchers").FullName;
    private readonly Clock _clock = new();

    private string Earned => Path.Combine(_folder, "earned");

    private string Sessions => Path.Combine(_folder, "sessions");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_voucher_is_due_after_a_quarter_of_what_is_signed_within_bounds_or_five_seconds()
    {
        using var sessions = Open();
        Assert.False(sessions.IsDue(s_sender));
        Receive(sessions, Mebibyte - 1);
        Assert.False(sessions.IsDue(s_sender));
        Receive(sessions, 1);
        Assert.True(sessions.IsDue(s_sender));
        Assert.Equal(Mebibyte, Sign(sessions)!.Bytes);
        Assert.False(sessions.IsDue(s_sender));
        Receive(sessions, 1);
        _clock.Advance(TimeSpan.FromSeconds(4.9));
        Assert.False(sessions.IsDue(s_sender));
        _clock.Advance(TimeSpan.FromSeconds(0.1));
        Assert.True(sessions.IsDue(s_sender));
        Assert.Equal(
            [Mebibyte, Mebibyte, 2 * Mebibyte, 16 * Mebibyte, 16 * Mebibyte],
            new[] { 0, 4 * Mebibyte, 8 * Mebibyte, 64 * Mebibyte, 1 << 30 }.Select(signed => VoucherPolicy.Step(signed, PieceLength)));
        Assert.Equal(4 * Mebibyte, VoucherPolicy.Step(0, 4 << 20));
        Assert.Equal(
            [2 * Mebibyte, 3 * Mebibyte, 66 * Mebibyte, 66 * Mebibyte], new[] { 0, Mebibyte, 64 * Mebibyte, 1 << 30 }.Select(signed => VoucherPolicy.Credit(signed, PieceLength)));
    }

    [Fact]
    public void A_receiver_goes_on_with_its_session_after_a_restart_and_bytes_never_fall()
    {
        Voucher first;
        using (var sessions = Open())
        {
            Receive(sessions, 5000);
            first = Sign(sessions)!;
            Receive(sessions, 700);
        }

        _clock.Advance(TimeSpan.FromSeconds(60));
        using var again = Open();
        Assert.Equal([s_sender], again.Owed);
        Assert.True(again.IsDue(s_sender));
        var second = Sign(again)!;
        Assert.Equal((first.Id, first.Opened, 5700L, first.SignedAt + 60), (second.Id, second.Opened, second.Bytes, second.SignedAt));
        Assert.Equal(second, Sign(again));
        // An old one would not be taken: the same bytes are signed anew.
        _clock.Advance(TimeSpan.FromMinutes(5));
        var renewed = Sign(again)!;
        Assert.Equal(second with { SignedAt = second.SignedAt + 300, Signature = renewed.Signature }, renewed);
        Assert.True(again.Acknowledge(s_sender, new(second.Session, 5000)));
        Assert.Equal([s_sender], again.Owed);
        Assert.True(again.Acknowledge(s_sender, new(second.Session, 5700)));
        Assert.Empty(again.Owed);
        Assert.False(again.Acknowledge(s_sender, new(second.Session, 5701)));
        Assert.False(again.Acknowledge(s_sender, new(SessionId.From(new byte[16]), 1)));
    }

    [Fact]
    public void Wherever_the_files_end_nothing_complete_before_is_lost_and_nothing_is_made_up()
    {
        using (var sessions = Open())
        {
            for (var i = 0; i < 4; i++)
            {
                Receive(sessions, 1000);
                Sign(sessions);
            }
        }

        using (var earned = new EarnedVouchers(Earned))
        {
            foreach (var bytes in new[] { 1000, 2000, 3000 })
                earned.Keep([Voucher(bytes)]);
            earned.Settle([(Voucher(1).Id, 2000)]);
        }

        var (whole, wholeEarned) = (File.ReadAllBytes(Sessions), File.ReadAllBytes(Earned));
        for (var length = 0; length <= whole.Length; length += 13)
        {
            File.WriteAllBytes(Sessions, whole[..length]);
            using var sessions = Open();
            // Two records a round: received, signed.
            var records = length / 216;
            Assert.Equal(records / 2 * 1000, sessions.SignedBytes);
            Assert.Equal(records == 0 ? null : ((records + 1) / 2 * 1000L), Sign(sessions)?.Bytes);
        }

        for (var length = 0; length <= wholeEarned.Length; length += 7)
        {
            File.WriteAllBytes(Earned, wholeEarned[..length]);
            using var earned = new EarnedVouchers(Earned);
            Assert.Equal(Math.Min(3, length / 320) * 1000, earned.Bytes);
            Assert.Equal(length < 320 ? 0 : 1, earned.Waiting);
        }
    }

    [Fact]
    public void A_sender_keeps_the_newest_of_each_session_until_it_is_settled()
    {
        using (var earned = new EarnedVouchers(Earned))
        {
            Assert.True(earned.Wants(Voucher(10)));
            earned.Keep([Voucher(10), Voucher(30), Voucher(20)]);
            Assert.Equal([30], earned.Peek().Select(voucher => voucher.Bytes));
            Assert.False(earned.Wants(Voucher(30)));
            Assert.False(earned.Wants(Voucher(40) with { Opened = 1 }));
            earned.Settle([(Voucher(1).Id, 30)]);
            Assert.Equal((0, 30), (earned.Waiting, earned.BytesOf(Voucher(1).Id)));
        }

        using (var earned = new EarnedVouchers(Earned))
        {
            // The settled one is remembered: a lower one that comes late is known.
            Assert.False(earned.Wants(Voucher(25)));
            Assert.True(earned.Wants(Voucher(35)));
            // Its receiver begins a new session: the old one is over.
            earned.Keep([Voucher(5, session: 9)]);
            Assert.Equal(0, earned.BytesOf(Voucher(1).Id));
            earned.Keep([Voucher(5, session: 10)]);
            Assert.False(earned.Wants(Voucher(6, session: 9)));
            Assert.Equal(2, earned.Waiting);
        }
    }

    [Fact]
    public void Two_sessions_in_turn_are_credit_once()
    {
        using (var earned = new EarnedVouchers(Earned))
        {
            earned.Keep([Voucher(1000, session: 9), Voucher(1, session: 10)]);
            earned.Settle([(Voucher(1, session: 9).Id, 1000), (Voucher(1, session: 10).Id, 1)]);
            Assert.Equal(0, earned.BytesOf(Voucher(1, session: 9).Id));
        }

        using var again = new EarnedVouchers(Earned);
        // The tracker has credited it, and would not do so a second time.
        Assert.False(again.Wants(Voucher(1000, session: 9)));
        Assert.False(again.Wants(Voucher(2000, session: 9) with { SignedAt = 1_800_000_500 }));
        Assert.False(again.Wants(Voucher(1000, session: 7)));
        Assert.True(again.Wants(Voucher(1000, session: 11)));
        // One that was wanted when it came, and whose successor was checked first: it is worth credit, so it is kept.
        again.Keep([Voucher(7, session: 13)]);
        again.Keep([Voucher(6, session: 12)]);
        Assert.Equal([7, 6], again.Peek().Select(voucher => voucher.Bytes));
        Assert.False(again.Wants(Voucher(60, session: 12)));
        Assert.True(again.Wants(Voucher(70, session: 13)));
    }

    [Fact]
    public void Files_stay_small_however_long_a_session_is()
    {
        using (var earned = new EarnedVouchers(Earned))
        {
            for (var i = 1; i <= 10_000; i++)
                earned.Keep([Voucher(i)]);
            Assert.Equal(10_000, earned.Bytes);
        }

        using (var sessions = Open())
        {
            for (var i = 0; i < 10_000; i++)
                Receive(sessions, 1);
        }

        Assert.InRange(new FileInfo(Earned).Length, 1, 4200 * 320);
        Assert.InRange(new FileInfo(Sessions).Length, 1, 4200 * 216);
        using var again = Open();
        Assert.Equal(10_000, Sign(again)!.Bytes);
    }

    private static Voucher Voucher(long bytes, byte session = 8) => new()
    {
        Instance = s_instance, InfoHash = s_torrent, Sender = s_sender, Receiver = s_receiver, Session = SessionId.From(Filled(16, session)), Bytes = bytes,
        Opened = 1_800_000_000 + session, SignedAt = 1_800_000_100, Signature = ReceiptSignature.From(Filled(96, (byte)bytes)),
    };

    private static void Receive(DownloadSessions sessions, long bytes) => sessions.Receive([(s_sender, bytes)]);

    private static Voucher? Sign(DownloadSessions sessions) => sessions.Sign(s_sender, message => ReceiptSignature.From(Filled(96, message[187])));

    private static byte[] Filled(int length, byte value) => [.. Enumerable.Repeat(value, length)];

    private DownloadSessions Open() => new(s_instance, s_torrent, s_receiver, PieceLength, Sessions, _clock);

    private sealed class Clock : TimeProvider
    {
        private TimeSpan _passed;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public void Advance(TimeSpan by) => _passed += by;

        public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeSeconds(1_800_000_000) + _passed;

        public override long GetTimestamp() => TimeSpan.FromHours(1).Ticks + _passed.Ticks;
    }
}
