using Pbts.GrainInterfaces.Operations;
using Pbts.Grains.Ledger;
using Pbts.Grains.Placement;
using Pbts.Grains.Swarms;
using Pbts.Hosting.Workers;

namespace Pbts.Grains.Operations;

[OnSiloPlacement]
internal sealed class SiloGrain(SwarmCensus swarms, LedgerMetrics receipts, SignatureWorkers workers, IReceiptLedger ledger) : Grain, ISiloGrain
{
    public ValueTask<SiloFigures> GetFiguresAsync() => ValueTask.FromResult(new SiloFigures(
        swarms.Swarms, swarms.Peers, swarms.Announces, receipts.Accepted, receipts.Refused, workers.Waiting, ledger.Waiting, Environment.WorkingSet));

    public ValueTask<IReadOnlyList<SwarmListing>> FindSwarmsAsync(SwarmSearch search) => ValueTask.FromResult(swarms.Find(search));
}
