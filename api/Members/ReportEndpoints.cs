using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Pbts.Api.Callers;
using Pbts.Api.Cluster;
using Pbts.Api.Http;
using Pbts.GrainInterfaces.Ledger;
using Pbts.GrainInterfaces.Settings;
using Pbts.GrainInterfaces.Users;
using Pbts.Hosting.Access;
using Pbts.Hosting.Configuration;
using Pbts.Hosting.Workers;
using Pbts.Protocol.Receipts;
using Pbts.Protocol.Vouchers;

namespace Pbts.Api.Members;

/// <summary>Where uploaders turn receipts into reputation.</summary>
internal static class ReportEndpoints
{
    public static void MapReport(this IEndpointRouteBuilder app) =>
        app.MapPost("/report", ReportAsync).For(Caller.Anybody).WithSummary("Report receipts and vouchers: credits the sender, debits each receiver")
            .Refuses(StatusCodes.Status401Unauthorized, StatusCodes.Status404NotFound);

    private static async Task<Results<Ok<ReportAnswer>, Refusal>> ReportAsync(
        Body<ReportRequest> body, HttpContext context, IGrainFactory grains, CallerLimits limits, VerificationBudget budget, ClientAddressResolver addresses,
        IOptions<ReceiptsOptions> options, TimeProvider time)
    {
        // Who has used up its share, or owes for forgeries, is refused before its body is read: that costs too.
        var address = addresses.Resolve(context);
        var charged = VerificationBudget.OfBody(context.Request.ContentLength);
        if (!budget.Allows(address, charged))
            return Answers.TooMany(context);
        if (await body.ReadAsync() is not { } report)
            return body.Refusal;
        var settings = await ClusterCalls.RepeatAsync(() => grains.GetGrain<ISettingsGrain>(0).GetAsync().AsTask());
        if (settings.VerifySignatures && report.KeyFault is { } fault)
            return Answers.BadRequest(fault);

        var (userId, passkey) = (report.UserId.ToString(), report.Passkey);
        var user = grains.GetGrain<IUserGrain>(userId);
        if (await ClusterCalls.RepeatAsync(user.GetAsync) is not { } profile)
            return Answers.NotFound("User not registered");
        if (passkey is null && options.Value.RequirePasskey)
            return Answers.Unauthorized("passkey is missing: this tracker takes reports from their user only");
        if (passkey is not null && !await ClusterCalls.RepeatAsync(() => user.HasPasskeyAsync(passkey)))
            return Answers.Unauthorized("passkey is not the user's");
        // Without a passkey it may be anybody: then the address alone is limited, or strangers could use the user's share up.
        if (passkey is not null && !limits.ReportsByUser.Allows(userId))
        {
            limits.Refused(Limit.Reports);
            return Answers.TooMany(context);
        }

        if (!settings.VerifySignatures)
            return await UnverifiedReport.RunAsync(user, report, settings.ReceiptWindow, options.Value.MaxPieceSize, time);

        if (!budget.Allows(address, Math.Max(0, VerificationBudget.OfReport(report.Receipts.Count + report.Vouchers.Count) - charged)) || (passkey is null && !budget.AllowsStrangers()))
            return Answers.TooMany(context);
        VerificationTurn.Current = new(RateLimiter.KeyOf(address), passkey is null ? VerificationKind.Report : VerificationKind.Prompt);
        var (verdict, results, voucherResults) = await SpendAsync(grains, profile, report);
        budget.ChargeForged(address, results.Count(result => result?.Status == ReceiptStatus.BadSignature.ToWire())
            + voucherResults.Count(result => result?.Status == VoucherStatus.BadSignature.ToWire()));
        if (verdict == ReportVerdict.Busy)
            return Answers.TooMany(context);
        if (verdict == ReportVerdict.Unavailable || await ClusterCalls.RepeatAsync(user.GetAsync) is not { } totals)
            return Answers.Unavailable(context);
        var warning = report.UploadedDelta > 0 || report.DownloadedDelta > 0 ? "uploaded_delta and downloaded_delta are ignored: totals come from receipts and vouchers" : null;
        return Answer(totals, results, voucherResults, verified: true, updated: results.Any(IsAccepted) || voucherResults.Any(result => result.Credited > 0), warning);
    }

