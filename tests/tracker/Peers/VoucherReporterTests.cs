using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using Pbts.Peer;
using Pbts.Peer.Exchange;
using Pbts.Protocol.Receipts;
using Pbts.Protocol.Vouchers;

namespace Pbts.Tracker.Tests.Peers;

/// <summary>What becomes of vouchers the tracker does not credit at once, and of those who signed them.</summary>
public sealed class VoucherReporterTests : IDisposable
{
    private readonly EarnedVouchers _earned = new();
    private readonly FakeTimeProvider _clock = new(DateTimeOffset.UtcNow);
    private readonly List<string> _log = [];
    private readonly List<bool> _trusted = [];
    private readonly List<int> _reported = [];

    public void Dispose() => _earned.Dispose();

    [Theory]
    [InlineData("partial", true)]
    [InlineData("unknown_receiver", true)]
    [InlineData("unproven", true)]
    [InlineData("busy", false)]
    [InlineData("future", false)]
    [InlineData("still_to_be_looked_at", false)]
    [InlineData("", false)]
    public async Task What_is_not_decided_is_kept_and_reported_again_less_and_less_often(string status, bool distrusts)
    {
        _earned.Keep([VoucherOf(0), VoucherOf(1)]);
        var answers = new Queue<string[]>([["accepted", status], [status], [status], ["accepted"]]);
        var reporter = Reporter(_ => answers.Dequeue());
        foreach (var (wait, expected) in new[] { (0, 1), (9, 1), (1, 2), (19, 2), (1, 3), (39, 3), (1, 4), (3600, 4) })
        {
            _clock.Advance(TimeSpan.FromSeconds(wait));
            Assert.True(await reporter.ReportAsync(default));
            Assert.Equal(expected, _reported.Count);
            Assert.Equal(expected == 4 ? 0 : 1, _earned.Waiting);
        }

        Assert.Equal([2, 1, 1, 1], _reported);
        Assert.Equal(0, reporter.Refused);
        Assert.Equal(distrusts ? [false, true] : [], _trusted);
        Assert.Single(_log);
    }

    [Fact]
    public async Task More_than_a_report_takes_go_in_several_at_once()
    {
        _earned.Keep([.. Enumerable.Range(0, 2 * ReceiptReporter.MaxReport + 1).Select(VoucherOf)]);
        Assert.True(await Reporter(batch => [.. batch.Select(_ => "accepted")]).ReportAsync(default));
        Assert.Equal([ReceiptReporter.MaxReport, ReceiptReporter.MaxReport, 1], _reported);
        Assert.Equal(0, _earned.Waiting);
    }

    [Fact]
    public async Task What_is_refused_for_good_is_not_reported_again()
    {
        _earned.Keep([VoucherOf(0)]);
        var reporter = Reporter(_ => ["expired"]);
        Assert.True(await reporter.ReportAsync(default));
        _clock.Advance(TimeSpan.FromHours(2));
        Assert.True(await reporter.ReportAsync(default));
        Assert.Equal([1], _reported);
        Assert.Equal(1, reporter.Refused);
    }

    [Fact]
    public void What_has_gone_is_not_remembered_for_ever()
    {
        var deferrals = new Deferrals<int>(_clock);
        for (var id = 0; id < 1000; id++)
        {
            deferrals.Trim(waiting: 5);
            Assert.True(deferrals.Defer(id));
        }

        Assert.InRange(deferrals.Count, 1, 11);
    }

    private VoucherReporter Reporter(Func<IReadOnlyCollection<Voucher>, string[]> answer) => new(_earned, (batch, _) =>
    {
        _reported.Add(batch.Count);
        var results = answer(batch).Select((status, i) => status.Length > 0 ? (object)new { index = i, status } : new { index = i });
        return Task.FromResult(new ApiResult(200, JsonSerializer.SerializeToElement(new { success = true, voucher_results = results }), null));
    }, (_, isTrusted) => _trusted.Add(isTrusted), _log.Add, _clock);

    /// <summary>Of a receiver of its own; the reporter checks no signature.</summary>
    private static Voucher VoucherOf(int receiver)
    {
        var key = new byte[MemberKey.Length];
        BitConverter.TryWriteBytes(key, receiver + 1);
        var session = new byte[SessionId.Length];
        BitConverter.TryWriteBytes(session, receiver + 1);
        return new Voucher { Instance = default, InfoHash = default, Sender = default, Receiver = MemberKey.From(key), Session = SessionId.From(session), Bytes = 1000, Opened = 1, SignedAt = 2 };
    }
}
