using Microsoft.AspNetCore.Http.HttpResults;
using Pbts.Api.Http;
using Pbts.GrainInterfaces.Users;
using Pbts.Protocol.Receipts;
using Pbts.Protocol.Vouchers;

namespace Pbts.Api.Members;

/// <summary>
/// A report to a tracker whose operator has switched verification off: as in the reference, complete and fresh receipts
/// count for both directions of the reporter, and without any the client's own deltas count.
/// </summary>
internal static class UnverifiedReport
{
    public static async Task<Results<Ok<ReportAnswer>, Refusal>> RunAsync(IUserGrain user, ReportRequest report, long window, long maxPieceSize, TimeProvider time)
    {
        var now = time.GetUtcNow().ToUnixTimeSeconds();
        var (uploaded, downloaded, counted) = (report.UploadedDelta, report.DownloadedDelta, 0L);
        var results = report.Receipts.Select(Check).ToArray();
        if (Array.Exists(results, result => result.Status == ReceiptStatus.Accepted.ToWire()))
            (uploaded, downloaded) = (counted, counted);

        // What is kept for ever is verified: vouchers wait until signatures are.
        var later = Enumerable.Range(0, report.Vouchers.Count).Select(index => new VoucherResult(index, VoucherStatus.Busy.ToWire())).ToArray();
        var updated = (uploaded > 0 || downloaded > 0) && await user.CreditUnverifiedAsync(uploaded, downloaded);
        return await user.GetAsync() is { } totals
            ? ReportEndpoints.Answer(totals.Uploaded, totals.Downloaded, results, later, verified: false, updated, "signatures are not verified on this tracker")
            : Answers.NotFound("User not registered");

        ReceiptResult Check(ReportedReceipt receipt, int index)
        {
            if (receipt.UnsignedFault is { } fault)
                return new(index, ReceiptStatus.Malformed.ToWire(), fault);
            var status = receipt.PieceSize > maxPieceSize ? ReceiptStatus.TooLarge : ReceiptFreshness.Check(receipt.Time, now, window);
            if (status == ReceiptStatus.Accepted)
                counted += receipt.PieceSize;
            return new(index, status.ToWire());
        }
    }
}