    /// <summary>The answer after the totals have changed.</summary>
    public static Ok<ReportAnswer> Answer(
        UserProfile totals, IReadOnlyList<ReceiptResult> results, IReadOnlyList<VoucherResult> vouchers, bool verified, bool updated, string? warning)
    {
        var ratio = Ratio.Of(totals.Uploaded, totals.Downloaded);
        return TypedResults.Ok(new ReportAnswer(
            true, totals.Uploaded, totals.Downloaded, ratio.Value, ratio.IsInfinite, verified ? results.Count(IsAccepted) : 0, updated, verified, results,
            vouchers, vouchers.Count(IsVerified), warning));
    }

    private static bool IsAccepted(ReceiptResult result) => result.Status == ReceiptStatus.Accepted.ToWire();

    private static bool IsVerified(VoucherResult result) =>
        VoucherStatusNames.TryParse(result.Status, out var status) && status is VoucherStatus.Accepted or VoucherStatus.Partial or VoucherStatus.Duplicate;

    private static async Task<(ReportVerdict Verdict, ReceiptResult[] Results, VoucherResult[] Vouchers)> SpendAsync(
        IGrainFactory grains, UserProfile profile, ReportRequest report)
    {
        var hasKey = profile.TryGetKey(out var sender);
        var results = new ReceiptResult[report.Receipts.Count];
        var places = new List<int>();
        var receipts = new List<Receipt>();
        for (var i = 0; i < results.Length; i++)
        {
            if (report.Receipts[i].Fault is { } fault)
            {
                results[i] = new(i, ReceiptStatus.Malformed.ToWire(), fault);
            }
            else if (!profile.Proven || !hasKey)
            {
                results[i] = new(i, ReceiptStatus.Unproven.ToWire());
            }
            else
            {
                places.Add(i);
                receipts.Add(report.Receipts[i].ToReceipt(sender));
            }
        }

        var voucherResults = new VoucherResult[report.Vouchers.Count];
        var voucherPlaces = new List<int>();
        var vouchers = new List<Voucher>();
        var instance = voucherResults.Length > 0 && InstanceId.TryParse(await grains.GetGrain<ISettingsGrain>(0).GetInstanceIdAsync(), out var known) ? known : default;
        for (var i = 0; i < voucherResults.Length; i++)
        {
            if (report.Vouchers[i].Fault is { } fault)
            {
                voucherResults[i] = new(i, VoucherStatus.Malformed.ToWire(), Error: fault);
            }
            else if (!profile.Proven || !hasKey)
            {
                voucherResults[i] = new(i, VoucherStatus.Unproven.ToWire());
            }
            else
            {
                voucherPlaces.Add(i);
                vouchers.Add(report.Vouchers[i].ToVoucher(instance, sender));
            }
        }

        if (receipts.Count + vouchers.Count == 0)
            return (ReportVerdict.Processed, results, voucherResults);
        // A report may be repeated safely: what an attempt without an answer has credited comes back as a duplicate. One that
        // was only late is not: it may still be waiting, and would wait twice.
        var grain = grains.GetGrain<IReceiptGrain>(sender.ToString());
        var outcome = await ClusterCalls.RepeatAsync(() => grain.ReportAsync(new ReceiptReport(profile.UserId, receipts, vouchers)), lateToo: false);
        for (var i = 0; i < outcome.Statuses.Length; i++)
            results[places[i]] = new(places[i], outcome.Statuses[i].ToWire());
        for (var i = 0; i < voucherPlaces.Count && outcome.Verdict == ReportVerdict.Processed; i++)
        {
            // A silo of an older version, during an upgrade, knows no vouchers.
            var voucher = outcome.Vouchers is null ? new VoucherOutcome(VoucherStatus.Busy) : outcome.Vouchers[i];
            voucherResults[voucherPlaces[i]] = new(voucherPlaces[i], voucher.Status.ToWire(), voucher.Credited, voucher.Total,
                voucher.Status == VoucherStatus.Partial ? voucher.Reason : null, voucher.Status == VoucherStatus.Malformed ? voucher.Reason : null);
        }

        return (outcome.Verdict, results, voucherResults);
    }
}
