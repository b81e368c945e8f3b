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
        // Without a passkey it may be anybody: then the address alone is limited, or strangers could use the user's share up.
        var isNamed = passkey is not null || !options.Value.RequirePasskey;
        var hasShare = passkey is null || limits.ReportsByUser.MightAllow(userId);
        var mayProceed = isNamed && hasShare && settings.VerifySignatures
            && budget.Allows(address, Math.Max(0, VerificationBudget.OfReport(report.Receipts.Count + report.Vouchers.Count) - charged)) && (passkey is not null || budget.AllowsStrangers());
        VerificationTurn.Current = new(RateLimiter.KeyOf(address), passkey is null ? VerificationKind.Report : VerificationKind.Prompt);
        var (receipts, vouchers) = (Good(report.Receipts, receipt => receipt.Fault), Good(report.Vouchers, voucher => voucher.Fault));
        var submitted = new MemberReport(
            passkey, mayProceed, [.. receipts.Select(i => report.Receipts[i]).Select(receipt => new SubmittedReceipt(receipt.ToReceipt(default), receipt.SenderPk is not null))],
            [.. vouchers.Select(i => report.Vouchers[i]).Select(voucher => new SubmittedVoucher(voucher.ToVoucher(default, default), voucher.SenderPk is not null))]);
        // A report may be repeated safely: what an attempt without an answer has credited comes back as a duplicate. One that
        // was only late is not: it may still be waiting, and would wait twice.
        var answer = await ClusterCalls.RepeatAsync(() => grains.GetGrain<IReportGrain>(userId).ReportAsync(submitted), lateToo: false);
        if (answer.Check == ReporterCheck.NotRegistered)
            return Answers.NotFound("User not registered");
        if (!isNamed)
            return Answers.Unauthorized("passkey is missing: this tracker takes reports from their user only");
        if (answer.Check == ReporterCheck.WrongPasskey)
            return Answers.Unauthorized("passkey is not the user's");
        if (!hasShare)
        {
            limits.Refused(Limit.Reports);
            return Answers.TooMany(context);
        }

        if (passkey is not null)
            limits.ReportsByUser.Charge(userId);
        if (!settings.VerifySignatures)
            return await UnverifiedReport.RunAsync(grains.GetGrain<IUserGrain>(userId), report, settings.ReceiptWindow, options.Value.MaxPieceSize, time);
        if (answer.Outcome is not { } outcome || outcome.Verdict == ReportVerdict.Busy)
            return Answers.TooMany(context);
        if (outcome.Verdict == ReportVerdict.Unavailable)
            return Answers.Unavailable(context);

        budget.ChargeForged(address, outcome.Statuses.Count(status => status == ReceiptStatus.BadSignature) + outcome.Vouchers.Count(voucher => voucher.Status == VoucherStatus.BadSignature));
        ReceiptResult[] results = [.. report.Receipts.Select((receipt, i) => new ReceiptResult(i, ReceiptStatus.Malformed.ToWire(), receipt.Fault))];
        for (var i = 0; i < receipts.Length; i++)
            results[receipts[i]] = new(receipts[i], outcome.Statuses[i].ToWire());
        VoucherResult[] voucherResults = [.. report.Vouchers.Select((voucher, i) => new VoucherResult(i, VoucherStatus.Malformed.ToWire(), Error: voucher.Fault))];
        for (var i = 0; i < vouchers.Length; i++)
            voucherResults[vouchers[i]] = VoucherResult.Of(vouchers[i], outcome.Vouchers[i]);
        var warning = report.UploadedDelta > 0 || report.DownloadedDelta > 0 ? "uploaded_delta and downloaded_delta are ignored: totals come from receipts and vouchers" : null;
        return Answer(
            answer.Uploaded, answer.Downloaded, results, voucherResults, verified: true, updated: results.Any(IsAccepted) || voucherResults.Any(result => result.Credited > 0), warning);
    }

    /// <summary>The answer after the totals have changed.</summary>
    public static Ok<ReportAnswer> Answer(
        long uploaded, long downloaded, IReadOnlyList<ReceiptResult> results, IReadOnlyList<VoucherResult> vouchers, bool verified, bool updated, string? warning)
    {
        var ratio = Ratio.Of(uploaded, downloaded);
        return TypedResults.Ok(new ReportAnswer(
            true, uploaded, downloaded, ratio.Value, ratio.IsInfinite, verified ? results.Count(IsAccepted) : 0, updated, verified, results,
            vouchers, vouchers.Count(IsVerified), warning));
    }

    private static bool IsAccepted(ReceiptResult result) => result.Status == ReceiptStatus.Accepted.ToWire();

    private static bool IsVerified(VoucherResult result) =>
        VoucherStatusNames.TryParse(result.Status, out var status) && status is VoucherStatus.Accepted or VoucherStatus.Partial or VoucherStatus.Duplicate;

    /// <summary>The places of those with which nothing is wrong.</summary>
    private static int[] Good<T>(IReadOnlyList<T> reported, Func<T, string?> fault) => [.. Enumerable.Range(0, reported.Count).Where(i => fault(reported[i]) is null)];
}
