using Orleans.Concurrency;
using Pbts.GrainInterfaces.Ledger;
using Pbts.Protocol.Receipts;

namespace Pbts.Grains.Ledger;

/// <summary>Takes reports for front ends of the version before, during an upgrade; those of this one call <see cref="ReportGrain"/>.</summary>
[Reentrant]
internal sealed class ReceiptGrain(ReportProcessor processor) : Grain, IReceiptGrain
{
    // One that is older still sends no vouchers.
    public async Task<ReportOutcome> ReportAsync(ReceiptReport report) => (await processor.RunAsync(
        report with { Vouchers = report.Vouchers ?? [] }, MemberKey.TryParse(this.GetPrimaryKeyString(), out var key) ? key : default)).Outcome;
}
