using System.Text.Json;
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
    public static async Task<IResult> RunAsync(
        IUserGrain user, IReadOnlyList<JsonElement> receipts, int vouchers, long uploaded, long downloaded, long window, long maxPieceSize, HttpContext context)
    {
        var now = context.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow().ToUnixTimeSeconds();
        long counted = 0;
        var results = receipts.Select((receipt, index) => Read(receipt, index)).ToArray();
        if (Array.Exists(results, result => result.Status == ReceiptStatus.Accepted.ToWire()))
            (uploaded, downloaded) = (counted, counted);

        // What is kept for ever is verified: vouchers wait until signatures are.
        var later = Enumerable.Range(0, vouchers).Select(index => new VoucherResult(index, VoucherStatus.Busy.ToWire())).ToArray();
        var updated = (uploaded > 0 || downloaded > 0) && await user.CreditUnverifiedAsync(uploaded, downloaded);
        return await user.GetAsync() is { } totals
            ? ReportEndpoints.Answer(totals, results, later, verified: false, updated, "signatures are not verified on this tracker")
            : Answers.NotFound("User not registered");

        ReceiptResult Read(JsonElement receipt, int index)
        {
            var fields = new JsonFields(receipt);
            fields.Hex("infohash", InfoHash.Length);
            fields.Hex("piece_hash", PieceHash.Sha1Length, PieceHash.Sha256Length);
            fields.Unsigned("piece_index", uint.MaxValue);
            var time = ReceiptReader.ReadTime(fields);
            var size = (long)(fields.OptionalUnsigned("piece_size", long.MaxValue) ?? (ulong)Receipt.DefaultPieceSize);
            if (fields.Error is { } error)
                return new(index, ReceiptStatus.Malformed.ToWire(), error);
            var status = size > maxPieceSize ? ReceiptStatus.TooLarge : ReceiptFreshness.Check(time, now, window);
            if (status == ReceiptStatus.Accepted)
                counted += size;
            return new(index, status.ToWire());
        }
    }
}
