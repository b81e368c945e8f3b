using Orleans.Concurrency;
using Pbts.GrainInterfaces.Ledger;
using Pbts.Grains.Settings;
using Pbts.Grains.Users;
using Pbts.Protocol.Receipts;
using Pbts.Protocol.Vouchers;

namespace Pbts.Grains.Ledger;

/// <summary>Takes one member's reports: finds out who it is, and has the report processed.</summary>
[Reentrant]
internal sealed class ReportGrain(UserStore users, SettingsStore settings, ReportProcessor processor) : Grain, IReportGrain
{
    private string UserId => this.GetPrimaryKeyString();

    public async Task<MemberReportOutcome> ReportAsync(MemberReport report)
    {
        if (await users.FindAsync(UserId) is not { } member)
        {
            DeactivateOnIdle();
            return new(ReporterCheck.NotRegistered);
        }

        if (report.Passkey is { } passkey && !member.HasPasskey(passkey))
            return new(ReporterCheck.WrongPasskey);
        if (!report.MayProceed)
            return new(ReporterCheck.Held);
        if (report.Receipts.Count + report.Vouchers.Count == 0)
            return new(ReporterCheck.Passed, new(ReportVerdict.Processed, [], []), member.Profile.Uploaded, member.Profile.Downloaded);
        var receipts = report.Receipts.Select(reported => reported.NamesSender ? reported.Receipt : reported.Receipt with { Sender = member.Key ?? default });
        var instance = report.Vouchers.Count > 0 && InstanceId.TryParse(await settings.GetInstanceIdAsync(), out var known) ? known : default;
        var vouchers = report.Vouchers.Select(reported => reported.Voucher with { Instance = instance, Sender = reported.NamesSender ? reported.Voucher.Sender : member.Key ?? default });
        var (outcome, totals) = await processor.RunAsync(new(UserId, [.. receipts], [.. vouchers]), member.Key ?? default);
        // What was found spent was perhaps credited after the row was read.
        if (totals is null && HasDuplicate(outcome))
            member = await users.FindAsync(UserId) ?? member;
        return new(ReporterCheck.Passed, outcome, totals?.Uploaded ?? member.Profile.Uploaded, totals?.Downloaded ?? member.Profile.Downloaded);
    }

    private static bool HasDuplicate(ReportOutcome outcome) =>
        Array.IndexOf(outcome.Statuses, ReceiptStatus.Duplicate) >= 0 || Array.Exists(outcome.Vouchers, voucher => voucher.Status == VoucherStatus.Duplicate);
}
