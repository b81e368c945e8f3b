using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;
using Orleans.Concurrency;
using Pbts.GrainInterfaces.Configuration;
using Pbts.GrainInterfaces.Ledger;
using Pbts.GrainInterfaces.Operations;
using Pbts.Grains.Database;
using Pbts.Grains.Settings;
using Pbts.Protocol.Receipts;

namespace Pbts.Grains.Ledger;

/// <summary>
/// Spends one sender's receipts. Reentrant: while one report is verified or committed the next may come in, and
/// reports that wait for the database share a statement. Whether a receipt is new is decided by the ledger alone, so a
/// second activation on another silo, or a crash at any point, changes no total.
/// </summary>
[Reentrant]
internal sealed partial class ReceiptGrain(
    IReceiptLedger ledger, KeyHolders holders, SettingsStore settings, ReportVerifier verifier, IOptions<ReceiptsOptions> options, DatabaseClock clock,
    LedgerMetrics metrics, ILogger<ReceiptGrain> logger) : Grain, IReceiptGrain
{
    private const int RememberedIds = 8192;

    private readonly RecentIds _spent = new(RememberedIds);

    public async Task<ReportOutcome> ReportAsync(ReceiptReport report)
    {
        using var span = Telemetry.Activities.StartActivity("report");
        span?.SetTag("pbts.receipts", report.Receipts.Count);
        var outcome = await TryProcessAsync(report);
        span?.SetTag("pbts.verdict", outcome.Verdict);
        metrics.Count(outcome);
        return outcome;
    }

    private async Task<ReportOutcome> TryProcessAsync(ReceiptReport report)
    {
        try
        {
            return await ProcessAsync(report);
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException)
        {
            LogUnavailable(e.Message);
            return new(ReportVerdict.Unavailable, []);
        }
    }

    private async Task<ReportOutcome> ProcessAsync(ReceiptReport report)
    {
        var sender = MemberKey.TryParse(this.GetPrimaryKeyString(), out var key) ? key : default;
        var known = await holders.FindAsync(report.Receipts.SelectMany(receipt => (MemberKey[])[receipt.Receiver, receipt.Sender]).Append(sender));
        var screen = new ReceiptScreen(sender, report.UserId, known, options.Value, (await settings.GetAsync()).ReceiptWindow, (await clock.NowAsync()).ToUnixTimeSeconds());
        var statuses = report.Receipts.Select(screen.Check).ToArray();

        await MarkSpentAsync(report.Receipts, statuses);
        if (!await VerifyAsync(report.Receipts, statuses, screen))
            return new(ReportVerdict.Busy, []);
        return await SpendAsync(report.Receipts, statuses, screen) ? new(ReportVerdict.Processed, statuses) : new(ReportVerdict.Unavailable, []);
    }

    /// <summary>Marks replays before any signature is looked at: verifying is what costs.</summary>
    private async Task MarkSpentAsync(IReadOnlyList<Receipt> receipts, ReceiptStatus[] statuses)
    {
        var open = Open(statuses).Where(i => !_spent.Contains(receipts[i].Id)).ToArray();
        var spent = open.Length == 0 ? [] : await ledger.FindSpentAsync([.. open.Select(i => ((long)receipts[i].Time.Epoch, receipts[i].Id))]);
        foreach (var i in Open(statuses))
        {
            if (_spent.Contains(receipts[i].Id) || spent.Contains(((long)receipts[i].Time.Epoch, receipts[i].Id)))
                statuses[i] = ReceiptStatus.Duplicate;
        }
    }

    /// <summary>False when nothing could be verified.</summary>
    private async Task<bool> VerifyAsync(IReadOnlyList<Receipt> receipts, ReceiptStatus[] statuses, ReceiptScreen screen)
    {
        var open = Open(statuses);
        if (open.Length == 0)
            return true;
        var candidates = open.Select(i => receipts[i]).ToArray();
        var proven = candidates.Select(receipt => screen.HolderOf(receipt.Receiver) is not null).ToArray();
        List<bool> valid;
        using (Telemetry.Activities.StartActivity("verify"))
            valid = await verifier.VerifyAsync(candidates, proven);
        for (var i = 0; i < open.Length; i++)
        {
            if (i >= valid.Count)
                statuses[open[i]] = ReceiptStatus.Busy;
            else if (!valid[i])
                statuses[open[i]] = ReceiptStatus.BadSignature;
        }

        return valid.Count > 0;
    }

    private async Task<bool> SpendAsync(IReadOnlyList<Receipt> receipts, ReceiptStatus[] statuses, ReceiptScreen screen)
    {
        var open = Open(statuses);
        var entries = open.Select(i => screen.Entry(receipts[i])).ToArray();
        if (await ledger.SpendAsync(entries) is not { } outcomes)
            return false;
        for (var i = 0; i < open.Length; i++)
        {
            statuses[open[i]] = outcomes[i] switch
            {
                LedgerOutcome.Credited => ReceiptStatus.Accepted,
                LedgerOutcome.Expired => ReceiptStatus.Expired,
                LedgerOutcome.Future => ReceiptStatus.Future,
                _ => ReceiptStatus.Duplicate,
            };
            if (outcomes[i] is LedgerOutcome.Credited or LedgerOutcome.Duplicate)
                _spent.Add(entries[i].Id);
        }

        return true;
    }

    private static int[] Open(ReceiptStatus[] statuses) =>
        [.. Enumerable.Range(0, statuses.Length).Where(i => statuses[i] == ReceiptStatus.Accepted)];

    [LoggerMessage(LogLevel.Warning, "A report could not be processed, the database does not answer: {Problem}")]
    private partial void LogUnavailable(string problem);
}
