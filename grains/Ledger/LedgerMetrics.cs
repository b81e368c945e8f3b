using System.Diagnostics.Metrics;
using Pbts.GrainInterfaces.Ledger;
using Pbts.Hosting.Metrics;
using Pbts.Protocol.Receipts;
using Pbts.Protocol.Vouchers;

namespace Pbts.Grains.Ledger;

/// <summary>Counts receipts and times the ledger on this silo.</summary>
internal sealed class LedgerMetrics
{
    private readonly TaggedCounter _receipts;
    private readonly TaggedCounter _vouchers;
    private readonly TaggedCounter _reports;
    private readonly TaggedCounter _credited;
    private readonly TaggedCounter _withheld;
    private readonly Histogram<double> _commit;
    private readonly Histogram<long> _batch;

    public LedgerMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(Telemetry.Name);
        _receipts = new(meter, "pbts.receipts", "{receipt}", "Reported receipts by what became of them.",
            Enum.GetValues<ReceiptStatus>().Select(status => Tag("outcome", status.ToWire())));
        _vouchers = new(meter, "pbts.vouchers", "{voucher}", "Reported vouchers by what became of them.",
            Enum.GetValues<VoucherStatus>().Select(status => Tag("outcome", status.ToWire())));
        _reports = new(meter, "pbts.reports", "{report}", "Reports by verdict.",
            Enum.GetNames<ReportVerdict>().Select(verdict => Tag("outcome", verdict.ToLowerInvariant())));
        _credited = new(meter, "pbts.credited", "By", "Bytes credited to senders.", ((string[])["receipt", "voucher"]).Select(kind => Tag("kind", kind)));
        _withheld = new(meter, "pbts.credit.refused", "By", "Bytes that receivers signed for and a limit left without credit, each time they were reported.",
            VoucherReason.All.Select(limit => Tag("limit", limit)));
        _commit = meter.CreateHistogram("pbts.ledger.commit.duration", "s", "Time of one ledger statement, from sending it to its commit.", tags: null,
            new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10] });
        _batch = meter.CreateHistogram("pbts.ledger.commit.receipts", "{receipt}", "Receipts in one ledger statement.", tags: null,
            new InstrumentAdvice<long> { HistogramBucketBoundaries = [1, 3, 10, 30, 100, 300, 1000, 3000, 10000, 32000] });
    }

    /// <summary>Receipts credited by this silo since it started.</summary>
    public long Accepted => _receipts[(int)ReceiptStatus.Accepted];

    /// <summary>Receipts refused by this silo since it started.</summary>
    public long Refused => _receipts.Total - Accepted;

    public void Count(ReportOutcome outcome)
    {
        _reports.Add((int)outcome.Verdict);
        foreach (var status in outcome.Statuses)
            _receipts.Add((int)status);
        foreach (var voucher in outcome.Vouchers)
            _vouchers.Add((int)voucher.Status);
    }

    /// <summary>Counts bytes that were credited, once they are committed.</summary>
    public void Credited(long byReceipts, long byVouchers)
    {
        _credited.Add(0, byReceipts);
        _credited.Add(1, byVouchers);
    }

    /// <summary>Counts what the limits left without credit.</summary>
    public void Withheld(Dictionary<string, long> bytes)
    {
        foreach (var (limit, count) in bytes)
            _withheld.Add(Array.IndexOf(VoucherReason.All, limit), count);
    }

    public void Committed(TimeSpan duration, int receipts)
    {
        _commit.Record(duration.TotalSeconds);
        _batch.Record(receipts);
    }

    private static KeyValuePair<string, object?>[] Tag(string name, string value) => [new(name, value)];
}
