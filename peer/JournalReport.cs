using Pbts.Peer.Exchange;
using Pbts.Peer.Tracker;
using Pbts.Protocol.Bep10;
using Pbts.Protocol.Vouchers;

namespace Pbts.Peer;

/// <summary>What came of reporting what peers have earned and could not report while they ran.</summary>
public sealed record JournalReport
{
    /// <summary>Whether the tracker processed all of it; what it did not stays and can be sent again.</summary>
    public bool IsProcessed { get; private set; } = true;

    /// <summary>Whether what was not processed is because the tracker was not reached.</summary>
    public bool IsUnreachable { get; private set; }

    /// <summary>Receipts credited.</summary>
    public int ReceiptsCredited { get; private set; }

    /// <summary>Receipts refused for good.</summary>
    public int ReceiptsRefused { get; private set; }

    /// <summary>Receipts that stay in the journals.</summary>
    public int ReceiptsWaiting { get; private set; }

    /// <summary>Bytes of vouchers credited.</summary>
    public long VoucherBytesCredited { get; private set; }

    /// <summary>Vouchers refused for good.</summary>
    public int VouchersRefused { get; private set; }

    /// <summary>Sessions whose newest voucher stays in the journals.</summary>
    public int VouchersWaiting { get; private set; }

    /// <summary>Reports the journals of a state folder.</summary>
    /// <param name="tracker">The tracker, as the <see cref="TrackerClient.Member"/> whose journals they are.</param>
    /// <param name="stateFolder">The <see cref="PeerOptions.StateFolder"/> of the peers; one that is not there has no journals.</param>
    /// <param name="log">Told what is refused or deferred, a line each.</param>
    /// <param name="cancellationToken">Ends it; what was not sent stays.</param>
    /// <exception cref="IOException">A journal cannot be used, perhaps because a peer is running with it.</exception>
    /// <exception cref="InvalidOperationException">The client is nobody's.</exception>
    public static async Task<JournalReport> SendAsync(TrackerClient tracker, string stateFolder, Action<string> log, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(tracker);
        var report = new JournalReport();
        var trackers = TrackerSet.Of(tracker);
        var (away, last) = (false, (ApiResult?)null);
        foreach (var journal in Files("*.earned"))
        {
            using var pending = new PendingReceipts(journal);
            var reporter = new ReceiptReporter(pending, async (receipts, cancelled) => last = await tracker.ReportAsync(receipts, cancelled).ConfigureAwait(false), (_, _) => { }, log, TimeProvider.System);
            report.IsProcessed &= await reporter.ReportAsync(cancellationToken).ConfigureAwait(false);
            report.ReceiptsCredited += reporter.Accepted;
            report.ReceiptsRefused += reporter.Refused;
            report.ReceiptsWaiting += pending.Count;
        }

        foreach (var journal in Files("*.vouchers"))
        {
            using var earned = new EarnedVouchers(journal);
            var reporter = new VoucherReporter(earned, async (vouchers, cancelled) =>
            {
                last = await trackers.ReportVouchersAsync(vouchers, cancelled).ConfigureAwait(false);
                away |= last.IsUnreachable;
                return last;
            }, (_, _) => { }, log, TimeProvider.System);
            report.IsProcessed &= await reporter.ReportAsync(cancellationToken).ConfigureAwait(false);
            report.VoucherBytesCredited += reporter.Credited;
            report.VouchersRefused += reporter.Refused;
            report.VouchersWaiting += earned.Waiting;
        }

        report.IsUnreachable = !report.IsProcessed && (away || last is { IsUnreachable: true });
        return report;

        string[] Files(string pattern) => Directory.Exists(stateFolder) ? Directory.GetFiles(stateFolder, pattern) : [];
    }
}
