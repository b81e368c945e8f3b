using System.Globalization;
using System.Text.Json;
using Pbts.Load;

namespace Pbts.Tracker.Tests.Chaos;

/// <summary>What a run of chaos did to clients, as text and as JSON.</summary>
internal sealed class ChaosReport(IReadOnlyList<RequestTally> tallies)
{
    private readonly List<Event> _events = [];

    private sealed record Event(double At, string What, bool Kill, double TookSeconds, double? AnnouncesAfter, double? ReportsAfter, int FailedRequests);

    public int Sent => tallies.Sum(tally => tally.Sent);

    public int Failed => tallies.Sum(tally => tally.Failed);

    public double FailedShare => (double)Failed / Math.Max(1, Sent);

    public int Receipts { get; set; }

    public int WrongTotals { get; set; }

    /// <summary>Receipts that were acknowledged and are not credited: missing in the ledger, or in a member's total.</summary>
    public long Lost { get; set; }

    /// <summary>Receipts credited beyond those that were acknowledged: twice in the ledger, or too much in a member's total.</summary>
    public long Doubled { get; set; }

    public long LedgerBytes { get; set; }

    private int Kills => _events.Count(item => item.Kill);

    private double? AnnouncesAfterKill => _events.Where(item => item.Kill).Max(item => item.AnnouncesAfter);

    private double? ReportsAfterKill => _events.Where(item => item.Kill).Max(item => item.ReportsAfter);

    /// <param name="kill">Whether a silo was killed.</param>
    /// <param name="announces">Seconds until the last slow or failed announce had ended; null when there was none.</param>
    public void Add(TimeSpan at, string what, bool kill, TimeSpan took, TimeSpan? announces, TimeSpan? reports, int failed) =>
        _events.Add(new(at.TotalSeconds, what, kill, took.TotalSeconds, announces?.TotalSeconds, reports?.TotalSeconds, failed));

    public IEnumerable<string> Lines()
    {
        yield return "at     disturbance                                  took   announces well after  reports well after  failed";
        foreach (var item in _events)
        {
            yield return string.Create(CultureInfo.InvariantCulture,
                $"{TimeSpan.FromSeconds(item.At):mm\\:ss}  {item.What,-42} {item.TookSeconds,5:F1} s  {After(item.AnnouncesAfter),19}  {After(item.ReportsAfter),18}  {item.FailedRequests,6}");
        }

        yield return "(well: no request of that kind fails or takes over a second any more; counted from the beginning of the disturbance; \"-\": nobody noticed)";
        yield return $"recovery after each of the {Kills} kills of a silo: announces within {After(AnnouncesAfterKill)}, reports within {After(ReportsAfterKill)}";
        yield return "";
        yield return "requests      sent  failed    share  over 10 s   p50 ms   p99 ms  slowest s  failures";
        foreach (var tally in tallies)
        {
            yield return string.Create(CultureInfo.InvariantCulture,
                $"{tally.Kind,-10} {tally.Sent,7} {tally.Failed,7} {(double)tally.Failed / Math.Max(1, tally.Sent),8:P3} {tally.Late,10} {tally.Quantile(0.5),8:F1} {tally.Quantile(0.99),8:F1} {tally.Slowest.TotalSeconds,10:F1}  {string.Join(", ", tally.Failures.Select(pair => $"{pair.Value} x {pair.Key}"))}");
        }

        yield return string.Create(CultureInfo.InvariantCulture, $"all        {Sent,7} {Failed,7} {FailedShare,8:P3}");
        yield return "(failed: what a client sees behind the proxy, whose one retry elsewhere is part of the service: no connection, one that ends early, no answer";
        yield return " in 30 s, HTTP 5xx or 429, a failure, or \"come back later\"; of reports every attempt counts, though peers simply make it again)";
        yield return string.Create(CultureInfo.InvariantCulture,
            $"receipts acknowledged: {Receipts}; of them lost: {Lost}; credited beyond them: {Doubled}; bytes in the ledger: {LedgerBytes}; members with wrong totals: {WrongTotals}");

        static string After(double? seconds) => seconds is { } value ? string.Create(CultureInfo.InvariantCulture, $"{value:F1} s") : "-";
    }

    public string ToJson() => JsonSerializer.Serialize(
        new
        {
            sent = Sent, failed = Failed, failed_share = FailedShare, receipts_acknowledged = Receipts, receipts_lost = Lost, receipts_doubled = Doubled, ledger_bytes = LedgerBytes, wrong_totals = WrongTotals,
            kills = Kills, announces_well_after_kill_s = AnnouncesAfterKill, reports_well_after_kill_s = ReportsAfterKill,
            requests = tallies.Select(tally => new
            {
                kind = tally.Kind, sent = tally.Sent, failed = tally.Failed, over_10_s = tally.Late, p50_ms = tally.Quantile(0.5), p99_ms = tally.Quantile(0.99),
                slowest_s = tally.Slowest.TotalSeconds, failures = tally.Failures,
            }),
            disturbances = _events.Select(item => new
            {
                at_s = item.At, what = item.What, took_s = item.TookSeconds, announces_well_after_s = item.AnnouncesAfter, reports_well_after_s = item.ReportsAfter,
                failed_requests = item.FailedRequests,
            }),
        },
        new JsonSerializerOptions { WriteIndented = true, NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.AllowNamedFloatingPointLiterals });
}
