using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;
using Pbts.GrainInterfaces.Ledger;
using Pbts.GrainInterfaces.Operations;
using Pbts.Grains.Database;
using Pbts.Grains.Settings;
using Pbts.Hosting.Configuration;
using Pbts.Hosting.Metrics;
using Pbts.Hosting.Resilience;
using Pbts.Protocol.Receipts;
using Pbts.Protocol.Vouchers;

namespace Pbts.Grains.Ledger;

/// <summary>
/// Takes one member's reports: screens, verifies, spends. Several may be on their way at once: while one is verified or committed
/// the next may come in, and those that wait for the database share a transaction. Whether a receipt is new is decided by the
/// ledger alone, so a second processor on another silo, or a crash at any point, changes no total.
/// </summary>
internal sealed partial class ReportProcessor(
    IReceiptLedger ledger, KeyHolders holders, SettingsStore settings, ReportVerifier verifier, IOptions<ReceiptsOptions> options, DatabaseClock clock,
    LedgerMetrics metrics, ILogger<ReportProcessor> logger)
{
    private const int RememberedIds = 8192;

    private readonly RecentIds _spent = new(RememberedIds);

    private int _slice = ReportVerifier.SmallSlice;

    /// <summary>Processes a report.</summary>
    /// <param name="report">The report, each receipt and voucher with its sender.</param>
    /// <param name="sender">The reporter's key; none of its receipts or vouchers counts while it is not proven.</param>
    /// <returns>What became of it, and the reporter's totals if the ledger was asked.</returns>
    public async Task<(ReportOutcome Outcome, Totals? Totals)> RunAsync(ReceiptReport report, MemberKey sender)
    {
        using var span = Telemetry.Activities.StartActivity("report");
        span?.SetTag("pbts.receipts", report.Receipts.Count);
        span?.SetTag("pbts.vouchers", report.Vouchers.Count);
        var (outcome, totals) = await TryProcessAsync(report, sender);
        span?.SetTag("pbts.verdict", outcome.Verdict);
        metrics.Count(outcome);
        return (outcome, totals);
    }

    private async Task<(ReportOutcome, Totals?)> TryProcessAsync(ReceiptReport report, MemberKey sender)
    {
        try
        {
            return await ProcessAsync(report, sender);
        }
        catch (Exception e) when (Away.IsDatabase(e))
        {
            LogUnavailable(Away.Describe(e));
            return (new(ReportVerdict.Unavailable, [], []), null);
        }
    }

    private async Task<(ReportOutcome, Totals?)> ProcessAsync(ReceiptReport report, MemberKey sender)
    {
        var known = await holders.FindAsync(report.Receipts.SelectMany(receipt => (MemberKey[])[receipt.Receiver, receipt.Sender])
            .Concat(report.Vouchers.SelectMany(voucher => (MemberKey[])[voucher.Receiver, voucher.Sender])).Append(sender));
        var screen = new ReceiptScreen(sender, report.UserId, known, options.Value, (await settings.GetAsync()).ReceiptWindow, (await clock.NowAsync()).ToUnixTimeSeconds());
        var statuses = report.Receipts.Select(screen.Check).ToArray();
        var vouchers = report.Vouchers.Select(voucher => new VoucherOutcome(screen.Check(voucher))).ToArray();
        var read = await MarkSpentAsync(report.Receipts, statuses);
        var verified = await FindVerifiedAsync(report.Vouchers, vouchers);
        read |= vouchers.Any(voucher => voucher.Status == VoucherStatus.Duplicate);

        if (!await VerifyAsync(report, statuses, vouchers, verified, screen))
            return (new(ReportVerdict.Busy, [], []), null);
        var (settled, totals) = await SettleAsync(report, statuses, vouchers, screen, read ? known[sender].Id : null);
        return (settled ? new(ReportVerdict.Processed, statuses, vouchers) : new(ReportVerdict.Unavailable, [], []), totals);
    }

    /// <summary>Marks replays before any signature is looked at: verifying is what costs. True when the database was what knew of one.</summary>
    private async Task<bool> MarkSpentAsync(IReadOnlyList<Receipt> receipts, ReceiptStatus[] statuses)
    {
        var open = Open(statuses).Where(i => !_spent.Contains(receipts[i].Id)).ToArray();
        var spent = open.Length == 0 ? [] : await ledger.FindSpentAsync([.. open.Select(i => ((long)receipts[i].Time.Epoch, receipts[i].Id))]);
        foreach (var i in Open(statuses))
        {
            if (_spent.Contains(receipts[i].Id) || spent.Contains(((long)receipts[i].Time.Epoch, receipts[i].Id)))
                statuses[i] = ReceiptStatus.Duplicate;
        }

        return spent.Count > 0;
    }

    /// <summary>
    /// Vouchers that need no verifying, because all they say has been verified and is on record. Those of sessions that are
    /// credited in full are marked as duplicates.
    /// </summary>
    private async Task<HashSet<int>> FindVerifiedAsync(IReadOnlyList<Voucher> vouchers, VoucherOutcome[] outcomes)
    {
        var open = Open(outcomes);
        if (open.Length == 0)
            return [];
        var sessions = await ledger.FindSessionsAsync([.. open.Select(i => vouchers[i].Id).Distinct()]);
        var verified = new HashSet<int>();
        foreach (var i in open)
        {
            if (!sessions.TryGetValue(vouchers[i].Id, out var session) || session.Bytes < vouchers[i].Bytes)
                continue;
            if (session.Credited == session.Bytes)
                outcomes[i] = new(VoucherStatus.Duplicate, Total: session.Credited);
            else if ((session.Bytes, session.Opened, session.SignedAt) == (vouchers[i].Bytes, vouchers[i].Opened, vouchers[i].SignedAt))
                verified.Add(i);
        }

        return verified;
    }

    /// <summary>False when nothing could be verified.</summary>
    private async Task<bool> VerifyAsync(ReceiptReport report, ReceiptStatus[] statuses, VoucherOutcome[] outcomes, HashSet<int> verified, ReceiptScreen screen)
    {
        var receipts = Open(statuses);
        var vouchers = Open(outcomes).Where(i => !verified.Contains(i)).ToArray();
        SignedStatement[] statements =
        [
            .. vouchers.Select(i => report.Vouchers[i]).Select(voucher => voucher.Statement()),
            .. receipts.Select(i => report.Receipts[i]).Select(receipt => receipt.Statement() with { Alone = screen.HolderOf(receipt.Receiver) is null }),
        ];
        if (statements.Length == 0)
            return true;
        List<bool> valid;
        using (Telemetry.Activities.StartActivity("verify"))
            valid = await verifier.VerifyAsync(statements, _slice);
        // A report of fifty is then one batch; whoever forges in this sender's name makes it three.
        _slice = valid.Contains(false) ? ReportVerifier.SmallSlice : Math.Clamp(valid.Count, _slice, ReportVerifier.KnownSlice);
        for (var i = 0; i < vouchers.Length; i++)
        {
            if (i >= valid.Count || !valid[i])
                outcomes[vouchers[i]] = new(i >= valid.Count ? VoucherStatus.Busy : VoucherStatus.BadSignature);
        }

        for (var i = 0; i < receipts.Length; i++)
        {
            if (vouchers.Length + i >= valid.Count)
                statuses[receipts[i]] = ReceiptStatus.Busy;
            else if (!valid[vouchers.Length + i])
                statuses[receipts[i]] = ReceiptStatus.BadSignature;
        }

        return valid.Count > 0;
    }

    /// <summary>Lets the ledger decide what is still open; false when it could not.</summary>
    /// <param name="confirmed">The reporter, where what was read as a duplicate has to be safe before it is called one.</param>
    private async Task<(bool Settled, Totals? Totals)> SettleAsync(
        ReceiptReport report, ReceiptStatus[] statuses, VoucherOutcome[] vouchers, ReceiptScreen screen, long? confirmed)
    {
        var (open, openVouchers) = (Open(statuses), Open(vouchers));
        // The transaction that settles anything confirms it as well.
        if (open.Length + openVouchers.Length == 0)
            return (confirmed is not { } reporter || await ledger.ConfirmAsync(reporter), null);
        LedgerEntry[] entries = [.. open.Select(i => screen.Entry(report.Receipts[i]))];
        if (await ledger.SettleAsync(entries, [.. openVouchers.Select(i => screen.Entry(report.Vouchers[i]))]) is not { } result)
            return (false, null);
        for (var i = 0; i < open.Length; i++)
        {
            statuses[open[i]] = result.Receipts[i] switch
            {
                LedgerOutcome.Credited => ReceiptStatus.Accepted,
                LedgerOutcome.Expired => ReceiptStatus.Expired,
                LedgerOutcome.Future => ReceiptStatus.Future,
                LedgerOutcome.ReceiverLimit => ReceiptStatus.ReceiverLimit,
                LedgerOutcome.TorrentLimit => ReceiptStatus.TorrentLimit,
                LedgerOutcome.NoSuchPiece => ReceiptStatus.Malformed,
                LedgerOutcome.Unregistered => ReceiptStatus.UnregisteredTorrent,
                _ => ReceiptStatus.Duplicate,
            };
            if (result.Receipts[i] is LedgerOutcome.Credited or LedgerOutcome.Duplicate)
                _spent.Add(entries[i].Id);
        }

        for (var i = 0; i < openVouchers.Length; i++)
            vouchers[openVouchers[i]] = result.Vouchers[i];
        return (true, result.Totals);
    }

    private static int[] Open(VoucherOutcome[] outcomes) =>
        [.. Enumerable.Range(0, outcomes.Length).Where(i => outcomes[i].Status == VoucherStatus.Accepted)];

    private static int[] Open(ReceiptStatus[] statuses) =>
        [.. Enumerable.Range(0, statuses.Length).Where(i => statuses[i] == ReceiptStatus.Accepted)];

    [LoggerMessage(LogLevel.Warning, "A report could not be processed, the database does not answer: {Problem}")]
    private partial void LogUnavailable(string problem);
}
