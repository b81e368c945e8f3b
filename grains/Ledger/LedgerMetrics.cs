using System.Diagnostics.Metrics;
using Pbts.GrainInterfaces.Ledger;
using Pbts.GrainInterfaces.Operations;
using Pbts.Protocol.Receipts;

namespace Pbts.Grains.Ledger;

/// <summary>Counts receipts and times the ledger on this silo.</summary>
internal sealed class LedgerMetrics
{
    private readonly TaggedCounter _receipts;
    private readonly TaggedCounter _reports;
    private readonly Histogram<double> _commit;
    private readonly Histogram<long> _batch;

    public LedgerMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(Telemetry.Name);
        _receipts = new(meter, "pbts.receipts", "{receipt}", "Reported receipts by what became of them.",
            Enum.GetValues<ReceiptStatus>().Select(status => Tag("outcome", status.ToWire())));
        _reports = new(meter, "pbts.reports", "{report}", "Reports by verdict.",
            Enum.GetNames<ReportVerdict>().Select(verdict => Tag("outcome", verdict.ToLowerInvariant())));
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
    }

    public void Committed(TimeSpan duration, int receipts)
    {
        _commit.Record(duration.TotalSeconds);
        _batch.Record(receipts);
    }

    private static KeyValuePair<string, object?>[] Tag(string name, string value) => [new(name, value)];
}
